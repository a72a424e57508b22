"""Texts as the model and the keys of items see them, and the limits that all layers share.

What is stored stays as it was written, but for the spaces around it.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from hashlib import blake2b

# The longest texts that an item may have.
MAX_QUESTION_CHARS = 10_000
MAX_ANSWER_CHARS = 1_000_000
# Further wordings of an item's question; each may be as long as a question.
MAX_ALTERNATIVES = 100
MAX_METADATA_CHARS = 1_000_000
MAX_ID_CHARS = 1_000

# What is taken off around a value. No-break spaces and invisible marks are text, and stay.
SPACES = " \t\r\n\v\f"

# Where combining marks may be; Latin letters with accents of their own come before.
_BEYOND_LATIN = re.compile("[^\x00-\u02ff]")
# Characters that no reader sees: soft hyphen, zero-width space and (non-)joiners, word joiner,
# BOM, and the marks and embeddings of Unicode's bidirectional algorithm (UAX #9).
_INVISIBLE_RANGE = r"\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff"
_INVISIBLE = re.compile(f"[{_INVISIBLE_RANGE}]")
# What str.split takes for white space.
_WHITE_RANGE = (
    r"\u0009-\u000d\u001c-\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
)
# What texts must be, as patterns that mean the same in JSON Schema and in Python: the name of a
# collection, what PostgreSQL can store, what has something to read, a name of a metadata's column.
COLLECTION_NAME = r"^[A-Za-z0-9._-]{1,100}$"
STORABLE = r"^[^\u0000]*$"
VISIBLE = rf"^[^\u0000]*[^\u0000{_WHITE_RANGE}{_INVISIBLE_RANGE}][^\u0000]*$"
_END = rf"[^\u0000{_WHITE_RANGE}\ufeff]"


def _spell(word: str) -> str:
    """Return a pattern that no name fits which a reader takes for the word, in any case."""
    letters = (f"[{letter}{letter.upper()}]" if letter.isalpha() else letter for letter in word)
    around = f"[{_WHITE_RANGE}{_INVISIBLE_RANGE}]*"
    return f"(?!{around}{f'[{_INVISIBLE_RANGE}]*'.join(letters)}{around}$)"


COLUMN_NAME = (
    rf"^{_spell('id')}{_spell('_line')}{_spell('_error')}"
    rf"(?=[^\u0000]*[^\u0000{_WHITE_RANGE}{_INVISIBLE_RANGE}])"
    rf"{_END}([^\u0000]*{_END})?$"
)


def is_storable(text: str) -> bool:
    """Return whether PostgreSQL can store a text: no NUL, and no half of a surrogate pair."""
    try:
        return b"\0" not in text.encode()
    except UnicodeEncodeError:
        return False


def make_storable(text: str) -> str:
    """Return a text as it can be shown and stored: U+FFFD for NUL, `?` for half of a pair."""
    text = text.replace("\0", "\ufffd")
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def trim(text: str) -> str:
    """Return `text` without the spaces, tabs and line ends around it."""
    return text.strip(SPACES)


def soften_capitals(text: str) -> str:
    """Return `text` with its lines of several words in capitals in lower case.

    A model has seen few such texts: of a shop's customers' questions in capitals, 68 % found the
    right item first, and 76 % in lower case. A word alone may be an acronym.
    """
    if not any(map(_is_loud, lines := text.split("\n"))):
        return text
    return "\n".join(line.lower() if _is_loud(line) else line for line in lines)


def _is_loud(line: str) -> bool:
    return line.isupper() and len(line.split()) > 1


def visible_text(text: str) -> str:
    """Return `text` in NFC, without invisible marks, each run of white space one space, trimmed.

    Two texts that look the same to a reader give the same result; case and accents stay.
    """
    # Text that is printable to its end has no invisible marks, and no white space but U+0020.
    if not text.isprintable():
        text = " ".join(_INVISIBLE.sub("", text).split())
    elif "  " in text or text[:1] == " " or text[-1:] == " ":
        text = " ".join(text.split())
    return compose(text)


def compose(text: str) -> str:
    """Return `text` in NFC, in time that grows with its length.

    unicodedata takes quadratic time for a run of combining marks. So U+034F parts runs of more than
    30 marks first (UAX #15, "Stream-Safe Text Format"). No language has such runs.
    """
    if text.isascii():
        return text
    if _BEYOND_LATIN.search(text):
        text = _find_long_runs().sub("\\1\u034f", text)
    return unicodedata.normalize("NFC", text)


@cache
def _find_long_runs() -> re.Pattern[str]:
    """Return the pattern of 30 combining marks with another one after them."""
    marks = _list_combining_marks()
    return re.compile(f"([{marks}]{{30}})(?=[{marks}])")


def list_alternatives(question: str, texts: Iterable[str]) -> list[str]:
    """Return the further wordings of a question, trimmed, in their order.

    What no reader sees is left out, and so is what looks like the question or an earlier wording.
    """
    seen = {visible_text(question), ""}
    kept = []
    for text in map(trim, texts):
        shown = visible_text(text)
        if shown not in seen:
            seen.add(shown)
            kept.append(text)
    return kept


def strip_accents(text: str) -> str:
    """Return `text` in NFKD without its combining marks, in time that grows with its length.

    The marks go before as well: unicodedata takes quadratic time for a run of them.
    """
    if text.isascii():
        return text
    marks = _map_marks()
    return unicodedata.normalize("NFKD", text.translate(marks)).translate(marks)


@cache
def _map_marks() -> dict[int, None]:
    # A regular expression with some 900 characters in a class takes thirty times as long.
    return dict.fromkeys(map(ord, _list_combining_marks()))


@cache
def _list_combining_marks() -> str:
    return "".join(chr(c) for c in range(0x300, 0x20000) if unicodedata.combining(chr(c)))


def question_hash(question: str) -> str:
    """Return 32 hexadecimal digits that are the same for all questions that look the same."""
    return _digest(b"question", _key_text(question))


def answer_hash(answer: str) -> str:
    """Return 32 hexadecimal digits that are the same for all answers that look the same."""
    return _digest(b"answer", _key_text(answer))


def id_key(external_id: str) -> str:
    """Return 32 hexadecimal digits for an id that a file gives; no question has the same."""
    return _digest(b"id", external_id)


def _key_text(text: str) -> str:
    """Return `text` in NFC, without invisible marks, with common spaces for no-break ones, trimmed.

    Two texts with the same result are one question, or one answer: other white space counts.
    """
    if text.isascii():
        return text.strip()
    plain = _INVISIBLE.sub("", text).replace("\u00a0", " ").replace("\u202f", " ").strip()
    return compose(plain)


def _digest(person: bytes, text: str) -> str:
    return blake2b(text.encode(), digest_size=16, person=person).hexdigest()


def find_words(text: str) -> str:
    """Return the words of a text for the model: without markup, and with its entities as letters.

    | the text has | the model gets |
    |---|---|
    | a tag of HTML | nothing; a space for one that begins a line or a cell of its own |
    | a comment, a style, a script or a drawing (`<svg>`) of HTML | nothing |
    | an entity (`&ccedil;`) | its character |
    | `data:` with a type, or 200 characters of base64 and more in a row or in lines | nothing |
    | a link or an image of Markdown | its text, not its address |
    | marks of Markdown: headings, lists, quotes, fences, `**bold**`, rules of tables | nothing |
    | names in angle brackets that HTML does not know (`<name>`), a single `<`, `#` or `*` | the same |

    A text of which nothing would be left stays as it is. The time grows with the length of the
    text: every pattern is bounded, or ends where the next match could begin.
    """  # noqa: E501
    if not _MARKED.search(text):
        return text
    words = _DATA.sub("", _cut_hidden(text))
    words = _BLOCK_TAG.sub(" ", _INLINE_TAG.sub("", words))
    words = _ENTITY.sub(lambda entity: html.unescape(entity[0]), words)
    words = _LINK.sub(r"\1", words)
    words = _LINE_MARK.sub("", words)
    words = _BOLD.sub(r"\2", words)
    return words if visible_text(words) else text


def _cut_hidden(text: str) -> str:
    """Return HTML without what a browser never shows, or shows as a picture."""
    parts = []
    at = 0
    ends = {"<!--": "-->", "<style": "</style>", "<script": "</script>", "<svg": "</svg>"}
    for found in _HIDDEN.finditer(text):
        begin = found[0].lower()
        if found.start() < at or begin not in ends:
            continue
        end = _find_end(text, ends[begin], found.end())
        if end is None:
            # Nothing after here ends with it, so that no later one need look for it.
            del ends[begin]
            continue
        parts.append(text[at : found.start()])
        at = end
    return "".join((*parts, text[at:]))


def _find_end(text: str, mark: str, start: int) -> int | None:
    found = re.compile(re.escape(mark), re.IGNORECASE).search(text, start)
    return None if found is None else found.end()


# Without any of these, a text has no markup.
_MARKED = re.compile(r"[<&*#`|>+~\[-]|data:|[A-Za-z0-9+/=]{60}", re.IGNORECASE)
_HIDDEN = re.compile("<!--|<style|<script|<svg", re.IGNORECASE)
_INLINE = (
    "a abbr acronym b bdi bdo big cite code del dfn em font i ins kbd label mark q s samp small"
    " span strike strong sub sup time tt u var wbr"
)
_BLOCK = (
    "address article aside audio blockquote body br button caption center col colgroup dd details"
    " dialog div dl dt embed fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 head header"
    " hr html iframe img input legend li link main meta nav noscript object ol option p param"
    " picture pre script section select source style summary svg path table tbody td template"
    " textarea tfoot th thead title tr track ul video"
)
_INLINE_TAG, _BLOCK_TAG = (
    re.compile(rf"<(?=[/a-z])/?(?:{names.replace(' ', '|')})(?=[\s/>])[^<>]*>", re.IGNORECASE)
    for names in (_INLINE, _BLOCK)
)
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,31});", re.IGNORECASE)
# Base64 may be broken into lines, of 60, 64 or 76 characters; the last one often ends with a mark.
_LINE = r"[A-Za-z0-9+/]{60,200}+"
_LINES = rf"(?:\s{{1,4}}{_LINE})*+(?:\s{{1,4}}[A-Za-z0-9+/]{{0,200}}+={{1,2}})?"
_DATA_TYPE = r"data:[a-z]{1,20}/[\w.+-]{1,60}(?:;[\w=.-]{1,60}){0,4},"
_DATA = re.compile(
    # Between quotes or brackets it may hold spaces; without them it ends with the first one.
    rf"(?<=[\"'(]){_DATA_TYPE}[A-Za-z0-9+/=\s]*+(?=[\"')])"
    rf"|{_DATA_TYPE}[^\s\"'<>()]*+{_LINES}"
    rf"|[A-Za-z0-9+/=]{{200,}}+"
    rf"|(?<![A-Za-z0-9+/]){_LINE}(?=\s{{1,4}}{_LINE}){_LINES}",
    re.IGNORECASE,
)
_LINK = re.compile(r"!?\[([^\[\]\n]{0,500})\]\([^()\s]{0,2000}(?: \"[^\"()\n]{0,200}\")?\)")
_LINE_MARK = re.compile(
    r"^[ \t]{0,8}(?:#{1,6}[ \t]|>[ \t]?|[-*+][ \t]|```[^\n]{0,40}$|[|:-][ |:-]{2,200}$)",
    re.MULTILINE,
)
_BOLD = re.compile(r"(\*\*|~~|`)(?=\S)([^\n*~`]{1,500})\1")
