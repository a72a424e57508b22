"""`make bench-quality`: how well the service finds and decides, with the bundled model.

Results go to bench/results/quality.md. Each set is a collection and its labelled questions. The
shop's are in the project (tests/data), as is the sample; a real FAQ is measured if it lies beside
the project.
"""

from __future__ import annotations

import csv
import io
import tempfile
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

import store.jobs
from app import create_app
from bench.texts import REAL
from config import Settings
from local_service import ROOT
from services.confidence import DEFAULT_THRESHOLDS
from services.evaluation import Case, run_evaluation
from services.figures import measure_auc, measure_calibration_error
from services.imports import ImportOptions, Upload, import_file
from services.runtime import Runtime
from services.wording import is_code, split_words

LABELLED = ROOT / "tests" / "data"
RESULT = Path(__file__).parent / "results" / "quality.md"
# Kinds of questions that have no answer: of the same field, of none, with another meaning.
NEGATIVE, OFF_TOPIC, CHANGED = "neg", "ood", "near"


@dataclass(frozen=True)
class Question:
    """A labelled question. `expected` is empty if nothing should be answered."""

    kind: str
    text: str
    expected: str


@dataclass(frozen=True)
class LabelledSet:
    """A file of pairs, and questions to ask of them."""

    name: str
    file: bytes
    questions: list[Question]


def read_sets() -> list[LabelledSet]:
    """Return the sets that are there."""
    shop = _read(LABELLED / "loja_queries.csv")
    sample = _read(LABELLED / "sample_queries.csv")
    sets = [
        LabelledSet(
            "shop (Portuguese, 124 pairs)",
            (LABELLED / "loja_faq.csv").read_bytes(),
            [
                Question(one["tipo"], one["consulta"], _expect(one["tipo"], one["id"]))
                for one in shop
            ],
        ),
        LabelledSet(
            "sample (Portuguese, 40 pairs)",
            (ROOT / "samples" / "faq_pt.csv").read_bytes(),
            [
                Question(one["tipo"], one["consulta"], _expect(one["tipo"], one["pergunta"]))
                for one in sample
            ],
        ),
    ]
    if REAL.exists():
        asked = _read(REAL / "covid_faq_en_queries.csv")
        sets.append(
            LabelledSet(
                "covid_faq_en (English, 210 pairs)",
                (REAL / "covid_faq_en.csv").read_bytes(),
                [Question("para", one["query"], one["expected_question"].strip()) for one in asked],
            )
        )
    return sets


def _expect(kind: str, expected: str) -> str:
    return "" if kind in (NEGATIVE, OFF_TOPIC, CHANGED) else expected


def _read(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text("utf-8-sig"))))


def measure(runtime: Runtime, one: LabelledSet, name: str) -> pd.DataFrame:
    """Return what became of each question: a row for each."""
    upload = Upload(io.BytesIO(one.file), f"{name}.csv")
    job = import_file(runtime, upload, ImportOptions(name, "upsert"))
    wait(runtime, job.id)
    cases = [Case(n, question.text, question.expected) for n, question in enumerate(one.questions)]
    run = run_evaluation(runtime.searcher, uuid.uuid4(), name, cases, lambda _: None)
    known = find_codes(one.file.decode("utf-8-sig"))
    rows = []
    for outcome in run.outcomes:
        row: dict[str, Any] = vars(outcome) | {"what": outcome.kind, "right": outcome.is_right}
        row["has_strange_code"] = bool(find_codes(outcome.question) - known)
        rows.append(row | {"set": one.name, "kind": one.questions[outcome.line].kind})
    return pd.DataFrame(rows)


def find_codes(text: str) -> set[str]:
    return {word for word in split_words(text) if is_code(word)}


def wait(runtime: Runtime, job_id: uuid.UUID) -> None:
    """Return when the job has ended."""
    while True:
        job = store.jobs.get_job(runtime.pool, job_id)
        if job is not None and job.finished_at is not None:
            if job.status != "succeeded" or job.rejected:
                raise RuntimeError(f"{job.collection}: {job.status}, {job.rejected} rejected")
            return
        time.sleep(0.1)


def summarize(outcomes: pd.DataFrame) -> dict[str, Any]:
    """Return the figures of one set."""
    off_topic = outcomes[outcomes.kind == OFF_TOPIC]
    changed = outcomes[outcomes.kind == CHANGED]
    # Their meaning was changed on purpose: no distance tells them apart.
    outcomes = outcomes[outcomes.kind != CHANGED]
    known = outcomes[outcomes.expected != ""]
    return {
        "questions with an answer": len(known),
        "without one": len(outcomes) - len(known),
        "first by distance %": percent((known.near_place == 1).mean()),
        "first by relevance %": percent((known.place == 1).mean()),
        "among three %": percent((known.place <= 3).mean()),
        "MRR by distance": round(reciprocal(known.near_place), 3),
        "MRR by relevance": round(reciprocal(known.place), 3),
        "AUC": measure_auc(list(outcomes.confidence), list(outcomes.right)),
        "calibration error %": percent(
            measure_calibration_error(list(outcomes.confidence), list(outcomes.right))
        ),
        "right among answered %": percent(measure_right(outcomes)),
        "answered of those with an answer %": percent(known.what.isin(["right", "wrong"]).mean()),
        "off topic answered": count_answered(off_topic),
        "changed meaning answered": count_answered(changed),
    }


def count_answered(outcomes: pd.DataFrame) -> str:
    return f"{int((outcomes.decision == 'answer').sum())} of {len(outcomes)}"


def measure_right(outcomes: pd.DataFrame) -> float:
    """Return the share of right ones among the answered, as if half of all had an answer."""
    has_answer = outcomes.expected != ""
    weights = has_answer.map({True: 1 / has_answer.sum(), False: 1 / max((~has_answer).sum(), 1)})
    answered = outcomes.what.isin(["right", "wrong"])
    return float(weights[answered & outcomes.right].sum() / weights[answered].sum())


def reciprocal(places: pd.Series[Any]) -> float:
    return float((1 / places).fillna(0).mean())


def percent(share: float | None) -> float | None:
    return None if share is None or pd.isna(share) else round(100 * float(share), 1)


def count_kinds(outcomes: pd.DataFrame) -> pd.DataFrame:
    """Return how many questions of each kind were answered, asked back and passed."""
    counts = pd.crosstab([outcomes.set, outcomes.kind], outcomes.what)
    return counts.reindex(columns=["right", "wrong", "asked_back", "passed"], fill_value=0)


def count_changed(outcomes: pd.DataFrame) -> str:
    """Return how many of the questions with a changed code were answered all the same."""
    coded = outcomes[(outcomes.kind == CHANGED) & outcomes.has_strange_code]
    missed = coded[coded.decision == "answer"]
    said = (
        f"Of {len(coded)} questions with a code that no pair of the set has, {len(missed)} were "
        "answered."
    )
    return said + "".join(f"\n- answered: {text}" for text in missed.question)


def measure_lost(outcomes: pd.DataFrame) -> str:
    """Return how many right answers the look at codes and opposites turned into a question."""
    sure = outcomes[outcomes.right & (outcomes.confidence >= DEFAULT_THRESHOLDS.answer)]
    lost = sure[sure.decision != "answer"]
    return (
        f"Of {len(sure)} right first items that were sure enough, {len(lost)} "
        f"({100 * len(lost) / max(len(sure), 1):.1f} %) were asked back because of a code or an "
        "opposite."
    )


def write(outcomes: pd.DataFrame) -> None:
    table = pd.DataFrame(
        {name: summarize(part) for name, part in outcomes.groupby("set", sort=False)}
    )
    kinds = count_kinds(outcomes).reset_index()
    parts = [
        "# Quality of the search and of the decision",
        "`make bench-quality` writes this. docs/decision.md says what the words mean. All with the "
        "bundled model, without labels: the default thresholds.",
        as_markdown(table.reset_index(names="")),
        "AUC, calibration error and right among answered are without the kind `near`. Right among "
        "answered is weighted as if half of the questions had an answer, where some have none.",
        "## By kind of question",
        "`para`, `en`, `slang`, `noaccent`, `typo` have an answer; `neg` is of the same field "
        "without one, `ood` is off topic, `near` swaps a meaning.",
        as_markdown(kinds),
        "## Codes and opposites",
        count_changed(outcomes),
        measure_lost(outcomes),
    ]
    text = "\n\n".join(parts) + "\n"
    RESULT.write_text(text, "utf-8")
    print(text)


def as_markdown(table: pd.DataFrame) -> str:
    lines = [list(map(str, table.columns)), ["---"] * len(table.columns)]
    lines += [list(map(str, row)) for row in table.itertuples(index=False)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="quality-") as folder:
        settings = Settings(api_username="bench", api_password="bench", data_dir=Path(folder))
        runtime: Runtime = create_app(settings).extensions["conector"]
        try:
            sets = read_sets()
            write(pd.concat([measure(runtime, one, f"set{n}") for n, one in enumerate(sets)]))
        finally:
            runtime.close()


if __name__ == "__main__":
    main()
