"""Sentences for people: the code says them in English, and each reader gets them in their language.

A `Message` is its English sentence, and it knows of what that was made: a template, which
translations/ has in other languages, and the values in it. So it can be translated where an answer
is made, however far it came.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

# A template takes them by name, with conversion and format as an f-string does.
Value: TypeAlias = "str | int | float"


class Message(str):
    """An English sentence with the `template` and the `values` of which it is made.

    Values may be messages themselves. `counted` names the value on which the grammatical number of
    the sentence depends.
    """

    __slots__ = ("counted", "template", "values")

    template: str
    values: Mapping[str, Value]
    counted: str | None

    def __new__(
        cls, template: str, values: Mapping[str, Value] | None = None, counted: str | None = None
    ) -> Message:
        values = values or {}
        message = super().__new__(cls, template.format_map(values))
        message.template = template
        message.values = values
        message.counted = counted
        return message

    def __reduce__(self) -> tuple[Any, ...]:
        return Message, (self.template, dict(self.values), self.counted)

    def as_json(self) -> dict[str, Any]:
        """Return what `from_json` makes the message of again."""
        values = {
            name: value.as_json() if isinstance(value, Message) else value
            for name, value in self.values.items()
        }
        made: dict[str, Any] = {"template": self.template, "values": values}
        return made if self.counted is None else made | {"counted": self.counted}

    @classmethod
    def from_json(cls, made: Mapping[str, Any]) -> Message:
        """Return the message that `as_json` was asked of."""
        values = {
            name: cls.from_json(value) if isinstance(value, dict) else value
            for name, value in made["values"].items()
        }
        return cls(made["template"], values, made.get("counted"))


class Explained(Exception):
    """An error that says in a sentence for a person what is wrong."""

    def __init__(self, message: Message) -> None:
        super().__init__(message)
        self.message = message


def say(template: str, /, **values: Value) -> Message:
    """Return a sentence. The template is a literal: the tests collect those of all calls."""
    return Message(template, values)


def say_count(template: str, count: str, /, **values: Value) -> Message:
    """Return a sentence whose grammatical number depends on the value that `count` names."""
    return Message(template, values, count)


def cite(text: str) -> Message:
    """Return a text that is the same in every language."""
    return Message("{text}", {"text": text})


def join(*messages: Message, between: str = " ") -> Message:
    """Return several messages as one."""
    names = [f"part_{n}" for n in range(len(messages))]
    template = between.join(f"{{{name}}}" for name in names)
    return Message(template, dict(zip(names, messages, strict=True)))


def name_choices(listed: str) -> Message:
    """Return a list as pydantic writes it, `'a', 'b' or 'c'`, as a message."""
    others, _, last = listed.rpartition(" or ")
    return say("{choices} or {last}", choices=others, last=last) if others else cite(listed)


def restore(text: str, made: Mapping[str, Any] | None) -> Message:
    """Return a stored sentence as the message that it was.

    What it was made of counts only where it gives that very text: a version of the service that
    does not know of it may have changed the text alone.
    """
    if made is not None:
        message = Message.from_json(made)
        if message == text:
            return message
    return cite(text)


def explain(error: BaseException) -> Message:
    """Return what an error says; a library's own words are the same in every language."""
    said = error.args[0] if error.args else None
    return said if isinstance(said, Message) else cite(str(error))
