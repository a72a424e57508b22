"""A model's constants: measured once, stored with the model, known for the bundled one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from threading import Event

import numpy as np
import pytest

import store.models
from db import Pool
from embedders.sentence import SentenceModel
from embeddings import EmbeddingService, FloatArray
from messages import cite
from services import calibration
from services.calibration import (
    KNOWN,
    Calibration,
    compute_constants,
    measure_constants,
    read_background,
)
from store.models import Constants
from tests.support.client import eventually
from tests.support.embedder import HashEmbedder
from turns import EmbedderBusy


class Held(HashEmbedder):
    """An embedder that waits until it is let go, and counts the questions."""

    def __init__(self, identity: str = "held") -> None:
        super().__init__(identity=identity)
        self.go = Event()
        self.asked = 0
        self.busy = 0

    def encode_queries(self, texts: Sequence[str]) -> FloatArray:
        self.go.wait(60)
        if self.busy:
            self.busy -= 1
            raise EmbedderBusy(cite("The model is sick."))
        self.asked += len(texts)
        return super().encode_queries(texts)


@pytest.fixture
def embedder() -> Iterator[Held]:
    embedder = Held()
    yield embedder
    embedder.go.set()


def make(pool: Pool, embedder: HashEmbedder) -> Calibration:
    model = store.models.register_model(pool, embedder.identity, embedder.dimension)
    return Calibration(pool, model, EmbeddingService(embedder))


def test_the_constants_are_those_of_the_cosines_but_for_a_text_s_own() -> None:
    vectors = np.eye(12, dtype=np.float32)
    vectors[0, 1] = 0.5
    constants = compute_constants(vectors, np.eye(12, dtype=np.float32))
    others = [0.5] + [0.0] * 131
    assert constants.spread == pytest.approx(np.std(others))
    assert constants.top == pytest.approx(0.05 / 12)


def test_vectors_that_tell_nothing_apart_have_a_spread() -> None:
    same = np.ones((12, 3), np.float32)
    assert compute_constants(same, same).spread > 0


def test_a_new_model_is_measured_once_and_stored(pool: Pool, embedder: Held) -> None:
    embedder.go.set()
    first = make(pool, embedder)
    first.start()
    eventually(lambda: first.get_constants() is not None)
    second = make(pool, embedder)
    second.start()
    eventually(lambda: second.get_constants() is not None)
    assert second.get_constants() == first.get_constants()
    assert embedder.asked == len(read_background())


def test_a_search_waits_shortly_and_once(
    pool: Pool, embedder: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calibration, "PATIENCE_SECONDS", 0.05)
    measured = make(pool, embedder)
    measured.start()
    assert measured.get_constants() is None
    assert measured._patience == 0
    embedder.go.set()
    eventually(lambda: measured.get_constants() is not None)


def test_another_process_that_measures_is_waited_for_and_given_up(
    pool: Pool, embedder: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedder.go.set()
    model = store.models.register_model(pool, embedder.identity, embedder.dimension)
    assert store.models.claim_measuring(pool, model)
    assert not store.models.claim_measuring(pool, model)
    monkeypatch.setattr(store.models, "MEASURING_SECONDS", 0.0)
    assert store.models.claim_measuring(pool, model)
    store.models.release_measuring(pool, model)
    assert store.models.claim_measuring(pool, model)


def test_a_sick_model_is_tried_again(
    pool: Pool, embedder: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calibration, "LOOK_SECONDS", 0.01)
    embedder.busy = 2
    embedder.go.set()
    measured = make(pool, embedder)
    measured.start()
    eventually(lambda: measured.get_constants() is not None)
    assert embedder.busy == 0
    assert embedder.asked == len(read_background())


def test_a_change_of_model_has_constants_of_its_own(pool: Pool) -> None:
    found = []
    for identity in ("one", "other"):
        measured = make(pool, HashEmbedder(64 if identity == "one" else 16, identity))
        measured.start()
        eventually(lambda measured=measured: measured.get_constants() is not None)  # type: ignore[misc]
        found.append(measured.get_constants())
    assert found[0] != found[1]


def test_the_bundled_model_s_constants_are_known_and_right(
    pool: Pool, openvino_model: SentenceModel
) -> None:
    known = KNOWN[openvino_model.identity]
    model = store.models.register_model(pool, openvino_model.identity, openvino_model.dimension)
    service = EmbeddingService(openvino_model)
    # At once, before anything is started.
    assert Calibration(pool, model, service).get_constants() == known
    measured = measure_constants(service)
    assert known == Constants(spread=0.03421, top=0.83848)
    assert measured.spread == pytest.approx(known.spread, rel=0.01)
    assert measured.top == pytest.approx(known.top, rel=0.01)
