"""Knows texts that are no table, though data may be in them, and says what to do instead.

| the text | the error |
|---|---|
| begins as a program does (`faq = [{…}]`), below any comments | malformed_csv, with its beginning |
| begins as statements of SQL do | malformed_csv |
| is JSON below comments | malformed_csv |
| is JSON of lists of texts, without names | malformed_csv |
| is a piece of HTML, and has no header | unsupported_media_type |
| has control characters of no text, and no header | unsupported_media_type |
"""

from __future__ import annotations

import re

from files.errors import FileError

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
_COMMENTS = re.compile(
    r"(?:\s*(?:#(?!!)|//|--)[^\n]*\n|\s*/\*.*?\*/|\s*(?:\"{3}.*?\"{3}|'{3}.*?'{3})\s*\n)*",
    re.DOTALL,
)
_SQL = re.compile(
    r"\s*(?:INSERT\s+(?:OR\s+\w+\s+)?INTO\s|CREATE\s+(?:TABLE|DATABASE|SCHEMA)\s|DROP\s+TABLE\s"
    r"|LOCK\s+TABLES\s|BEGIN\s+TRANSACTION;|PRAGMA\s+\w+\s*=|SET\s+(?:NAMES|SQL_MODE|@)|USE\s+`)"
)
_JSON = re.compile(r"\s*(?:\[\s*)?\{\s*\"")
_MARKUP = re.compile(
    r"\s*<(?:div|section|article|main|ul|ol|dl|details|p|h[1-6])\b[^<>]*>", re.IGNORECASE
)
# No text has these, and a file of bytes nearly always has some.
_CONTROL = re.compile(r"[\x00-\x06\x0e-\x1a\x7f]")
_MOST_CONTROL = 0.01


def explain_source(text: str, *, sure: bool) -> FileError | None:
    """Return the error of a text that begins like a program; None for another text.

    With `sure`, only a beginning counts that no table has.
    """
    text = text[:_LOOKED_CHARS].lstrip("\ufeff")
    comments = _COMMENTS.match(text)
    begin = comments.end() if comments else 0
    above, text = text[:begin], text[begin:]
    if _LISTS.match(text):
        return _refuse(
            "The JSON holds no objects: each item needs the names of its parts, as in "
            '[{"question": "…", "answer": "…"}].'
        )
    if above.strip() and _JSON.match(text):
        return _refuse("The JSON has comments above it, which JSON does not have: take them out.")
    if _SQL.match(text):
        return _refuse(
            "The file holds statements of SQL, which are not read: load it into its database, and "
            "export the table of questions and answers as CSV."
        )
    if not sure and (found := _explain_no_text(text)):
        return found
    beginning = _PROGRAM.match(text)
    if beginning is None and not sure:
        beginning = _MAYBE.match(text) or _LITERAL.match(text)
    if beginning is None:
        return None
    shown = " ".join(beginning[0].split())[:_SHOWN_CHARS]
    return _refuse(
        f"The file is no JSON, but the source text of a program: it begins with {shown!r}. Save "
        "only the data as JSON: from the first bracket to its end, names and texts in double "
        "quotes, and no comma before a closing bracket."
    )


def _explain_no_text(text: str) -> FileError | None:
    if _MARKUP.match(text):
        return FileError(
            "unsupported_media_type",
            "The file is a piece of an HTML page, which is not read: open it in a spreadsheet "
            "program, and save its table as .xlsx or as CSV.",
        )
    if len(_CONTROL.findall(text)) > _MOST_CONTROL * len(text):
        return FileError(
            "unsupported_media_type",
            "The file is no text, nor any format that is read: save the table in it as CSV or "
            ".xlsx.",
        )
    return None


def _refuse(error: str) -> FileError:
    return FileError("malformed_csv", error, line=1)
