"""Near vectors: what comparing all of them one by one finds."""

from __future__ import annotations

import numpy as np
import pytest

from embeddings import FloatArray
from services import neighbours
from services.neighbours import find_near, measure_margins


def make(rows: int, seed: int) -> FloatArray:
    made = np.random.default_rng(seed).normal(size=(rows, 8)).astype(np.float32)
    vectors: FloatArray = made / np.linalg.norm(made, axis=1, keepdims=True)
    return vectors


@pytest.mark.parametrize("block", [3, 16, 1_000])
def test_each_near_pair_of_different_owners_comes_once(
    block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(neighbours, "BLOCK", block)
    vectors, owners = make(40, 1), np.arange(40) // 2
    found = {(a, b) for a, b, _ in find_near(vectors, owners, 0.5, 40)}
    cosines = vectors @ vectors.T
    assert found == {
        (a, b)
        for a in range(40)
        for b in range(a + 1, 40)
        if cosines[a, b] >= 0.5 and a // 2 != b // 2
    }
    assert len(found) > 20


def test_the_nearest_count_where_there_are_many() -> None:
    vectors = make(40, 2)
    pairs = [(a, cosine) for a, _, cosine in find_near(vectors, np.arange(40), -1.0, 3)]
    assert len(pairs) == 37 * 3 + 2 + 1
    assert pairs[0][1] == pytest.approx(float((vectors[1:] @ vectors[0]).max()), abs=1e-6)


@pytest.mark.parametrize("block", [3, 1_000])
def test_a_margin_is_to_the_nearest_other_item(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbours, "BLOCK", block)
    questions, pairs = make(10, 3), make(10, 4)
    to_questions, to_pairs = questions @ questions.T, questions @ pairs.T
    near = 0.7 * np.maximum(to_questions, to_pairs) + 0.3 * np.minimum(to_questions, to_pairs)
    others = near - 10 * np.eye(10)
    expected = np.diag(near) - others.max(axis=1)
    assert measure_margins(questions, pairs) == pytest.approx(expected, abs=1e-5)
