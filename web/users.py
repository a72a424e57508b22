"""The routes of users: list, add, give a password, remove."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response

import services.accounts
import store.users
from messages import say
from services.access import Caller
from store.users import User
from web.account_schemas import PasswordRequest, UserBody, UserRequest, UsersResponse
from web.auth import MANAGERS, auth, current_caller, forbidden, manages
from web.context import admin_name, current_runtime
from web.errors import not_found
from web.responses import answer_json

routes = APIBlueprint("users", __name__, tag="Users and keys")

_NO_USER = say("There is no such user.")


@routes.get("/users")
@routes.auth_required(auth, roles=MANAGERS)
@routes.output(UsersResponse)
@routes.doc(
    summary="List the users",
    description="The first is the admin of API_USERNAME, which no route can change.",
)
def list_users() -> Response:
    found = [describe_user(user) for user in store.users.list_users(current_runtime().pool)]
    return answer_json(UsersResponse(results=[*_describe_admin(), *found]))


@routes.post("/users")
@routes.auth_required(auth, roles=MANAGERS)
@routes.input(UserRequest, location="json", arg_name="new")
@routes.output(UserBody, status_code=201)
@routes.doc(
    summary="Add a user",
    description="A person who logs in with a password. Programs get keys (`POST /keys`).",
)
def add_user(new: UserRequest) -> Response:
    user = services.accounts.add_user(
        current_runtime().pool, admin_name(), new.name, new.password, new.role, new.collections
    )
    return answer_json(describe_user(user), 201)


@routes.put("/users/<name>/password")
@routes.auth_required(auth)
@routes.input(PasswordRequest, location="json", arg_name="new")
@routes.output({}, status_code=204)
@routes.doc(
    summary="Give a user another password",
    description="Every user may give itself another one; for others it needs an admin who is "
    "limited to no collections. The earlier password is refused from then on.",
)
def change_password(name: str, new: PasswordRequest) -> Response:
    caller = current_caller()
    if caller is None or not (manages(caller) or _is_self(caller, name)):
        raise forbidden(
            say("Another user's password needs the role admin, limited to no collections.")
        )
    pool = current_runtime().pool
    if not services.accounts.change_password(pool, admin_name(), name, new.password):
        raise not_found(_NO_USER)
    return Response(status=204)


@routes.delete("/users/<name>")
@routes.auth_required(auth, roles=MANAGERS)
@routes.output({}, status_code=204)
@routes.doc(
    summary="Remove a user", description="Its password is refused from then on, in all processes."
)
def remove_user(name: str) -> Response:
    pool = current_runtime().pool
    if not services.accounts.remove_user(pool, admin_name(), name):
        raise not_found(_NO_USER)
    return Response(status=204)


def describe_user(user: User) -> UserBody:
    """Return a user as admins see it."""
    return UserBody(**vars(user))


def _describe_admin() -> list[UserBody]:
    name = admin_name()
    if name is None:
        return []
    return [UserBody(name=name, role="admin", collections=None, created_at=None, changed_at=None)]


def _is_self(caller: Caller, name: str) -> bool:
    return caller.kind == "user" and caller.name == services.accounts.normalize_name(name)
