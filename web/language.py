"""The language of an answer: what the request's Accept-Language prefers, or else the service's own.

Whatever is said in it is said by `speak`, so that the answer can name its language.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask import Response, current_app, g, has_request_context, request
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from messages import Message
from translations.catalogs import Language, find_language, translate


def choose_language(accepted: str | None, default: Language) -> Language:
    """Return the language that a header Accept-Language prefers (RFC 9110, 12.5.4)."""
    # Not by `best_match`: it prefers `en` to `pt-PT, en;q=0.5`, since it has the whole name.
    for name, quality in parse_accept_header(accepted, LanguageAccept):
        language = default if name == "*" else find_language(name)
        if language is not None and quality > 0:
            return language
    return default


def read_language(headers: Iterable[tuple[bytes, bytes]], default: Language) -> Language:
    """Return the language that the headers of a request prefer, as they came."""
    accepted = [value.decode("latin-1") for name, value in headers if name == b"accept-language"]
    return choose_language(",".join(accepted), default)


def current_language() -> Language:
    """Return the language of the current answer; of a command, the service's own."""
    own: Language = current_app.config.get("LANGUAGE", "en")
    if not has_request_context():
        return own
    return choose_language(request.headers.get("Accept-Language"), own)


def speak(message: str) -> str:
    """Return a message in the language of the current answer."""
    g.language = current_language()
    return translate(message, g.language)


def speak_all(value: Any) -> Any:
    """Return a value of JSON with every message in it in the language of the current answer."""
    if isinstance(value, Message):
        return speak(value)
    if isinstance(value, dict):
        return {name: speak_all(member) for name, member in value.items()}
    return [speak_all(member) for member in value] if isinstance(value, list) else value


def name_language(response: Response) -> Response:
    """Return the answer with the name of its language, where something is said in it."""
    if "language" in g:
        response.headers["Content-Language"] = g.language
        response.vary.add("Accept-Language")
    return response
