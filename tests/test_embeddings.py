"""The scheduler before the model: queries first, shared batches, bounds, the cache, bad texts."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from embedders.guard import GuardedModel
from embeddings import (
    MOST_PIECES,
    PIECE_BYTES,
    EmbeddingFailed,
    EmbeddingService,
    FloatArray,
    Window,
    cut_pieces,
)
from tests.support.embedder import HashEmbedder
from turns import QUERY_BATCH, EmbedderBusy, Limits


class RecordingEmbedder(HashEmbedder):
    """Notes each call of the model, and can be held in one."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[str, list[str]]] = []
        self.entered = threading.Event()
        self.leave = threading.Event()
        self.leave.set()

    def encode_queries(self, texts: Sequence[str]) -> FloatArray:
        self._call("query", texts)
        return super().encode_queries(texts)

    def encode_passages(self, texts: Sequence[str]) -> FloatArray:
        self._call("passage", texts)
        return super().encode_passages(texts)

    def _call(self, kind: str, texts: Sequence[str]) -> None:
        self.calls.append((kind, list(texts)))
        self.entered.set()
        assert self.leave.wait(60)

    def hold(self) -> None:
        self.entered.clear()
        self.leave.clear()


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def waiting(service: EmbeddingService) -> int:
    return service._turns.waiting_texts


def test_queries_that_wait_together_share_a_batch() -> None:
    model = RecordingEmbedder()
    service = EmbeddingService(model)
    model.hold()
    with ThreadPoolExecutor(8) as executor:
        first = executor.submit(service.embed_query, "first")
        assert model.entered.wait(60)
        others = [executor.submit(service.embed_query, f"q{n}") for n in range(6)]
        until(lambda: waiting(service) == 6)
        model.leave.set()
        assert first.result(60).shape == (32,)
        for n, other in enumerate(others):
            np.testing.assert_array_equal(other.result(60), HashEmbedder()._encode(f"q{n}"))
    assert [len(texts) for _, texts in model.calls] == [1, 6]


def test_a_query_goes_before_the_next_batch_of_an_import() -> None:
    limits = Limits(batch_tokens=16, busy_batch_tokens=16, patience_seconds=60)
    model = RecordingEmbedder()
    service = EmbeddingService(model, limits=limits)
    model.hold()
    with ThreadPoolExecutor(2) as executor:
        passages = executor.submit(service.embed_passages, [f"text {n}" for n in range(40)])
        assert model.entered.wait(60)
        query = executor.submit(service.embed_query, "urgent")
        until(lambda: waiting(service) == 1)
        model.leave.set()
        query.result(60)
        assert len(passages.result(60)) == 40
    kinds = [kind for kind, _ in model.calls]
    assert kinds.index("query") == 1
    assert kinds.count("passage") > 5


def test_an_import_goes_on_under_queries_without_end() -> None:
    limits = Limits(patience_seconds=0.05)
    service = EmbeddingService(RecordingEmbedder(), cache_size=0, limits=limits)
    stop = threading.Event()

    def ask(name: int) -> None:
        n = 0
        while not stop.is_set():
            service.embed_query(f"{name} {n}")
            n += 1

    with ThreadPoolExecutor(5) as executor:
        asking = [executor.submit(ask, n) for n in range(4)]
        passages = executor.submit(service.embed_passages, [f"text {n}" for n in range(200)])
        try:
            assert len(passages.result(60)) == 200
        finally:
            stop.set()
        for each in asking:
            each.result(60)


def test_a_full_line_and_a_long_wait_are_busy() -> None:
    model = RecordingEmbedder()
    service = EmbeddingService(model, limits=Limits(query_texts=3, query_seconds=2.0))
    model.hold()
    with ThreadPoolExecutor(3) as executor:
        first = executor.submit(service.embed_query, "first")
        assert model.entered.wait(60)
        late = executor.submit(service.embed_queries, ["a", "b"])
        until(lambda: waiting(service) == 2)
        with pytest.raises(EmbedderBusy) as busy:
            service.embed_queries(["c", "d"])
        assert busy.value.retry_after > 0
        with pytest.raises(EmbedderBusy, match="in time"):
            late.result(60)
        assert waiting(service) == 0
        model.leave.set()
        first.result(60)


def test_a_repeated_question_costs_no_model_and_the_cache_is_bounded() -> None:
    model = RecordingEmbedder()
    service = EmbeddingService(model, cache_size=2)
    one = service.embed_query("What is  it?")
    np.testing.assert_array_equal(service.embed_query(" What is it?\u200b"), one)
    assert len(model.calls) == 1
    service.embed_queries(["b", "c", "c"])
    assert model.calls[-1] == ("query", ["b", "c"])
    service.embed_query("What is it?")
    assert len(model.calls) == 3
    service.embed_query("c")
    service.embed_query("d")
    assert len(model.calls) == 4
    service.embed_query("c")
    assert len(model.calls) == 4
    service.embed_query("What is it?")
    assert len(model.calls) == 5


def test_a_cache_for_no_question_keeps_none() -> None:
    model = RecordingEmbedder()
    service = EmbeddingService(model, cache_size=0)
    service.embed_query("a")
    service.embed_query("a")
    assert len(model.calls) == 2


@pytest.mark.parametrize("kind", ["raises", "NaN", "zeros", "dimension"])
def test_a_question_that_the_model_fails_on_fails_alone(kind: str) -> None:
    class Failing(RecordingEmbedder):
        def encode_queries(self, texts: Sequence[str]) -> FloatArray:
            vectors = super().encode_queries(texts)
            # Whoever waits looks at its ticket between two calls.
            with service._turns._turn:
                service._turns._turn.notify_all()
            time.sleep(0.01)
            if "bad" not in texts:
                return vectors
            if kind == "raises":
                raise RuntimeError("of the model")
            if kind == "dimension":
                return vectors[:, :-1]
            vectors[list(texts).index("bad")] = np.nan if kind == "NaN" else 0
            return vectors

    model = Failing()
    service = EmbeddingService(GuardedModel(model))
    model.hold()
    with ThreadPoolExecutor(8) as executor:
        executor.submit(service.embed_query, "first")
        assert model.entered.wait(60)
        asked = {text: executor.submit(service.embed_query, text) for text in ("a", "bad", "b")}
        until(lambda: waiting(service) == 3)
        model.leave.set()
        for text in ("a", "b"):
            assert asked[text].result(60).shape == (32,)
        with pytest.raises(EmbeddingFailed):
            asked["bad"].result(60)
    assert service.embed_query("good").shape == (32,)


def test_others_get_their_turn_between_the_parts_of_many_questions() -> None:
    model = RecordingEmbedder()
    service = EmbeddingService(model)
    texts = [f"q{n}" for n in range(100)]
    vectors = service.embed_queries(texts)
    assert max(len(called) for _, called in model.calls) <= QUERY_BATCH
    np.testing.assert_array_equal(vectors[77], HashEmbedder()._encode("q77"))


@pytest.mark.parametrize("kind", ["raises", "nan", "zeros", "dimension"])
def test_a_text_that_the_model_fails_on_stands_alone(kind: str) -> None:
    class Poisoned(HashEmbedder):
        def encode_passages(self, texts: Sequence[str]) -> FloatArray:
            vectors = super().encode_passages(texts)
            if "poison" not in texts:
                return vectors
            if kind == "raises":
                raise RuntimeError
            if kind == "dimension":
                return vectors[:, 1:]
            vectors[list(texts).index("poison")] = np.nan if kind == "nan" else 0
            return vectors

    texts = ["a", "poison", "b", "poison", "c"]
    vectors = EmbeddingService(GuardedModel(Poisoned())).embed_passages(texts)
    assert [vector is None for vector in vectors] == [False, True, False, True, False]
    expected = HashEmbedder().encode_passages(["a", "b", "c"])
    np.testing.assert_array_equal(np.stack([v for v in vectors if v is not None]), expected)


def test_batches_hold_texts_of_like_length_within_the_budget() -> None:
    model = RecordingEmbedder()
    service = EmbeddingService(model, limits=Limits(batch_tokens=512))
    texts = [" ".join(["w"] * (1 + n % 60)) + f" {n}" for n in range(300)]
    vectors = service.embed_passages(texts)
    np.testing.assert_array_equal(
        np.stack([v for v in vectors if v is not None]), HashEmbedder().encode_passages(texts)
    )
    for _, batch in model.calls:
        counts = model.token_counts(batch)
        assert len(batch) * max(counts) <= 512
        assert max(counts) - min(counts) <= 8
    assert sum(len(batch) for _, batch in model.calls) == 300


@pytest.mark.parametrize(("busy_seconds", "later"), [(60, [20] * 5), (0, [64, 36])])
def test_batches_are_small_while_queries_come_and_large_while_none_do(
    busy_seconds: float, later: list[int]
) -> None:
    # A text has 4 tokens, to which 4 special ones are added.
    limits = Limits(batch_tokens=64 * 8, busy_batch_tokens=20 * 8, busy_seconds=busy_seconds)
    model = RecordingEmbedder()
    service = EmbeddingService(model, limits=limits)
    texts = [f"text number {n}" for n in range(100)]
    service.embed_passages(texts)
    service.embed_query("now")
    service.embed_passages(texts)
    sizes = [len(batch) for kind, batch in model.calls if kind == "passage"]
    assert sizes == [64, 36, *later]


class Short(HashEmbedder):
    """Takes so many characters at once."""

    def __init__(self, chars: int) -> None:
        super().__init__()
        self._chars = chars

    def passage_windows(self, texts: Sequence[str]) -> list[list[Window]]:
        size = self._chars
        cut = [[text[n : n + size] for n in range(0, len(text), size)] for text in texts]
        return [[Window(part, len(part)) for part in parts] for parts in cut]


def test_a_long_text_is_the_mean_of_its_windows_by_their_tokens() -> None:
    model = Short(6)
    one, long = EmbeddingService(model).embed_passages(["alpha", "first second"])
    assert one is not None
    assert long is not None
    np.testing.assert_array_equal(one, model.encode_passages(["alpha"])[0])
    expected = (model.encode_passages(["first ", "second"]) * 6).sum(axis=0)
    np.testing.assert_allclose(long, expected / np.linalg.norm(expected), rtol=1e-6)


def test_an_empty_text_and_no_texts_are_taken() -> None:
    service = EmbeddingService(HashEmbedder())
    assert service.embed_passages([]) == []
    assert service.embed_passages([""])[0] is not None
    assert service.embed_query("").shape == (32,)


def test_nobody_waits_for_a_closed_service() -> None:
    service = EmbeddingService(HashEmbedder())
    service.close()
    with pytest.raises(EmbedderBusy, match="is stopping"):
        service.embed_query("late")
    with pytest.raises(EmbedderBusy, match="is stopping"):
        service.embed_passages(["late"])


@pytest.mark.parametrize("method", ["embed_queries", "embed_passages", "embed_queries_aside"])
def test_the_end_waits_for_the_call_in_hand_and_lets_no_other_begin(method: str) -> None:
    """Else the model's libraries may abort the process."""
    model = RecordingEmbedder()
    service = EmbeddingService(model)
    model.hold()
    with ThreadPoolExecutor(3) as executor:
        running = executor.submit(getattr(service, method), ["in hand"])
        assert model.entered.wait(60)
        waiting = executor.submit(service.embed_passages, ["next"])
        closing = executor.submit(service.close)
        with pytest.raises(EmbedderBusy, match="is stopping"):
            waiting.result(60)
        assert not closing.done()
        model.leave.set()
        closing.result(60)
        assert len(running.result(60)) == 1
    assert [texts for _, texts in model.calls] == [["in hand"]]


@pytest.mark.parametrize("text", ["word " * 300, "日本語のテキスト" * 60, "x" * 1_000, "", "one"])
def test_pieces_hold_the_whole_text(text: str) -> None:
    pieces = cut_pieces(text, 200)
    assert all(0 < len(piece.encode()) <= 200 for piece in pieces)
    assert "".join(pieces).replace(" ", "") == text.replace(" ", "")
    assert "wor d" not in " ".join(pieces)


def test_a_long_text_has_a_vector_for_each_of_its_pieces() -> None:
    model = Short(300)
    text = " ".join(f"{n:04}" for n in range(100))
    service = EmbeddingService(model)
    long, short = service.embed_with_pieces([text, "alpha"])
    assert long is not None
    assert short is not None
    assert len(long.pieces) == len(cut_pieces(text, PIECE_BYTES)) == 2
    assert not short.pieces
    (whole,) = service.embed_passages([text])
    assert whole is not None
    assert np.array_equal(long.whole, whole)
    (very_long,) = service.embed_with_pieces([text * 1_000])
    assert very_long is not None
    assert MOST_PIECES / 2 < len(very_long.pieces) <= 1.1 * MOST_PIECES + 1
