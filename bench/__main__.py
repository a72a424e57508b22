"""`make bench`: the real service beside its baselines, in one run. Results go to bench/results."""

from __future__ import annotations

import itertools
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import embedders.bundled
from bench import measures
from bench.baseline import Plain, load_floor
from bench.report import Report
from bench.service import MeasuredService
from bench.texts import Faq, make_csv, read_faq, reword
from bench.txtai import PYTHON, Txtai, TxtaiCaller
from embedders.sentence import SentenceModel

ITEMS = 2_000
SEARCHES = 200
ROUNDS = 3
SETTLING_SECONDS = 15.0


def main() -> None:
    report = Report()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        data_dir = Path(folder)
        service = MeasuredService(data_dir)
        report.add("first start to ready", service.ready_seconds, "s", most=60)
        service.stop()
        service = MeasuredService(data_dir)
        try:
            report.add("later start to ready", service.ready_seconds, "s", most=15)
            _measure(report, service, data_dir)
        finally:
            service.stop()
        _measure_processes(report, data_dir)
    report.write()


def _measure(report: Report, service: MeasuredService, data_dir: Path) -> None:
    texts = read_faq()
    report.add("memory after the start", service.memory_mb(), "MB")
    plain, model = Plain(data_dir), load_floor(data_dir)
    plain.store("warm", "up")
    model.encode_queries(["warm up"])
    questions = reword(texts.queries)

    _measure_import(report, service, texts, plain, model)
    with closing(service.client()) as client:
        first, five = measures.recall(client, texts, "faq0")
    report.add("expected question first", 100 * first, "%", least=67)
    report.add("expected question among five", 100 * five, "%", least=95)

    service.import_file(make_csv(texts.pairs, ITEMS - ROUNDS * len(texts.pairs)), "filler")
    # The service becomes idle when the index is built and its table vacuumed.
    time.sleep(SETTLING_SECONDS)
    _measure_searches(report, service, plain, model, questions)
    _measure_clients(report, service, data_dir, texts, plain, questions)

    busy = measures.searches_during(service, make_csv(texts.pairs, 20_000), questions, SEARCHES)
    report.add("search p50 during an import", statistics.median(busy), "ms")
    report.add("  p95", measures.percentile(busy, 95), "ms", most=60)
    report.add("memory at the end", service.memory_mb(), "MB")


def _measure_import(
    report: Report, service: MeasuredService, texts: Faq, plain: Plain, model: SentenceModel
) -> None:
    ours, theirs, bare = [], [], []
    for n in range(ROUNDS):
        ours.append(measures.import_rate(service, texts, f"faq{n}"))
        theirs.append(measures.plain_import_rate(plain.store, texts))
        bare.append(max(measures.floor_import_rate(model, texts, b) for b in (4, 8, 16)))
    rate, plain_rate, floor_rate = map(statistics.median, (ours, theirs, bare))
    report.add(f"import of {texts.name}", rate, "pairs/s")
    report.add("  torch, one text at a time, one vector a pair", plain_rate, "pairs/s")
    report.add("  bare encode of the same texts, best batch", floor_rate, "pairs/s")
    report.add("  over torch", rate / plain_rate, "×", least=3)
    report.add("  of the floor", 100 * rate / floor_rate, "%", least=85)


def _measure_searches(
    report: Report,
    service: MeasuredService,
    plain: Plain,
    model: SentenceModel,
    questions: Iterator[str],
) -> None:
    """Measure one client that searches on an idle service."""
    client = service.client()
    searches, encodes = measures.idle_searches(client, model, questions, SEARCHES)
    plain_searches = [measures.timed(lambda: plain.search(next(questions))) for _ in range(30)]
    p50, encode, plain_p50 = map(statistics.median, (searches, encodes, plain_searches))
    report.add(f"search p50, idle, {ITEMS:,} items", p50, "ms")
    report.add("  p95", measures.percentile(searches, 95), "ms")
    report.add("  bare encode p50", encode, "ms")
    report.add("  over bare encode", p50 / encode, "×", most=1.5)
    report.add("  above bare encode", p50 - encode, "ms", most=3)
    report.add("  plain service (scrypt + torch) p50", plain_p50, "ms")
    report.add("  faster than the plain one", plain_p50 / p50, "×", least=12)
    repeated = [measures.timed(lambda: client.search("the same again")) for _ in range(SEARCHES)]
    report.add("repeated question p50", statistics.median(repeated), "ms", most=3)
    client.close()


def _measure_clients(
    report: Report,
    service: MeasuredService,
    data_dir: Path,
    texts: Faq,
    plain: Plain,
    questions: Iterator[str],
) -> None:
    """Measure several clients that search without a pause."""
    plain_rate8, _ = measures.clients(lambda: plain.search, questions, 8)
    other_rate8 = _measure_txtai(report, data_dir, texts, questions)
    for number in (1, 8, 32):
        searches_s, p95 = measures.clients(lambda: service.client().search, questions, number)
        report.add(f"{number} clients", searches_s, "searches/s")
        report.add("  p95", p95, "ms")
        if number == 8:
            report.add("  plain service, 8 threads", plain_rate8, "searches/s")
            report.add("  over the plain one", searches_s / plain_rate8, "×", least=14)
            if other_rate8:
                report.add("  over txtai", searches_s / other_rate8, "×", least=4)


def _measure_txtai(
    report: Report, data_dir: Path, texts: Faq, questions: Iterator[str]
) -> float | None:
    """Measure txtai with the same model and as many items; return the rate of 8 clients."""
    if not PYTHON.exists():
        print("txtai is not installed (bench/README.md): it is left out")
        return None
    source = embedders.bundled.find_source_file()
    assert source is not None
    server = Txtai(data_dir, embedders.bundled.make_bundled_model(source, data_dir))
    try:
        server.store(texts.pairs[:1])  # it loads its model at the first text
        rate = len(texts.pairs) / (measures.timed(lambda: server.store(texts.pairs)) / 1000)
        report.add("txtai: import, one vector a pair", rate, "pairs/s")
        filler = list(itertools.islice(itertools.cycle(texts.pairs), ITEMS))
        server.store([(f"{q} ({n})", a[:80]) for n, (q, a) in enumerate(filler)])
        caller = TxtaiCaller(server)
        times = [measures.timed(lambda: caller.search(next(questions))) for _ in range(100)]
        report.add("  search p50, idle", statistics.median(times), "ms")
        rate8, p95 = measures.clients(lambda: TxtaiCaller(server).search, questions, 8)
        report.add("  8 clients", rate8, "searches/s")
        report.add("  p95", p95, "ms")
        return rate8
    finally:
        server.stop()


def _measure_processes(report: Report, data_dir: Path) -> None:
    """Measure gunicorn with two processes on the same data, each with a model of its own."""
    service = MeasuredService(data_dir, processes=2)
    try:
        questions = reword(
            [(f"gunicorn: {query}", expected) for query, expected in read_faq().queries]
        )
        rate, p95 = measures.clients(lambda: service.client().search, questions, 8)
        report.add("gunicorn, 2 processes: 8 clients", rate, "searches/s")
        report.add("  p95", p95, "ms")
        report.add("  memory of each process", statistics.mean(service.workers_mb()), "MB")
    finally:
        service.stop()


if __name__ == "__main__":
    main()
