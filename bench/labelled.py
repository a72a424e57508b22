"""Labelled questions: which collections there are to ask, and what is asked of them.

The shop's are in the project (tests/data), as is the sample. Of a folder beside the project, each
`NAME.csv` with a `NAME_queries.csv` is a set more: pairs, and the columns `query` and
`expected_question`.
"""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from local_service import ROOT

LABELLED = ROOT / "tests" / "data"
# Kinds of questions that have no answer: of the same field, of none, with another meaning.
NEGATIVE, OFF_TOPIC, CHANGED = "neg", "ood", "near"
# Questions of another field, and the same questions once more where their answer is not stored.
FOREIGN, MISSING = "foreign", "missing"


@dataclass(frozen=True)
class Question:
    """A labelled question. `expected` is empty if nothing should be answered."""

    kind: str
    text: str
    expected: str


@dataclass(frozen=True)
class LabelledSet:
    """A file of pairs, and questions to ask of them. Sets of one `field` may answer each other."""

    name: str
    field: str
    file: bytes
    questions: list[Question]

    @property
    def known(self) -> list[Question]:
        """The questions with an answer."""
        return [one for one in self.questions if one.expected]


def read_sets(folder: Path) -> list[LabelledSet]:
    """Return the sets that are there."""
    shop, sample = LABELLED / "loja_queries.csv", LABELLED / "sample_queries.csv"
    return [
        _make_own("shop", LABELLED / "loja_faq.csv", shop, "id"),
        _make_own("sample", ROOT / "samples" / "faq_pt.csv", sample, "pergunta"),
        *_find_more(folder),
    ]


def _make_own(name: str, file: Path, queries: Path, expected: str) -> LabelledSet:
    unanswered = (NEGATIVE, OFF_TOPIC, CHANGED)
    questions = [
        Question(one["tipo"], one["consulta"], "" if one["tipo"] in unanswered else one[expected])
        for one in _read(queries)
    ]
    return LabelledSet(name, "shop", file.read_bytes(), questions)


def _find_more(folder: Path) -> Iterator[LabelledSet]:
    for queries in sorted(folder.glob("*_queries.csv")):
        file = queries.with_name(f"{queries.stem.removesuffix('_queries')}.csv")
        if file.exists():
            questions = [
                Question("para", one["query"], one["expected_question"].strip())
                for one in _read(queries)
            ]
            yield LabelledSet(file.stem, file.stem, file.read_bytes(), questions)


def add_foreign(one: LabelledSet, sets: list[LabelledSet]) -> list[Question]:
    """Return the set's questions, and as many of another field as it has with an answer."""
    foreign = [
        question.text for other in sets if other.field != one.field for question in other.questions
    ]
    chance = random.Random(1)
    chosen = chance.sample(foreign, min(len(foreign), len(one.known)))
    return [*one.questions, *(Question(FOREIGN, text, "") for text in chosen)]


def split_file(one: LabelledSet) -> tuple[bytes, bytes]:
    """Return the file in two halves, drawn by chance: each pair is in one of them."""
    rows = list(csv.reader(io.StringIO(one.file.decode("utf-8-sig"))))
    header, pairs = rows[0], rows[1:]
    random.Random(1).shuffle(pairs)
    middle = len(pairs) // 2
    return _write([header, *pairs[:middle]]), _write([header, *pairs[middle:]])


def _write(rows: list[list[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def _read(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text("utf-8-sig"))))
