"""A check of a file's rows by their texts alone, before anything of them is stored."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from files.rows import Rejection, Row
from services.checks import (
    ANSWER_CHARS,
    QUESTION_CHARS,
    Entry,
    Finding,
    check_texts,
    make_answer_key,
    order_findings,
)
from store.contents import ENDING_CHARS
from texts import answer_hash

# So many of the first rows are checked, and so many findings are shown.
MOST_ROWS = 20_000
MOST_FINDINGS = 100
MOST_ALTERNATIVES = 10


@dataclass(frozen=True)
class RowsCheck:
    """The first findings of `total` in the first `checked` rows; their numbers are lines."""

    findings: Sequence[Finding]
    total: int
    checked: int


class RowCheck:
    """Keeps the beginnings of the first rows that pass, and checks them."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []

    def watch(self, rows: Iterable[Row | Rejection]) -> Iterator[Row | Rejection]:
        """Yield the rows as they come."""
        for row in rows:
            if len(self._entries) < MOST_ROWS and isinstance(row, Row):
                self._entries.append(_make_entry(row))
            yield row

    def finish(self, rejected: Collection[int]) -> RowsCheck:
        """Return what was found in rows other than the rejected lines.

        The same pair twice is one item, unless its ids differ.
        """
        taken = [entry for entry in self._entries if entry.number not in rejected]
        found = [
            finding
            for finding in order_findings(check_texts(taken))
            if finding.kind != "mergeable" or all(one.external_id for one in finding.entries)
        ]
        return RowsCheck(found[:MOST_FINDINGS], len(found), len(taken))


def _make_entry(row: Row) -> Entry:
    wordings = [row.question, *(row.alternatives or [])[:MOST_ALTERNATIVES]]
    answer, length = row.answer[:ANSWER_CHARS], len(row.answer)
    return Entry(
        number=row.line,
        external_id=row.id,
        wordings=[wording[:QUESTION_CHARS] for wording in wordings],
        answer=answer,
        ending=row.answer[-ENDING_CHARS:],
        length=length,
        answer_key=make_answer_key(answer, length, answer_hash(row.answer)),
    )
