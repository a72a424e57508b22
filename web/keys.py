"""The routes of keys: list, make, revoke."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response

import services.keys
import store.keys
from messages import say
from store.keys import Key
from web.account_schemas import KeyBody, KeyRequest, KeysResponse, NewKeyBody
from web.auth import MANAGERS, auth
from web.context import current_runtime
from web.errors import not_found
from web.responses import answer_json
from web.validation import is_id

routes = APIBlueprint("keys", __name__, tag="Users and keys")


@routes.get("/keys")
@routes.auth_required(auth, roles=MANAGERS)
@routes.output(KeysResponse)
@routes.doc(
    summary="List the keys, also those that have expired",
    description="Of each, its beginning and when it was last used, but never the key itself.",
)
def list_keys() -> Response:
    found = store.keys.list_keys(current_runtime().pool)
    return answer_json(KeysResponse(results=[describe_key(key) for key in found]))


@routes.post("/keys")
@routes.auth_required(auth, roles=MANAGERS)
@routes.input(KeyRequest, location="json", arg_name="new")
@routes.output(NewKeyBody, status_code=201)
@routes.doc(
    summary="Make a key for a program",
    description="The answer shows the key this once. A program sends it as "
    "`Authorization: Bearer cpg_…`, or as the password of HTTP basic auth with any name.",
)
def create_key(new: KeyRequest) -> Response:
    key, secret = services.keys.create_key(
        current_runtime().pool, new.name, new.role, new.collections, new.expires_at
    )
    return answer_json(NewKeyBody(**vars(key), key=secret), 201)


@routes.delete("/keys/<int:key_id>")
@routes.auth_required(auth, roles=MANAGERS)
@routes.output({}, status_code=204)
@routes.doc(summary="Revoke a key", description="It is refused from then on, in all processes.")
def revoke_key(key_id: int) -> Response:
    if not is_id(key_id) or not services.keys.revoke_key(current_runtime().pool, key_id):
        raise not_found(say("There is no such key."))
    return Response(status=204)


def describe_key(key: Key) -> KeyBody:
    """Return a key as admins see it."""
    return KeyBody(**vars(key))
