"""The bodies of requests about users and keys, and of their answers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, Field

from messages import say
from services.access import Role
from services.accounts import (
    MAX_NAME_CHARS,
    MAX_PASSWORD_CHARS,
    MIN_PASSWORD_CHARS,
    check_name,
    check_password,
    check_user_name,
)
from web.schemas import CollectionNames
from web.validation import RequestModel


def _require_future(time: datetime) -> datetime:
    """Return a time in UTC. Raises ValueError where it is over, or in no year that UTC has."""
    try:
        time = time.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(say("must be a time before the year 9999")) from error
    if time <= datetime.now(UTC):
        raise ValueError(say("must be a time to come"))
    return time


_NAME_SIZE = {"minLength": 1, "maxLength": MAX_NAME_CHARS}
_PASSWORD_SIZE = {
    "minLength": MIN_PASSWORD_CHARS,
    "maxLength": MAX_PASSWORD_CHARS,
    "format": "password",
}
UserName = Annotated[str, AfterValidator(check_user_name), Field(json_schema_extra=_NAME_SIZE)]
KeyName = Annotated[str, AfterValidator(check_name), Field(json_schema_extra=_NAME_SIZE)]
Password = Annotated[str, AfterValidator(check_password), Field(json_schema_extra=_PASSWORD_SIZE)]
Limit = Annotated[
    CollectionNames | None,
    Field(description="Only these are seen, also ones that come later; null for all."),
]


class UserRequest(RequestModel):
    name: UserName
    password: Password
    role: Role
    collections: Limit = None


class PasswordRequest(RequestModel):
    password: Password


class KeyRequest(RequestModel):
    name: KeyName = Field(description="What the key is for. Several keys may have one name.")
    role: Role
    collections: Limit = None
    expires_at: Annotated[AwareDatetime, AfterValidator(_require_future)] | None = Field(
        None, description="From then on it is refused; null for never."
    )


class UserBody(BaseModel):
    name: str
    role: Role
    collections: list[str] | None = Field(description="Only these are seen; null for all.")
    created_at: datetime | None = Field(description="Null for the admin of the settings.")
    changed_at: datetime | None = Field(
        description="When the password was last set; null for the admin of the settings."
    )


class UsersResponse(BaseModel):
    results: list[UserBody]


class KeyBody(BaseModel):
    id: int
    name: str
    role: Role
    collections: list[str] | None = Field(description="Only these are seen; null for all.")
    prefix: str = Field(description="The beginning of the key, by which you know it again.")
    created_at: datetime
    last_used_at: datetime | None = Field(description="To the minute; null if it never was.")
    expires_at: datetime | None


class NewKeyBody(KeyBody):
    key: str = Field(description="The key itself, shown this once.")


class KeysResponse(BaseModel):
    results: list[KeyBody]
