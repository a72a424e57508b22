"""Renders messages in the reader's language, by the catalogs LANGUAGE/LC_MESSAGES/messages.po."""

from __future__ import annotations

import io
from functools import cache
from gettext import GNUTranslations
from pathlib import Path
from string import Formatter
from typing import Any, Literal, TypeAlias, get_args

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from messages import Message

Language: TypeAlias = Literal["en", "pt"]
LANGUAGES: tuple[Language, ...] = get_args(Language)

FOLDER = Path(__file__).parent
# English has them the other way round.
_MARKS = str.maketrans(",.", ".,")


def translate(message: str, language: Language) -> str:
    """Return a message in a language; any other text, and what has no translation, as it is."""
    if language == "en" or not isinstance(message, Message):
        return str(message)
    catalog = load_catalog(language)
    template = message.template
    if message.counted is None:
        template = catalog.gettext(template)
    else:
        template = catalog.ngettext(template, template, int(message.values[message.counted]))
    values = {
        name: translate(value, language) if isinstance(value, Message) else value
        for name, value in message.values.items()
    }
    return _NUMBERS.vformat(template, (), values)


@cache
def load_catalog(language: Language) -> GNUTranslations:
    """Return the catalog of a language."""
    with (FOLDER / language / "LC_MESSAGES" / "messages.po").open("rb") as file:
        read = read_po(file, language)
    compiled = io.BytesIO()
    write_mo(compiled, read)
    compiled.seek(0)
    return GNUTranslations(compiled)


class _Numbers(Formatter):
    """Formats numbers as Portuguese writes them where English has a mark in them: 1.000 and 0,5."""

    def format_field(self, value: Any, format_spec: str) -> Any:
        formatted = super().format_field(value, format_spec)
        if isinstance(value, (int, float)) and format_spec:
            return formatted.translate(_MARKS)
        return formatted


_NUMBERS = _Numbers()


def find_language(names: str) -> Language | None:
    """Return the first of our languages in a list such as `pt_BR:en`, or None.

    So gettext reads the variable LANGUAGE, which many systems set (GNU gettext, "The LANGUAGE
    variable").
    """
    for name in names.split(":"):
        for language in LANGUAGES:
            if name.strip().lower().replace("-", "_").split(".")[0].split("_")[0] == language:
                return language
    return None
