"""What the vectors of a long pair should be: of the whole, of its windows, or of both.

Run it as `python -m bench.long_answers [FOLDER]`; it writes bench/results/long_answers.md. It
compares in memory, exactly, with the bundled model. The texts are a real FAQ in English and that
of a shop in Portuguese, which lie beside the project. Long answers are rare in both, so some are
made: of groups of 15 or 31 pairs in a row, every second group becomes one item. Its question is the
first one, and its answer all questions and answers of the group. A cell is the share of queries (%)
whose item came first, and among the first three. What is asked:

- of short answers: the rewordings of questions whose pair stayed alone;
- of glued ones: the rewordings whose pair is inside a long item. The deep ones are not in its
  first window;
- of real long answers: the sentences that end in the second window or later, every second word.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

import embedders.loading
from bench.report import RESULTS
from bench.texts import REAL
from embedders.sentence import SentenceModel
from embeddings import FloatArray, cut_pieces, mean_vector, pair_text

PIECE_SIZES = (150, 200, 250, 300, 350)
_SENTENCE = re.compile(r"[^.!?\n]{50,300}[.!?]")


@dataclass(frozen=True)
class Asked:
    """A query, what kind it is, and the index of the item that should come first."""

    kind: str
    text: str
    item: int


@dataclass(frozen=True)
class Case:
    """Items as (question, answer), and what is asked of them."""

    name: str
    items: list[tuple[str, str]]
    asked: list[Asked]


@dataclass(frozen=True)
class ItemParts:
    """The vectors of an item: its question, the whole pair, and windows by the ways to cut them."""

    question: FloatArray
    whole: FloatArray
    windows: dict[str, FloatArray]


class Cutter:
    """Cuts texts that are longer than the model's window, and embeds the pieces."""

    def __init__(self, model: SentenceModel) -> None:
        self._model = model

    def embed(self, question: str, answer: str) -> ItemParts:
        pair = pair_text(question, answer)
        parts = self._model.passage_windows([pair])[0]
        vectors = self._encode([part.text for part in parts])
        windows: dict[str, FloatArray] = {}
        if len(parts) > 1:
            windows["windows"] = vectors
            for size in PIECE_SIZES:
                pieces = cut_pieces(pair, size)
                halves = cut_pieces(pair, size // 2)
                overlapping = [f"{one} {next_one}" for one, next_one in pairwise(halves)]
                windows[f"{size} bytes"] = self._encode(self._prompt(pieces))
                windows[f"{size} bytes, overlapping"] = self._encode(self._prompt(overlapping))
        asked = self._model.encode_passages([question])[0]
        return ItemParts(asked, mean_vector(parts, vectors), windows)

    def _prompt(self, texts: Sequence[str]) -> list[str]:
        return [window[0].text for window in self._model.passage_windows(texts)]

    def _encode(self, texts: Sequence[str]) -> FloatArray:
        parts = [self._model.encode_windows(texts[n : n + 4]) for n in range(0, len(texts), 4)]
        result: FloatArray = np.concatenate(parts)
        return result


WAYS: dict[str, tuple[bool, str | None]] = {
    "the whole": (True, None),
    "its windows": (False, "windows"),
    "the whole, its windows": (True, "windows"),
} | {
    f"the whole, {size} bytes{how}": (True, f"{size} bytes{how}")
    for size in PIECE_SIZES
    for how in ("", ", overlapping")
}


def list_vectors(parts: ItemParts, way: str) -> FloatArray:
    """Return the vectors that an item has in that way, shape (count, dimension)."""
    with_whole, cut = WAYS[way]
    listed = [parts.question[None]]
    if with_whole or not parts.windows:
        listed.append(parts.whole[None])
    if cut is not None and parts.windows:
        listed.append(parts.windows[cut])
    result: FloatArray = np.concatenate(listed)
    return result


def make_real(
    name: str, items: list[tuple[str, str]], queries: list[tuple[str, int]], model: SentenceModel
) -> Case:
    """Return the FAQ as it is, with sentences from deep in its long answers."""
    asked = [Asked("rewordings", query, wanted) for query, wanted in queries]
    for n, (question, answer) in enumerate(items):
        windows = model.passage_windows([pair_text(question, answer)])[0]
        if len(windows) == 1:
            continue
        beyond = len(windows[0].text)
        found = [m for m in _SENTENCE.finditer(answer) if m.start() > beyond]
        for match in found:
            words = match[0].split()
            asked.append(Asked("sentences", match[0].strip(), n))
            asked.append(Asked("every second word", " ".join(words[::2]), n))
    return Case(name, items, asked)


def glue(
    name: str,
    items: list[tuple[str, str]],
    queries: list[tuple[str, int]],
    model: SentenceModel,
    glued: int,
) -> Case:
    """Return a FAQ in which of each `glued` pairs every second group of pairs is one item."""
    made: list[tuple[str, str]] = []
    where: dict[int, tuple[int, str]] = {}
    for group, start in enumerate(range(0, len(items), glued)):
        part = items[start : start + glued]
        if group % 2 == 0:
            where |= {start + n: (len(made) + n, "short") for n in range(len(part))}
            made += part
            continue
        answer = "\n\n".join(f"{question}\n{text}" for question, text in part)
        first = model.passage_windows([pair_text(part[0][0], answer)])[0][0].text
        for n, (question, text) in enumerate(part):
            deep = f"{question}\n{text}" not in first
            where[start + n] = (len(made), "deep in a long one" if deep else "early in a long one")
        made.append((part[0][0], answer))
    asked = [Asked(where[wanted][1], query, where[wanted][0]) for query, wanted in queries]
    return Case(f"{name}, every second {glued} as one", made, asked)


def read_cases(folder: Path, model: SentenceModel) -> Iterator[Case]:
    """Yield the cases of the texts in a folder that has `data` and `decision`."""
    faq = _read(folder / "data" / "covid_faq_en.csv")
    pairs = list(zip(faq["question"], faq["answer"], strict=True))
    at = {question: n for n, (question, _) in enumerate(pairs)}
    asked = _read(folder / "data" / "covid_faq_en_queries.csv")
    reworded = list(zip(asked["query"], asked["expected_question"], strict=True))
    queries = [(query, at[wanted]) for query, wanted in reworded if wanted in at]
    yield make_real("covid_faq_en", pairs, queries, model)
    yield glue("covid_faq_en", pairs, queries, model, 15)
    shop = _read(folder / "decision" / "loja_faq.csv")
    asked = _read(folder / "decision" / "loja_queries.csv")
    pairs = list(zip(shop["pergunta"], shop["resposta"], strict=True))
    at = {id: n for n, id in enumerate(shop["id"])}
    kinds = zip(asked["consulta"], asked["id"], asked["tipo"], strict=True)
    queries = [
        (query, at[id])
        for query, id, kind in kinds
        if kind not in ("neg", "ood", "near") and id in at
    ]
    yield make_real("loja_faq", pairs, queries, model)
    yield glue("loja_faq", pairs, queries, model, 31)


def _read(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def measure(case: Case, model: SentenceModel) -> Iterator[tuple[str, int, str, float, float, int]]:
    """Yield (kind, queries, way, share of first hits, share among three, vectors) of a case."""
    cutter = Cutter(model)
    parts = [cutter.embed(*item) for item in case.items]
    queries = np.concatenate([model.encode_queries([one.text]) for one in case.asked])
    for way in WAYS:
        vectors = [list_vectors(one, way) for one in parts]
        scores = np.stack([(queries @ each.T).max(axis=1) for each in vectors], axis=1)
        wanted = np.array([one.item for one in case.asked])
        rank = (scores > scores[np.arange(len(wanted)), wanted][:, None]).sum(axis=1)
        for kind in dict.fromkeys(one.kind for one in case.asked):
            chosen = np.array([one.kind == kind for one in case.asked])
            yield (
                kind, int(chosen.sum()), way, float((rank[chosen] < 1).mean()),
                float((rank[chosen] < 3).mean()), sum(map(len, vectors)),
            )  # fmt: skip


def main() -> None:
    shared = Path(sys.argv[1]) if len(sys.argv) > 1 else REAL.parent
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        model = embedders.loading.load_model(None, "auto", Path(folder))
        lines = [f"# Vectors of long answers\n\n{(__doc__ or '').split(chr(10) * 2, 1)[1]}"]
        for case in read_cases(shared, model):
            rows = list(measure(case, model))
            kinds = {kind: count for kind, count, *_ in rows}
            lines.append(
                f"\n## {case.name}: {len(case.items)} items\n\n| vectors of a long pair | "
                + " | ".join(f"{k} ({n})" for k, n in kinds.items())
                + " | vectors |\n"
                + "|---" * (len(kinds) + 2)
                + "|"
            )
            for way in WAYS:
                mine = [row for row in rows if row[2] == way]
                cells = [f"{100 * row[3]:.1f} / {100 * row[4]:.1f}" for row in mine]
                lines.append(f"| {way} | " + " | ".join(cells) + f" | {mine[0][5]} |")
            print("\n".join(lines[-1 - len(WAYS) :]), flush=True)
        (RESULTS / "long_answers.md").write_text("\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    main()
