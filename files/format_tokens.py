"""Takes the number formats of spreadsheets apart, into sections and the pieces of these."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import NamedTuple

from files.decimal_marks import POINT, Marks, find_marks

_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"?|\\(?P<escaped>.)|(?P<space>_.)|(?P<fill>\*.)'
    r"|\[(?P<elapsed>h+|m+|s+)\]|\[(?P<bracket>[^\]]*)\]|(?P<general>General)"
    r"|(?P<half>AM/PM|A/P)|(?P<exponent>E[+-]0+)|(?P<time>y+|m+|d+|h+|s+)"
    r"|(?P<digit>[0#?])|(?P<other>.)",
    re.IGNORECASE | re.DOTALL,
)
_MARKS = {".": "point", ",": "comma", "%": "percent", "@": "string", "/": "slash"}
_CONDITION = re.compile(r"(<=|>=|<>|<|>|=)\s*(-?[0-9.]+)")


class Token(NamedTuple):
    """A piece of a format: `kind` is `text`, `digit`, `time` and the like."""

    kind: str
    text: str


@dataclass(frozen=True)
class Plan:
    """The tokens that digits before and behind the point stand for, and what is between them.

    `shift` is the power of ten by which the number is multiplied before.
    """

    whole: list[int]
    places: list[int]
    shift: int
    group: str
    literals: list[str]


@dataclass(frozen=True)
class Section:
    """One of the parts of a format between semicolons. `condition` says for which numbers it is."""

    tokens: list[Token]
    marks: Marks
    condition: tuple[str, Decimal] | None

    def has(self, *kinds: str) -> bool:
        """Return whether there is a token of one of these kinds."""
        return not self._kinds.isdisjoint(kinds)

    @cached_property
    def _kinds(self) -> set[str]:
        return {token.kind for token in self.tokens}

    @cached_property
    def plan(self) -> Plan:
        """Where the digits of a number go."""
        kinds = [token.kind for token in self.tokens]
        digits = [at for at, kind in enumerate(kinds) if kind == "digit"]
        end = digits[-1] + 1 if digits else 0
        point = kinds.index("point") if "point" in kinds else end
        whole = [at for at in digits if at < point]
        last = whole[-1] if whole else point
        commas = [at for at, kind in enumerate(kinds) if kind == "comma"]
        # A comma between digits groups them. One behind them divides the number by a thousand.
        thousands = sum(last < at <= point or at >= end > point for at in commas)
        grouped = any(at < last for at in commas)
        literals = [
            self.marks.point if t.kind == "point" else write_literal(t) for t in self.tokens
        ]
        return Plan(
            whole=whole,
            places=[at for at in digits if at > point],
            shift=2 * kinds.count("percent") - 3 * thousands,
            group=self.marks.group if grouped else "",
            literals=literals,
        )


def write_literal(token: Token) -> str:
    """Return what a token shows whatever the number is."""
    return token.text if token.kind in ("text", "percent", "slash") else ""


def split_sections(code: str) -> list[str]:
    """Return the parts of a format between semicolons."""
    sections, begin = [], 0
    for found in _TOKEN.finditer(code):
        if found["other"] == ";":
            sections.append(code[begin : found.start()])
            begin = found.end()
    return [*sections, code[begin:]]


def read_section(text: str) -> Section:
    """Return the section that a part of a format describes."""
    tokens: list[Token] = []
    marks = condition = None
    for found in _TOKEN.finditer(text):
        kind = str(found.lastgroup)
        if kind == "bracket":
            condition = condition or _read_condition(found[kind])
            if found[kind].startswith("$"):
                symbol, _, language = found[kind][1:].partition("-")
                marks = marks or find_marks(language)
                tokens.append(Token("text", symbol))
        else:
            tokens.append(_read_token(kind, found[kind]))
    return Section(_mark_minutes(tokens), marks or _guess_marks(tokens), condition)


def _read_token(kind: str, text: str) -> Token:
    if kind in ("quoted", "escaped"):
        return Token("text", text)
    if kind == "space":
        return Token("text", " ")
    if kind == "fill":
        return Token("fill", "")
    if kind == "other":
        return Token(_MARKS.get(text, "text"), text)
    return Token(kind, text.lower())


def _read_condition(bracket: str) -> tuple[str, Decimal] | None:
    found = _CONDITION.fullmatch(bracket)
    if found is None or found[2].strip("-").count(".") > 1 or not found[2].strip("-."):
        return None
    return found[1], Decimal(found[2])


def _guess_marks(tokens: Sequence[Token]) -> Marks:
    """Return the marks of the currency that stands before or behind the number."""
    digits = [at for at, token in enumerate(tokens) if token.kind == "digit"]
    if not digits:
        return POINT
    before = "".join(t.text for t in tokens[: digits[0]] if t.kind == "text")
    behind = "".join(t.text for t in tokens[digits[-1] :] if t.kind == "text")
    return find_marks("", before, behind) or POINT


def _mark_minutes(tokens: list[Token]) -> list[Token]:
    """Return the tokens of a format; those of `m` that mean minutes have the kind `minutes`.

    They do beside hours and seconds, and otherwise they mean months.
    """
    times = [at for at, token in enumerate(tokens) if token.kind in ("time", "elapsed")]
    marked = list(tokens)
    for number, at in enumerate(times):
        before = tokens[times[number - 1]].text[0] if number else ""
        after = tokens[times[number + 1]].text[0] if number + 1 < len(times) else ""
        token = tokens[at]
        if token.kind == "time" and token.text in ("m", "mm") and (before == "h" or after == "s"):
            marked[at] = token._replace(kind="minutes")
    return marked
