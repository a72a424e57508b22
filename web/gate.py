"""Who may go on after the headers of a request, before anything of its body is read."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Sequence
from concurrent.futures import Future
from typing import NamedTuple

from werkzeug.http import parse_list_header

from config import Network
from db import DatabaseUnavailable
from messages import say
from services.access import Caller
from services.failures import TooManyFailures, group_address
from services.users import Users
from web.auth import is_in_networks, is_open
from web.cors import is_preflight, name_site
from web.credentials import Credentials, read_credentials
from web.headers import HTTPS_ONLY
from web.refusals import Headers, busy, too_large, too_many_failures, unauthorized
from web.validation import FILE_PATHS, MAX_JSON_BYTES

# Refusals of one address, and all of them, are given at least so far apart, by waiting up to so
# long. That makes a flood slow, and costs a timer; one client that asks now and then never waits.
REFUSAL_SECONDS = 0.005
ANY_REFUSAL_SECONDS = 0.001
MAX_DELAY_SECONDS = 10.0
MAX_PACED = 10_000


class Head(NamedTuple):
    """What is known of a request by its headers."""

    method: str
    path: str
    authorization: str
    forwarded_for: str
    forwarded_proto: str
    origin: str
    asked_method: str
    length: int
    chunked: bool
    peer: str
    request_id: str = ""


class Gate:
    """Judges requests by their headers. It belongs to the event loop."""

    def __init__(
        self,
        users: Users,
        *,
        max_upload_bytes: int,
        trusted_proxies: int,
        origins: Collection[str] = (),
        metrics_networks: Sequence[Network] = (),
    ) -> None:
        self._users = users
        self._metrics_networks = metrics_networks
        self._max_upload_bytes = max_upload_bytes
        self._trusted_proxies = trusted_proxies
        self._origins = origins
        # When the next refusal may be given: of an address, and at all.
        self._next_of: dict[str, float] = {}
        self._next = 0.0

    def limit(self, path: str) -> int:
        """Return how large a body may be."""
        return self._max_upload_bytes if path in FILE_PATHS else MAX_JSON_BYTES

    async def judge(self, head: Head) -> bool:
        """Return whether the caller is known; False where none need be. Raises Refused.

        A caller counts as known whose credentials were right before: whether they still are, the
        database says in the request's thread, and then they are no longer known.
        """
        given = read_credentials(head.authorization)
        known = given is not None and self._users.knows(*given)
        if not known and not self._is_open(head):
            if given is None:
                raise unauthorized()
            await self._check(given, self._find_address(head))
            known = True
        return known

    def check_size(self, head: Head, *, known: bool) -> None:
        """Raise Refused (413) where the body is announced to be larger than the caller may send."""
        limit = self.limit(head.path) if known else 0
        if head.length > limit or (head.chunked and not known):
            raise too_large(limit)

    def more_headers(self, head: Head) -> Headers:
        """Return the headers, beside SECURITY_HEADERS, of an answer that is not the app's."""
        headers = name_site(head.origin, self._origins)
        if self._find_forwarded(head.forwarded_proto) == "https":
            headers |= HTTPS_ONLY
        return [(name.encode(), value.encode()) for name, value in headers.items()]

    def _is_open(self, head: Head) -> bool:
        """Return whether a request needs no credentials, wherever it comes from or from there."""
        if is_open(head.method, head.path):
            return True
        if is_preflight(head.method, head.origin, head.asked_method, self._origins):
            return True
        if not self._metrics_networks or head.path != "/metrics" or head.method == "OPTIONS":
            return False
        return is_in_networks(self._find_address(head), self._metrics_networks)

    async def _check(self, given: Credentials, address: str) -> None:
        """Return when the credentials are right. Raises Refused."""
        try:
            caller = self._users.look_up(*given, address)
            if isinstance(caller, Future):
                check: asyncio.Future[Caller | None] = asyncio.wrap_future(caller)
                # Others with the same credentials wait for the same check.
                if await asyncio.shield(check) is None:
                    raise unauthorized()
        except DatabaseUnavailable as error:
            raise busy(say("{error} Try again in a moment.", error=error.message)) from None
        except TooManyFailures as error:
            raise too_many_failures(error.message, error.retry_after) from None

    def delay(self, head: Head) -> float:
        """Return how many seconds the next refusal of the request's address has to wait."""
        now = time.monotonic()
        if len(self._next_of) > MAX_PACED:
            self._next_of = {group: at for group, at in self._next_of.items() if at > now}
        group = group_address(self._find_address(head))
        at = max(now, self._next, self._next_of.get(group, 0.0))
        if at > now + MAX_DELAY_SECONDS:
            return MAX_DELAY_SECONDS
        self._next_of[group] = at + REFUSAL_SECONDS
        self._next = max(now, self._next) + ANY_REFUSAL_SECONDS
        return at - now

    def _find_address(self, head: Head) -> str:
        """Return the caller's address, as werkzeug's ProxyFix finds it."""
        return self._find_forwarded(head.forwarded_for) or head.peer

    def _find_forwarded(self, header: str) -> str:
        """Return what the first of the trusted proxies wrote into a list of theirs, or nothing."""
        forwarded = parse_list_header(header) if self._trusted_proxies else []
        if self._trusted_proxies and len(forwarded) >= self._trusted_proxies:
            return forwarded[-self._trusted_proxies]
        return ""
