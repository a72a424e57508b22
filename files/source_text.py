"""Knows a file that is the source of a program with data in it, such as `faq = [{…}]`."""

from __future__ import annotations

import re

from files.errors import FileError
from messages import say

_LOOKED_CHARS = 2_000
_SHOWN_CHARS = 30
# An assignment of a list or an object, or a line that only programs begin with.
_PROGRAM = re.compile(
    r"\s*(?:(?:export|const|let|var|final|static|public|private|default|val|my)\s+){0,6}"
    r"[\w.$@]{1,80}(?:\s*:\s*[\w\[\], .<>]{1,80}?)?\s*(?:=|:=|=>)\s*[\[{]"
    r"|\s*(?:#!/|<\?php\b|module\.exports\s*=|export\s+default\b)"
)
# What a program may begin with, and a table as well.
_MAYBE = re.compile(
    r"\s*[\w.$@]{1,80}\s*(?:=\s*)?\(\s*[\[{(]|\s*\$\w+\s*=|\s*(?:export\s+)?return\s*[\[{(]"
    r"|\s*(?:import\s+[\w{*]+|from\s+\w+\s+import\b|package\s+[\w.]+;?\s*$|use\s+strict)",
    re.MULTILINE,
)
# An object or an array that is written as a program would, not as JSON is.
_LITERAL = re.compile(
    r"\s*(?:\[\s*)?\{\s*(?:'|[A-Za-z_$][\w$]{0,80}\s*:)|\s*\[\s*(?:\(|')|\s*\(\s*\("
)
_LISTS = re.compile(r"\s*\[\s*(?:\[\s*)?\"")
_COMMENTS = re.compile(r"(?:\s*(?:#(?!!)|//|--)[^\n]*\n|\s*/\*.*?\*/)*", re.DOTALL)


def explain_source(text: str, *, sure: bool) -> FileError | None:
    """Return the error of a text that begins like a program; None for another text.

    With `sure`, only a beginning counts that no table has.
    """
    text = text[:_LOOKED_CHARS].lstrip("\ufeff")
    comments = _COMMENTS.match(text)
    text = text[comments.end() :] if comments else text
    if _LISTS.match(text):
        return FileError(
            "malformed_csv",
            say(
                "The JSON holds no objects: each item needs the names of its parts, as in "
                '[{{"question": "…", "answer": "…"}}].'
            ),
            line=1,
        )
    beginning = _PROGRAM.match(text)
    if beginning is None and not sure:
        beginning = _MAYBE.match(text) or _LITERAL.match(text)
    if beginning is None:
        return None
    shown = " ".join(beginning[0].split())[:_SHOWN_CHARS]
    return FileError(
        "malformed_csv",
        say(
            "The file is no JSON, but the source text of a program: it begins with {shown!r}. Save "
            "only the data as JSON: from the first bracket to its end, names and texts in double "
            "quotes, and no comma before a closing bracket.",
            shown=shown,
        ),
        line=1,
    )
