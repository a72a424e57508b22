"""HTTP basic auth of the routes, by Flask-HTTPAuth."""

from __future__ import annotations

from apiflask import HTTPBasicAuth
from flask import Response, request

from services.runtime import current_runtime
from services.users import TooManyFailures
from web.errors import ApiError

auth = HTTPBasicAuth(realm="Conector PGVector")


# Pages that are not routes of ours with `auth_required`; their scripts and styles are open.
_PAGES = ("/openapi.json", "/docs", "/docs/", "/docs/index.html")
_OPEN = ("/health", "/livez", "/readyz")


def guard_the_rest() -> Response | None:
    """Ask for credentials where no route of ours does.

    Those are the documentation, an unknown address, and OPTIONS, which the library leaves open for
    the sake of CORS; this service has none.
    """
    if request.method != "OPTIONS" and request.endpoint is not None and request.path not in _PAGES:
        return None
    if request.path in _OPEN or auth.authenticate(auth.get_auth(), None):
        return None
    refused: Response = auth.auth_error_callback(401)
    return refused


@auth.verify_password  # type: ignore[untyped-decorator]
def _verify(username: str, password: str) -> tuple[str, str] | None:
    """Return the user as (name, role). Without a header the library asks with two empty texts."""
    if not username or not password:
        return None
    try:
        role = current_runtime().users.role(username, password, request.remote_addr or "")
    except TooManyFailures as error:
        raise ApiError(
            429,
            "too_many_failures",
            f"{error} Try again in {error.retry_after} seconds.",
            headers={"Retry-After": str(error.retry_after)},
        ) from error
    return None if role is None else (username, role)


@auth.get_user_roles  # type: ignore[untyped-decorator]
def _roles(user: tuple[str, str]) -> str:
    return user[1]


@auth.error_handler  # type: ignore[untyped-decorator]
def _unauthorized(status: int) -> Response:
    if status == 403:
        return ApiError(403, "forbidden", "This user may not do that.").response()
    return ApiError(
        401, "unauthorized", "Name or password is missing or wrong (HTTP basic auth)."
    ).response()
