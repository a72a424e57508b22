"""The guard: a text at fault is told from a sick model, and a sick model is left alone."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence

import numpy as np
import pytest

from embedders.guard import Backoff, GuardedModel
from embeddings import PROBE, FloatArray, WrongAnswer
from messages import cite
from tests.support.client import eventually
from tests.support.embedder import HashEmbedder
from turns import EmbedderBusy

QUICK = Backoff(first_seconds=0.05, most_seconds=0.2)


class Sick(HashEmbedder):
    """Fails in one way while it is sick, and always on texts with the word poison."""

    def __init__(self, way: str = "") -> None:
        super().__init__()
        self.way = way
        self.calls: list[list[str]] = []

    def encode_passages(self, texts: Sequence[str]) -> FloatArray:
        return self._answer(texts)

    def encode_queries(self, texts: Sequence[str]) -> FloatArray:
        return self._answer(texts)

    def _answer(self, texts: Sequence[str]) -> FloatArray:
        self.calls.append(list(texts))
        vectors = super().encode_passages(texts)
        if any("poison" in text for text in texts) or self.way == "raises":
            raise RuntimeError("secret text")
        if self.way == "late":
            raise TimeoutError("It did not answer.")
        if self.way == "busy":
            raise EmbedderBusy(cite("It can't be reached."))
        if self.way == "dimension":
            return vectors[:, :-1]
        if self.way == "count":
            return vectors[:-1]
        if self.way == "flat":
            return vectors.ravel()
        factor = {"NaN": np.nan, "zeros": 0.0, "infinite": np.inf, "long": 2.0}.get(self.way, 1.0)
        return vectors * np.float32(factor)


WAYS = [
    "raises", "late", "busy", "dimension", "count", "flat", "NaN", "zeros", "infinite", "long",
]  # fmt: skip


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
@pytest.mark.parametrize("way", WAYS)
def test_a_sick_model_is_left_alone_until_it_answers(way: str) -> None:
    model = Sick(way)
    guard = GuardedModel(model, backoff=QUICK)
    for encode in (guard.encode_windows, guard.encode_queries):
        with pytest.raises(EmbedderBusy) as raised:
            encode(["a", "b"])
        assert "secret" not in str(raised.value)
        assert str(raised.value).endswith(".")
        assert raised.value.retry_after >= 1
        asked = len(model.calls)
        with pytest.raises(EmbedderBusy) as again:
            encode(["a", "b"])
        assert str(again.value) == str(raised.value)
        assert len(model.calls) == asked
        model.way = ""
        time.sleep(0.06)
        assert encode(["a", "b"]).shape == (2, 32)
        model.way = way


@pytest.mark.parametrize("way", ["raises", "NaN"])
def test_texts_at_fault_are_no_trouble(way: str) -> None:
    guard = GuardedModel(Sick(), backoff=QUICK)
    for encode in (guard.encode_windows, guard.encode_queries):
        with pytest.raises(RuntimeError):
            encode(["a", "poison"])
        assert encode(["a"]).shape == (1, 32)


def test_a_model_that_refuses_passages_alone_answers_queries() -> None:
    class Half(Sick):
        def encode_windows(self, windows: Sequence[str]) -> FloatArray:
            raise WrongAnswer(cite("The embedding server answered 400."))

    guard = GuardedModel(Half(), backoff=QUICK)
    for _ in range(3):
        with pytest.raises(EmbedderBusy, match="400"):
            guard.encode_windows(["a"])
        assert guard.encode_queries(["a"]).shape == (1, 32)


def test_a_sick_model_is_asked_ever_more_seldom() -> None:
    """In the 0.7 seconds it is asked after 0.05, 0.15, 0.35 and 0.55 seconds."""
    model = Sick("raises")
    guard = GuardedModel(model, backoff=QUICK)
    end = time.monotonic() + 0.7
    while time.monotonic() < end:
        with pytest.raises(EmbedderBusy):
            guard.encode_windows(["a"])
        time.sleep(0.002)
    # Once itself, then the probe.
    assert all(call == [PROBE] for call in model.calls[1:])
    assert 4 <= len(model.calls) <= 7


def test_a_model_that_answers_nothing_but_the_probe_is_asked_ever_more_seldom() -> None:
    class Limited(Sick):
        def encode_windows(self, windows: Sequence[str]) -> FloatArray:
            if list(windows) != [PROBE]:
                self.calls.append(list(windows))
                raise EmbedderBusy(cite("The embedding server answered 429."))
            return super().encode_windows(windows)

    model = Limited()
    guard = GuardedModel(model, backoff=QUICK)
    end = time.monotonic() + 0.7
    while time.monotonic() < end:
        with pytest.raises(EmbedderBusy):
            guard.encode_windows(["a"])
        time.sleep(0.002)
    assert model.calls.count(["a"]) <= 6


def test_one_caller_tries_a_sick_model_and_the_others_fail_at_once() -> None:
    entered, leave = threading.Event(), threading.Event()

    class Hanging(Sick):
        def encode_queries(self, texts: Sequence[str]) -> FloatArray:
            if self.way == "hangs":
                entered.set()
                leave.wait(60)
                raise TimeoutError("It did not answer.")
            return super().encode_queries(texts)

    model = Hanging("late")
    guard = GuardedModel(model, backoff=Backoff(0.01, 0.01))
    with pytest.raises(EmbedderBusy):
        guard.encode_queries(["a"])
    model.way = "hangs"
    time.sleep(0.02)

    def try_it() -> None:
        with pytest.raises(EmbedderBusy):
            guard.encode_queries(["a"])

    thread = threading.Thread(target=try_it)
    thread.start()
    assert entered.wait(60)
    try_it()
    assert thread.is_alive()  # it still hangs, and this caller did not wait for it
    leave.set()
    thread.join(60)


def test_another_model_that_answers_later_is_sick() -> None:
    model = Sick()
    (reference,) = model.encode_queries([PROBE])
    guard = GuardedModel(model, reference=reference, backoff=QUICK)
    assert guard.encode_queries(["a"]).shape == (1, 32)
    model.way = "raises"
    with pytest.raises(EmbedderBusy):
        guard.encode_queries(["a"])
    model.way = ""
    model._encode = lambda text: np.eye(32, dtype=np.float32)[0]  # type: ignore[method-assign]
    eventually(lambda: "another model" in _reason(guard))


def _reason(guard: GuardedModel) -> str:
    with pytest.raises(EmbedderBusy) as raised:
        guard.encode_queries(["a"])
    return str(raised.value)


def test_a_trouble_is_logged_once_and_so_is_its_end(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "embedders.guard")
    model = Sick("raises")
    guard = GuardedModel(model, backoff=Backoff(0.001, 0.001))
    for _ in range(5):
        for encode in (guard.encode_windows, guard.encode_queries):
            with pytest.raises(EmbedderBusy):
                encode(["a"])
        time.sleep(0.002)
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "secret" not in caplog.text
    model.way = ""
    time.sleep(0.002)
    guard.encode_windows(["a"])
    guard.encode_queries(["a"])
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]


def test_what_comes_back_for_passages_is_tried_for_queries() -> None:
    model = Sick("raises")
    guard = GuardedModel(model, backoff=Backoff(60, 60))
    for _ in range(3):
        guard._queries.try_soon()
        with pytest.raises(EmbedderBusy):
            guard.encode_queries(["a"])
    with pytest.raises(EmbedderBusy):
        guard.encode_windows(["a"])
    model.way = ""
    with pytest.raises(EmbedderBusy):
        guard.encode_queries(["a"])
    guard._passages.try_soon()
    guard.encode_windows(["a"])
    assert guard.encode_queries(["a"]).shape == (1, 32)
