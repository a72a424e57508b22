"""Which of many vectors are near each other: exact products of blocks, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from embeddings import FloatArray
from services.confidence import FARTHER, NEARER

# With 60,000 vectors, the products of a block take 60 MB.
BLOCK = 256


def find_near(
    vectors: FloatArray, owners: NDArray[np.int64], least: float, most: int
) -> Iterator[tuple[int, int, float]]:
    """Yield the pairs of vectors of different owners whose cosine is at least `least`.

    A pair is (lower row, higher row, cosine) and comes once. Of each row's higher rows, the `most`
    nearest count. `vectors` are of unit length, shape (vectors, dimension).
    """
    for start in range(0, len(vectors), BLOCK):
        cosines = vectors[start : start + BLOCK] @ vectors[start:].T
        for offset in np.flatnonzero((cosines >= least).sum(axis=1) > 1):
            row = start + int(offset)
            others = row + 1 + np.flatnonzero(cosines[offset, offset + 1 :] >= least)
            others = others[owners[others] != owners[row]]
            near = cosines[offset, others - start]
            for place in np.argsort(-near, kind="stable")[:most]:
                yield row, int(others[place]), float(near[place])


def measure_margins(questions: FloatArray, pairs: FloatArray) -> FloatArray:
    """Return for each item by how much it is nearer to its own question than any other, (items,).

    Nearness is 0.7 of the greater and 0.3 of the smaller cosine to question and pair, as in the
    order of relevance, without the wording. Both matrices have shape (items, dimension).
    """
    margins = np.full(len(questions), np.inf, np.float32)
    for start in range(0, len(questions), BLOCK):
        block = questions[start : start + BLOCK]
        to_questions, to_pairs = block @ questions.T, block @ pairs.T
        near = np.float32(NEARER) * np.maximum(to_questions, to_pairs)
        near += np.float32(FARTHER) * np.minimum(to_questions, to_pairs)
        rows = np.arange(len(block))
        own = near[rows, start + rows].copy()
        near[rows, start + rows] = -np.inf
        margins[start : start + len(block)] = own - near.max(axis=1)
    return margins
