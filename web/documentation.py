"""The page /docs: Swagger UI, served by us, and which scripts a browser may run on it."""

from __future__ import annotations

import re
from base64 import b64encode
from functools import lru_cache
from hashlib import sha256

from flask import Response
from flask_swagger_ui import get_swaggerui_blueprint

# The address for OAuth is named, though there is no OAuth, because the page would else repeat the
# Host header. So the page is always the same.
routes = get_swaggerui_blueprint(
    "/docs", "/openapi.json", config={"oauth2RedirectUrl": "/docs/oauth2-redirect.html"}
)

# The page itself is at /docs too, not only at /docs/, to which the library would redirect.
routes.record_once(lambda state: state.app.add_url_rule("/docs", endpoint=f"{routes.name}.show"))

_INLINE_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)
# The style within the logo of Swagger UI, which its scripts draw.
_LOGO_STYLE = "sha256-RL3ie0nH+Lzz2YNqQN83mnU0J1ot4QL7b99vMdIX99w="


@routes.after_request  # type: ignore[untyped-decorator]
def allow_scripts(response: Response) -> Response:
    """Allow the page the scripts that it has, and nothing from elsewhere."""
    if response.mimetype == "text/html" and not response.direct_passthrough:
        policy = _compose_policy(response.get_data(as_text=True))
        response.headers["Content-Security-Policy"] = policy
    return response


@lru_cache(1)
def _compose_policy(page: str) -> str:
    """Return the policy of a page. It names the page's inline scripts by their digests.

    W3C, "Content Security Policy Level 3", hash-source.
    """
    digests = [sha256(script.encode()).digest() for script in _INLINE_SCRIPT.findall(page)]
    scripts = " ".join(f"'sha256-{b64encode(digest).decode()}'" for digest in digests)
    return (
        f"default-src 'none'; script-src 'self' {scripts}; style-src 'self' '{_LOGO_STYLE}'; "
        "img-src 'self' data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
