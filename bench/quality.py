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
from services.confidence import DEFAULT_THRESHOLDS, decide, estimate_confidence
from services.evaluation import STEP, Case, ask_cases, judge_case, resolve_cases
from services.figures import Outcome, measure_auc, measure_calibration_error
from services.imports import ImportOptions, Upload, import_file
from services.runtime import Runtime
from services.search import Inspection
from services.wording import is_code, split_words

LABELLED = ROOT / "tests" / "data"
RESULT = Path(__file__).parent / "results" / "quality.md"
# Kinds of questions that have no answer: of the same field, of none, with another meaning.
NEGATIVE, OFF_TOPIC, CHANGED = "neg", "ood", "near"
# Each question with an answer is judged once more as if that were not stored.
REMOVED = "removed"


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
    known, rejected = resolve_cases(runtime.searcher, name, cases)
    if rejected:
        raise RuntimeError(f"{name}: no item is expected by {rejected}")
    codes = find_codes(one.file.decode("utf-8-sig"))
    rows: list[dict[str, Any]] = []
    for start in range(0, len(known), STEP):
        part = known[start : start + STEP]
        for (case, items), found in zip(part, ask_cases(runtime.searcher, name, part), strict=True):
            if found is None:
                raise RuntimeError(f"{name}: the model fails on {case.question!r}")
            kind = one.questions[case.line].kind
            rows.append(describe(judge_case(case, items, found), kind))
            rows[-1]["has_strange_code"] = bool(find_codes(case.question) - codes)
            if items:
                rows.append(describe(take_away(runtime, case, items, found), REMOVED))
    return pd.DataFrame(rows).assign(set=one.name).fillna({"has_strange_code": False})


def describe(outcome: Outcome, kind: str) -> dict[str, Any]:
    return vars(outcome) | {"what": outcome.kind, "right": outcome.is_right, "kind": kind}


def take_away(runtime: Runtime, case: Case, items: set[int], found: Inspection) -> Outcome:
    """Return what would become of a question if its answer were not stored.

    By the figures alone: codes and opposites are not looked at.
    """
    ranked = [one for one in found.ranked if one.candidate.hit.id not in items]
    constants = runtime.searcher.calibration.get_constants()
    if constants is None:
        raise RuntimeError("the model's constants are not known")
    confidence = estimate_confidence(ranked, constants)
    return Outcome(
        line=case.line,
        question=case.question,
        expected="",
        decision=decide(confidence, DEFAULT_THRESHOLDS),
        confidence=confidence.first,
        among_three=confidence.among_three,
        place=None,
        near_place=None,
        got=None,
    )


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
    kinds = {kind: outcomes[outcomes.kind == kind] for kind in (NEGATIVE, OFF_TOPIC, CHANGED)}
    known = outcomes[outcomes.expected != ""]
    # Half of these questions have an answer.
    balanced = outcomes[(outcomes.expected != "") | (outcomes.kind == REMOVED)]
    asked = outcomes[~outcomes.kind.isin([CHANGED, REMOVED])]
    return {
        "questions with an answer": len(known),
        "first by distance %": percent((known.near_place == 1).mean()),
        "first by relevance %": percent((known.place == 1).mean()),
        "among three %": percent((known.place <= 3).mean()),
        "MRR by distance": round(reciprocal(known.near_place), 3),
        "MRR by relevance": round(reciprocal(known.place), 3),
        "answered of those with an answer %": percent(known.what.isin(["right", "wrong"]).mean()),
        **{f"{name}, half removed": value for name, value in judge(balanced).items()},
        **{f"{name}, as asked": value for name, value in judge(asked).items()},
        "same field, without an answer: answered": count_answered(kinds[NEGATIVE]),
        "off topic: answered": count_answered(kinds[OFF_TOPIC]),
        "changed meaning: answered": count_answered(kinds[CHANGED]),
    }


def judge(outcomes: pd.DataFrame) -> dict[str, float | None]:
    """Return how far the confidence and the decision `answer` can be trusted."""
    sure, right = list(outcomes.confidence), list(outcomes.right)
    answered = outcomes[outcomes.decision == "answer"]
    return {
        "AUC": measure_auc(sure, right),
        "calibration error %": percent(measure_calibration_error(sure, right)),
        "right among answered %": percent(answered.right.mean()),
    }


def count_answered(outcomes: pd.DataFrame) -> str:
    return f"{int((outcomes.decision == 'answer').sum())} of {len(outcomes)}"


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
        "`half removed`: each question with an answer, and the same once more as if its answer "
        "were not stored; so half have an answer, as the confidence assumes. `as asked`: the "
        "questions of the set, without those whose meaning was changed.",
        "## By kind of question",
        "`para`, `en`, `slang`, `noaccent`, `typo` have an answer; `neg` is of the same field "
        "without one, `ood` is off topic, `near` swaps a meaning, "
        "`removed` are those with an answer as if it were not stored.",
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
