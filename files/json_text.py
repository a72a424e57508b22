"""Finds the text in a value of JSON that holds more than a text.

| the value | its text |
|---|---|
| a text, or a number | itself |
| null, an empty list | nothing |
| a list of paragraphs or blocks | their texts, with line ends between them |
| the pieces of one block (spans, Quill's `ops`) | the texts of the pieces, put together |
| an object with one of the names of _TEXTS | the text of that member |
| a block without text, such as an image, beside others | nothing |
| what Quill inserts that is no text, such as an image | nothing |
| anything else | none: it is not a text |

The blocks are those of Sanity, Contentful, ProseMirror, Slate, Lexical, Editor.js, Draft.js, Notion
and Quill, and answers as SQuAD has them (`{"text": …, "answer_start": …}`).
"""

from __future__ import annotations

import json
import re
from typing import Any

# Deeper blocks are not looked into.
_DEEPEST = 40
# The members that hold the text of an object, the surest first.
_TEXTS = (
    *("text", "plain_text", "plaintext", "markdown", "value", "html", "rendered", "body"),
    *("content", "insert", "texto", "answer", "resposta", "response", "children", "blocks"),
    *("paragraphs", "ops", "rich_text", "document", "root", "nodes", "data", "parts", "items"),
)
# Members whose list holds the pieces of one text.
_PIECES = frozenset({"children", "content", "ops", "rich_text", "parts", "text", "nodes"})
_LEAVES = ("text", "value", "insert", "plain_text")
# By one of these an object says that it is a block, or a mark in a line.
_KINDS = ("_type", "type", "nodetype", "object", "listitem")
# One of these is in each block of a list of blocks.
_OF_BLOCKS = ("children", "insert", "plain_text")
_BREAKS = frozenset({"hardbreak", "hard_break", "linebreak", "break", "br"})
_NUL = r"\u0000"
_ESCAPE = re.compile(r"\\(?:u0000|.)")
_INLINE = _BREAKS | {"link", "hyperlink", "a", "inline"}


def read_text(value: Any) -> str | None:
    """Return the text that a value holds; None if it is something else."""
    return _read(value, 0)


def read_texts(value: Any) -> list[str] | None:
    """Return the text of each element of a list; None if one has none, or for another value."""
    if not isinstance(value, list):
        return None
    texts = [_read(element, 1) for element in value]
    return None if None in texts else [text for text in texts if text is not None]


def write_json_text(value: Any) -> str:
    """Return a value as JSON that has NUL as itself: the rules for rows must see it and reject it.

    Half of a surrogate pair stays as well.
    """
    text = json.dumps(value, ensure_ascii=False, default=float)
    if _NUL not in text:
        return text
    return _ESCAPE.sub(lambda found: "\0" if found[0] == _NUL else found[0], text)


def read_packed(text: str) -> str | None:
    """Return the text of blocks that were written as JSON into a text; None for another text.

    Draft.js and others are saved like this. A text of any other JSON is what its author wrote.
    """
    if not text.startswith(("{", "[")):
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return read_text(value) if _is_document(value) else None


def is_blocks(value: Any) -> bool:
    """Return whether a list holds the blocks of one text, not several texts."""
    return isinstance(value, list) and any(map(_is_block, value))


def _is_document(value: Any) -> bool:
    """Return whether a value is all the blocks of a text, as an editor saves them."""
    if isinstance(value, list):
        own = [v for v in value if isinstance(v, dict) and not v.keys().isdisjoint(_OF_BLOCKS)]
        return bool(value) and len(own) == len(value)
    if not isinstance(value, dict):
        return False
    listed = isinstance(value.get("blocks"), list) or isinstance(value.get("ops"), list)
    kind = _find_kind(_fold(value))
    return listed or kind in ("doc", "document") or isinstance(value.get("root"), dict)


def _read(value: Any, depth: int) -> str | None:
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if depth > _DEEPEST or isinstance(value, bool):
        return None
    if isinstance(value, list):
        # Notion writes the pieces of a line without anything around them.
        pieces = bool(value) and all(isinstance(v, dict) and "plain_text" in v for v in value)
        return _read_list(value, depth, between="" if pieces else "\n")
    return _read_object(value, depth) if isinstance(value, dict) else str(value)


def _read_list(values: list[Any], depth: int, between: str) -> str | None:
    texts = []
    for value in values:
        text = _read(value, depth + 1)
        if text is None:
            if not _is_block(value) or len(values) == 1:
                return None
            text = ""
        if text or not _is_block(value):
            texts.append(text)
    return between.join(texts)


def _read_object(value: dict[str, Any], depth: int) -> str | None:
    members = _fold(value)
    kind = _find_kind(members)
    if kind in _BREAKS:
        return "\n"
    if isinstance(members.get("insert"), dict):
        return ""
    for name in _TEXTS:
        content = members.get(name)
        if isinstance(content, str) or (content and isinstance(content, list | dict)):
            text = _read_member(name, content, depth)
            if text is not None:
                return text
    return _gather(members, depth) if kind else None


def _read_member(name: str, content: Any, depth: int) -> str | None:
    if isinstance(content, list) and name in _PIECES and all(map(_is_piece, content)):
        return _read_list(content, depth, between="")
    return _read(content, depth + 1)


def _gather(members: dict[str, Any], depth: int) -> str | None:
    """Return the texts of a block of an unknown kind, wherever they are in it; None without any."""
    inner = [
        content for content in members.values() if content and isinstance(content, list | dict)
    ]
    texts = [text for text in (_read(content, depth + 1) for content in inner) if text]
    return "\n".join(texts) if texts else None


def _is_block(value: Any) -> bool:
    return isinstance(value, dict) and ("children" in value or bool(_find_kind(_fold(value))))


def _is_piece(value: Any) -> bool:
    """Return whether a value is a piece of a line: a text with marks, or a break of the line."""
    if not isinstance(value, dict):
        return False
    members = _fold(value)
    if "insert" in members or _find_kind(members) in _INLINE:
        return True
    return any(isinstance(members.get(name), str) for name in _LEAVES)


def _fold(value: dict[str, Any]) -> dict[str, Any]:
    return {name.casefold(): content for name, content in value.items()}


def _find_kind(members: dict[str, Any]) -> str:
    """Return what kind of block an object says that it is; nothing for another object."""
    kinds = (members[name] for name in _KINDS if isinstance(members.get(name), str))
    return next(kinds, "").casefold()
