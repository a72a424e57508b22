"""What an answer lacks at a glance: it says nothing, or it ends in the middle of a sentence."""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

from texts import find_words, strip_accents, visible_text

Fault = Literal["empty_answer", "cut_off_answer"]


def _split(words: str, mark: str) -> frozenset[str]:
    return frozenset(word.strip() for line in words.splitlines() for word in line.split(mark))


# What stands in a cell until somebody writes the answer.
_PLACEHOLDERS = _split(
    """
    n/a|na|n/d|nd|tbd|tba|tbc|todo|fixme|xxx|null|nil|nan|undefined|#n/a|#n/d|#ref!|#value!|#name?
    #valor!|#nome?|pendente|a definir|a preencher|preencher|sem resposta|resposta|pending
    to do|to be defined|to be done|no answer|answer|placeholder|lorem ipsum|test|teste
    """,
    "|",
)
_BEGINNINGS = ("TODO:", "TODO ", "FIXME", "Lorem ipsum", "[TODO", "TBD:")
# No sentence ends with one of these. Those that end one in the other language are left out.
_JOINING = _split(
    """
    de da das dos na nas nos em para com por pelo pela pelos pelas que e ou um uma os ao aos sem
    sobre entre até se mas quando porque the an and or of nor because
    """,
    " ",
)
_OPEN_ENDS = (",", ";", ":", "(", "[", "{", "/", "&", "...", "…", " -", " –", " —")
# Programs that cut texts cut them at such lengths.
_LIMITS = frozenset({128, 200, 250, 255, 256, 500, 512, 1_000, 1_024, 2_000, 4_000, 4_096, 32_767})
# An image or a link is an answer.
_TAG = re.compile(r"<(?!img|video|audio|iframe|a\b)[^<>]*>", re.IGNORECASE)
_ENDS = frozenset(".!?)]}\"'”’»>*`_")


def simplify(text: str) -> str:
    """Return what tells a text from others: without case, accents and marks around it."""
    plain = strip_accents(visible_text(text).casefold())
    return plain.strip(" ?!¿¡.…,;:\"'“”‘’«»-–—*") or plain


def find_fault(question: str, answer: str, ending: str, length: int) -> Fault | None:
    """Return what is wrong with an answer of `length` characters; `ending` is its end.

    | the answer | fault |
    |---|---|
    | is marks or tags alone (`-`, `…`, `<p></p>`) | empty_answer |
    | is a placeholder (`N/A`, `TODO`, `#REF!`, `a definir`), or begins with `TODO:` | empty_answer |
    | is its question again | empty_answer |
    | ends in `,` `;` `:` `…` `...` `(` `/` `&` or a dash | cut_off_answer |
    | has three words or more and ends in one that joins others (`de`, `para`, `and`) | cut_off_answer |
    | has 255, 256, 500, …, 32,767 characters and no mark at its end | cut_off_answer |
    | else (also a list, an address, a single word, an emoji) | none |
    """  # noqa: E501
    shown = visible_text(_TAG.sub("", answer))
    if _says_nothing(shown) or simplify(shown) == simplify(question):
        return "empty_answer"
    end = visible_text(find_words(ending))
    words = end.split()
    if end.endswith(_OPEN_ENDS) or (len(words) > 2 and words[-1] in _JOINING):
        return "cut_off_answer"
    if length in _LIMITS and end and end[-1] not in _ENDS:
        return "cut_off_answer"
    return None


def _says_nothing(shown: str) -> bool:
    if shown.startswith(_BEGINNINGS) or shown.casefold().strip(" .…:-()[]<>") in _PLACEHOLDERS:
        return True
    # An emoji is an answer.
    return all(unicodedata.category(letter)[0] in "PZC" or letter in "=+|~^" for letter in shown)
