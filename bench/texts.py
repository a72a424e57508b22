"""The texts of a run: a real FAQ if there is one beside the project, else the sample."""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from local_service import ROOT

REAL = ROOT.parent / "shared" / "data"


@dataclass(frozen=True)
class Faq:
    """Pairs, and rewordings with the question that should come first."""

    name: str
    csv: bytes
    pairs: list[tuple[str, str]]
    queries: list[tuple[str, str]]


def read_faq() -> Faq:
    """Read the FAQ, and what to ask of it."""
    real = REAL / "covid_faq_en.csv"
    path = real if real.exists() else ROOT / "samples" / "faq_pt.csv"
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    pairs = list(table.iloc[:, :2].itertuples(index=False, name=None))
    if real.exists():
        asked = pd.read_csv(REAL / "covid_faq_en_queries.csv", dtype=str, keep_default_na=False)
        queries = list(asked[["query", "expected_question"]].itertuples(index=False, name=None))
        pairs = list(table[["question", "answer"]].itertuples(index=False, name=None))
    else:
        queries = [(question, question) for question, _ in pairs]
    return Faq(path.stem, path.read_bytes(), pairs, queries)


def make_csv(pairs: list[tuple[str, str]], count: int) -> bytes:
    """Return a CSV of `count` different pairs with short answers, to fill a collection."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["question", "answer"])
    for n, (question, answer) in zip(range(count), itertools.cycle(pairs), strict=False):
        writer.writerow([f"{question} ({n})", answer[:80]])
    return text.getvalue().encode()


def reword(queries: list[tuple[str, str]]) -> Iterator[str]:
    """Yield questions that no cache has seen."""
    for n in itertools.count():
        yield f"{queries[n % len(queries)][0]} {n}"
