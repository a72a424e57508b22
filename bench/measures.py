"""One function for each thing to measure. Times are in milliseconds, rates are per second."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

from bench.service import MeasuredService
from bench.texts import Faq
from embedders.sentence import SentenceModel
from embeddings import pair_text
from local_service import Client

# For so long a rate is measured.
SECONDS = 8.0


def timed(run: Callable[[], object]) -> float:
    """Run it, and return how many milliseconds it took."""
    started = time.perf_counter()
    run()
    return (time.perf_counter() - started) * 1000


def percentile(times: Iterable[float], share: int) -> float:
    """Return the time that `share` % of them do not exceed."""
    return statistics.quantiles(times, n=100, method="inclusive")[share - 1]


def import_rate(service: MeasuredService, faq: Faq, name: str) -> float:
    """Return pairs a second from the beginning of the upload to the end of the job."""
    return len(faq.pairs) / (timed(lambda: service.import_file(faq.csv, name)) / 1000)


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
    client: Client, model: SentenceModel, questions: Iterator[str], count: int
) -> tuple[list[float], list[float]]:
    """Return the times of searches, and of the bare encode of questions like them, in turns."""

    def encode(question: str) -> None:
        model.encode_queries([question])

    searches, bare = [], []
    for _ in range(count):
        question, other = next(questions), next(questions)
        searches.append(timed(lambda q=question: client.search(q)))  # type: ignore[misc]
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
    service: MeasuredService, csv: bytes, questions: Iterator[str], count: int
) -> list[float]:
    """Return the times of searches while an upload is embedded, 20 ms apart."""
    with ThreadPoolExecutor(1) as pool:
        job = pool.submit(service.import_file, csv, "busy")
        time.sleep(1)
        client, times = service.client(), list[float]()
        while len(times) < count and not job.done():
            times.append(timed(lambda: client.search(next(questions))))
            time.sleep(0.02)
        if job.done():
            raise RuntimeError(f"the import ended after {len(times)} searches")
        newest = client.call("GET", "/jobs?limit=1")["results"][0]
        client.call("POST", f"/jobs/{newest['id']}/cancel")
    return times


def recall(client: Client, faq: Faq, collection: str) -> tuple[float, float]:
    """Return the shares of queries whose expected question comes first, and among five."""
    first = five = 0
    for query, expected in faq.queries:
        answer = client.search(query, limit=5, collection=collection)
        found = [result["question"] for result in answer["results"]]
        first += found[:1] == [expected.strip()]
        five += expected.strip() in found
    return first / len(faq.queries), five / len(faq.queries)
