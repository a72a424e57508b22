"""One function for each thing that is measured; times in milliseconds, rates a second."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

from bench.service import Caller, Service
from bench.texts import Faq
from embedders.sentence import SentenceModel
from embeddings import pair_text

# A rate is measured for so long.
SECONDS = 8.0


def timed(run: Callable[[], object]) -> float:
    """Return how many milliseconds it took."""
    started = time.perf_counter()
    run()
    return (time.perf_counter() - started) * 1000


def percentile(times: Iterable[float], share: int) -> float:
    """Return the time that `share` % of them do not exceed."""
    return statistics.quantiles(times, n=100, method="inclusive")[share - 1]


def import_rate(service: Service, faq: Faq, name: str) -> float:
    """Return pairs a second from the beginning of the upload to the end of the job."""
    return len(faq.pairs) / (timed(lambda: service.upload(faq.csv, name)) / 1000)


def plain_import_rate(store: Callable[[str, str], None], faq: Faq) -> float:
    def run() -> None:
        for question, answer in faq.pairs:
            store(question, answer)

    return len(faq.pairs) / (timed(run) / 1000)


def floor_import_rate(model: SentenceModel, faq: Faq, batch: int) -> float:
    """Return pairs a second of bare encode, by length, `batch` texts at a time."""
    texts = [question for question, _ in faq.pairs]
    texts += [pair_text(question, answer) for question, answer in faq.pairs]
    counts = dict(zip(texts, model.token_counts(texts), strict=True))
    texts.sort(key=counts.__getitem__)

    def run() -> None:
        for start in range(0, len(texts), batch):
            model.encode_passages(texts[start : start + batch])

    return len(faq.pairs) / (timed(run) / 1000)


def idle_searches(
    caller: Caller, model: SentenceModel, questions: Iterator[str], count: int
) -> tuple[list[float], list[float]]:
    """Return the times of searches, and of the bare encode of questions like them, in turns."""

    def encode(question: str) -> None:
        model.transformer.encode_query(question, show_progress_bar=False)

    searches, bare = [], []
    for _ in range(count):
        question, other = next(questions), next(questions)
        searches.append(timed(lambda q=question: caller.search(q)))  # type: ignore[misc]
        bare.append(timed(lambda q=other: encode(q)))  # type: ignore[misc]
    return searches, bare


def clients(
    make: Callable[[], Callable[[str], object]], questions: Iterator[str], number: int
) -> tuple[float, float]:
    """Return searches a second and p95 of `number` clients that search without a pause."""
    lock, times = threading.Lock(), list[float]()
    end = time.perf_counter() + SECONDS

    def run() -> None:
        search = make()
        while time.perf_counter() < end:
            with lock:
                question = next(questions)
            took = timed(lambda q=question: search(q))  # type: ignore[misc]
            with lock:
                times.append(took)

    started = time.perf_counter()
    with ThreadPoolExecutor(number) as pool:
        for future in [pool.submit(run) for _ in range(number)]:
            future.result()
    return len(times) / (time.perf_counter() - started), percentile(times, 95)


def searches_during(
    service: Service, csv: bytes, questions: Iterator[str], count: int
) -> list[float]:
    """Return the times of searches while an upload is embedded, 20 ms apart."""
    with ThreadPoolExecutor(1) as pool:
        job = pool.submit(service.upload, csv, "busy")
        time.sleep(1)
        caller, times = Caller(service), list[float]()
        while len(times) < count and not job.done():
            times.append(timed(lambda: caller.search(next(questions))))
            time.sleep(0.02)
        if job.done():
            raise RuntimeError(f"the import ended after {len(times)} searches")
        newest = caller.call("GET", "/jobs?limit=1")["results"][0]
        caller.call("POST", f"/jobs/{newest['id']}/cancel")
    return times


def recall(caller: Caller, faq: Faq, collection: str) -> tuple[float, float]:
    """Return the shares of queries whose expected question comes first, and among five."""
    first = five = 0
    for query, expected in faq.queries:
        found = [r["question"] for r in caller.search(query, limit=5, collection=collection)]
        first += found[:1] == [expected.strip()]
        five += expected.strip() in found
    return first / len(faq.queries), five / len(faq.queries)
