"""The page at `GET /` and its files: who sees which view, in which language, under which policy.

The server renders the frame; the scripts of web/static fill it by the same HTTP API that everybody
uses.

| address | who | kept by a browser |
|---|---|---|
| / | who may log in | never |
| /static/<version>/<file> | anybody | for a year, where the version is the present one |
"""

from __future__ import annotations

import gzip
import json
from base64 import b64encode
from functools import lru_cache
from hashlib import sha256
from typing import Any, NamedTuple

from apiflask import APIBlueprint
from flask import Response, render_template, request

from config import VERSION
from messages import say
from services.access import Role, list_roles_from
from translations.catalogs import Language, find_language
from web.assets import Asset, read_assets
from web.auth import auth, manages
from web.errors import not_found
from web.language import current_language
from web.modules import PACKAGES, list_modules
from web.openapi import TITLE
from web.scope import list_visible, require_caller


class View(NamedTuple):
    """A view of the page: web/static/views/<name>.js and web/static/css/<name>.css.

    `role` is the least role that is shown it.
    """

    name: str
    role: Role


# In the order of the navigation; the first is what an address without a view shows.
VIEWS = (
    View("ask", "reader"),
    View("upload", "editor"),
    View("check", "reader"),
    View("items", "reader"),
    View("jobs", "editor"),
    View("settings", "reader"),
)
LANGUAGES = ("pt", "en")
THEMES = ("light", "dark")
# Of all views; each has its own besides.
_STYLES = ("css/tokens.css", "css/base.css", "css/components.css")
_KEPT_SECONDS = 365 * 24 * 3600

routes = APIBlueprint("pages", __name__, tag="Page", template_folder="templates")


@routes.get("/")
@routes.auth_required(auth)
@routes.doc(
    summary="The page for people, who need no API",
    description="`/?q=…` searches.",
    responses={200: "HTML."},
)
def show_page() -> Response:
    language = _choose_language()
    caller = require_caller()
    session = {
        "language": language,
        "version": VERSION,
        "static": read_assets().address(""),
        "role": caller.role,
        "name": caller.name,
        "kind": caller.kind,
        "manages": manages(caller),
        "collections": list_visible(),
        "views": [view.name for view in VIEWS if may_see(caller.role, view)],
        "hidden": [view.name for view in VIEWS if not may_see(caller.role, view)],
    }
    response = _answer_html(_render(language, session))
    response.headers["Content-Security-Policy"] = _compose_policy()
    response.headers["Content-Language"] = language
    response.vary.update(("Accept-Encoding", "Accept-Language", "Cookie"))
    return response


@routes.get("/static/<version>/<path:name>")
@routes.doc(hide=True)
def show_asset(version: str, name: str) -> Response:
    assets = read_assets()
    asset = assets.files.get(name)
    if asset is None:
        raise not_found(say("There is no such file."))
    response = _answer_asset(asset)
    if version == assets.version:
        response.cache_control.public = True
        response.cache_control.immutable = True
        response.cache_control.max_age = _KEPT_SECONDS
    else:
        # The page is of another version of the service, which may run beside this one.
        response.cache_control.no_cache = True
    response.make_conditional(request)
    # Servers write their own.
    response.headers.remove("Date")
    return response


def may_see(role: str, view: View) -> bool:
    """Return whether a role is shown a view."""
    return role in list_roles_from(view.role)


def _takes_gzip() -> bool:
    return request.accept_encodings["gzip"] > 0


def _answer_html(html: str) -> Response:
    zipped = _takes_gzip()
    # It holds no secret that its length could tell.
    response = Response(gzip.compress(html.encode()) if zipped else html, mimetype="text/html")
    if zipped:
        response.content_encoding = "gzip"
    return response


def _answer_asset(asset: Asset) -> Response:
    zipped = _takes_gzip() and len(asset.zipped) < len(asset.plain)
    response = Response(asset.zipped if zipped else asset.plain, content_type=asset.mimetype)
    response.vary.add("Accept-Encoding")
    # A strong ETag is of the bytes that are sent.
    response.set_etag(f"{asset.digest}-gz" if zipped else asset.digest)
    if zipped:
        response.content_encoding = "gzip"
    return response


def _choose_language() -> Language:
    """Return the language that was chosen on the page, or else the browser's."""
    return find_language(request.cookies.get("language", "")) or current_language()


def _render(language: Language, session: dict[str, Any]) -> str:
    assets = read_assets()
    theme = request.cookies.get("theme")
    asked, views = request.args.get("view"), session["views"]
    view = asked if asked in views else views[0]
    return render_template(
        "page.html",
        title=TITLE,
        words=_read_words(language),
        session=session,
        theme=theme if theme in THEMES else None,
        import_map=_compose_import_map(),
        address=assets.address,
        view=view,
        styles=_STYLES,
        modules=list_modules("main.js", f"views/{view}.js"),
    )


@lru_cache(len(LANGUAGES))
def _read_words(language: Language) -> dict[str, Any]:
    words: dict[str, Any] = json.loads(read_assets().files[f"words.{language}.json"].plain)
    return words


@lru_cache(1)
def _compose_import_map() -> str:
    address = read_assets().address
    return json.dumps({"imports": {name: address(file) for name, file in PACKAGES.items()}})


@lru_cache(1)
def _compose_policy() -> str:
    """Return the policy of the page: its own files, and the import map by its digest.

    W3C, "Content Security Policy Level 3", hash-source. Browsers have no import maps in files.
    """
    digest = b64encode(sha256(_compose_import_map().encode()).digest()).decode()
    return (
        f"default-src 'none'; script-src 'self' 'sha256-{digest}'; style-src 'self'; "
        "img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )
