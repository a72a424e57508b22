"""`make bench-quality`: how well the service finds and decides, with the bundled model.

Run it as `python -m bench.quality [FOLDER]`; it writes bench/results/quality.md. FOLDER may have
further sets (bench/labelled.py).
"""

from __future__ import annotations

import io
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

import store.jobs
from app import create_app
from bench.labelled import (
    CHANGED,
    FOREIGN,
    MISSING,
    NEGATIVE,
    OFF_TOPIC,
    LabelledSet,
    Question,
    add_foreign,
    read_sets,
    split_file,
)
from bench.texts import REAL
from config import Settings
from services.confidence import DEFAULT_THRESHOLDS
from services.evaluation import STEP, Case, ask_cases, judge_case, resolve_cases
from services.figures import Outcome, measure_auc, measure_calibration_error
from services.imports import ImportOptions, Upload, import_file
from services.runtime import Runtime
from services.search import Inspection, Searcher
from services.search import judge as judge_ranked
from services.wording import is_code, split_words

RESULT = Path(__file__).parent / "results" / "quality.md"
# Each question with an answer is judged once more as if that were not stored.
REMOVED = "removed"
# What the bar asks of the mean: at least, or at most.
BARS = "AUC ≥ 0.85, calibration error ≤ 12 %, right among answered ≥ 92 %"


def measure(runtime: Runtime, sets: list[LabelledSet], number: int) -> pd.DataFrame:
    """Return what became of each question of a set: a row for each."""
    one, name = sets[number], f"set{number}"
    rows = [row | {"half": False} for row in ask(runtime, name, one.file, add_foreign(one, sets))]
    for half, file in enumerate(split_file(one)):
        rows += [
            row | {"kind": row["kind"] if row["expected"] else MISSING, "half": True}
            for row in ask(runtime, f"{name}-{half}", file, one.known)
            if row["kind"] != REMOVED
        ]
    codes = find_codes(one.file.decode("utf-8-sig"))
    table = pd.DataFrame(rows).assign(set=one.name)
    table["has_strange_code"] = [bool(find_codes(text) - codes) for text in table.question]
    return table


def ask(
    runtime: Runtime, name: str, file: bytes, questions: Sequence[Question]
) -> Iterator[dict[str, Any]]:
    """Store the file as a collection, and yield what becomes of the questions asked of it.

    A question whose answer is not in the file has none.
    """
    upload = Upload(io.BytesIO(file), f"{name}.csv")
    wait(runtime, import_file(runtime, upload, ImportOptions(name, "upsert")).id)
    cases = [Case(n, question.text, question.expected) for n, question in enumerate(questions)]
    known, missing = resolve_cases(runtime.searcher, name, cases)
    known += [(Case(row.line, questions[row.line].text, ""), set()) for row in missing]
    for start in range(0, len(known), STEP):
        part = known[start : start + STEP]
        for (case, items), found in zip(part, ask_cases(runtime.searcher, name, part), strict=True):
            if found is None:
                raise RuntimeError(f"{name}: the model fails on {case.question!r}")
            yield describe(judge_case(case, items, found), questions[case.line].kind)
            if items:
                yield describe(take_away(runtime.searcher, case, items, found), REMOVED)


def describe(outcome: Outcome, kind: str) -> dict[str, Any]:
    return vars(outcome) | {"what": outcome.kind, "right": outcome.is_right, "kind": kind}


def take_away(searcher: Searcher, case: Case, items: set[int], found: Inspection) -> Outcome:
    """Return what would become of a question if its answer were not stored."""
    ranked = [one for one in found.ranked if one.candidate.hit.id not in items]
    nearest = [hit for hit in found.nearest if hit.id not in items]
    constants = searcher.calibration.get_constants()
    judgement = judge_ranked(searcher, constants, found.asked.text, ranked, DEFAULT_THRESHOLDS)
    missing = replace(case, expected="")
    return judge_case(missing, set(), Inspection(found.asked, nearest, ranked, judgement))


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
    whole, halves = outcomes[~outcomes.half], outcomes[outcomes.half]
    kinds = {kind: whole[whole.kind == kind] for kind in (NEGATIVE, OFF_TOPIC, CHANGED)}
    known = whole[whole.expected != ""]
    readings = {
        "as asked": whole[~whole.kind.isin([CHANGED, REMOVED, FOREIGN])],
        "answer taken away": whole[(whole.expected != "") | (whole.kind == REMOVED)],
        "half stored": halves,
        "half of another field": whole[(whole.expected != "") | (whole.kind == FOREIGN)],
    }
    return {
        "questions with an answer": len(known),
        "first by distance %": percent((known.near_place == 1).mean()),
        "first by relevance %": percent((known.place == 1).mean()),
        "among three %": percent((known.place <= 3).mean()),
        "MRR by distance": round(reciprocal(known.near_place), 3),
        "MRR by relevance": round(reciprocal(known.place), 3),
        "answered of those with an answer %": percent(known.what.isin(["right", "wrong"]).mean()),
        **{
            f"{figure}, {reading}": value
            for reading, part in readings.items()
            for figure, value in judge(part).items()
        },
        "same field, without an answer: answered": count_answered(kinds[NEGATIVE]),
        "off topic: answered": count_answered(kinds[OFF_TOPIC]),
        "another field: answered": count_answered(whole[whole.kind == FOREIGN]),
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
    table["mean"] = [mean_of(row) for row in table.itertuples(index=False)]
    whole = outcomes[~outcomes.half]
    kinds = count_kinds(whole).reset_index()
    parts = [
        "# Quality of the search and of the decision",
        "`make bench-quality` writes this. docs/decision.md says what the words mean. All with the "
        "bundled model, without labels: the default thresholds.",
        as_markdown(table.reset_index(names="")),
        f"The bars of the mean: {BARS}. They depend on what has no answer. The confidence assumes "
        "that half of the questions have one, so three readings are balanced:\n\n"
        "- `answer taken away`: each question with an answer, and the same once more as if its "
        "answer were not stored, while all its neighbours are. It is the hardest.\n"
        "- `half stored`: the file in two halves, each a collection, and each question is asked of "
        "both.\n"
        "- `half of another field`: as many questions of another set.\n\n"
        "`as asked` are the questions of the set, without those whose meaning was changed.",
        "## By kind of question",
        "`para`, `en`, `slang`, `noaccent`, `typo` have an answer; `neg` is of the same field "
        "without one, `ood` is off topic, `near` swaps a meaning, "
        "`removed` are those with an answer as if it were not stored, `foreign` are of another "
        "set.",
        as_markdown(kinds),
        "## Codes and opposites",
        count_changed(whole),
        measure_lost(whole),
    ]
    text = "\n\n".join(parts) + "\n"
    RESULT.write_text(text, "utf-8")
    print(text)


def mean_of(values: Sequence[Any]) -> float | str:
    """Return the mean of a figure over the sets that have it."""
    numbers = [value for value in values if isinstance(value, int | float) and not pd.isna(value)]
    return round(sum(numbers) / len(numbers), 3) if numbers else ""


def as_markdown(table: pd.DataFrame) -> str:
    lines = [list(map(str, table.columns)), ["---"] * len(table.columns)]
    lines += [list(map(str, row)) for row in table.itertuples(index=False)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> None:
    shared = Path(sys.argv[1]) if len(sys.argv) > 1 else REAL
    with tempfile.TemporaryDirectory(prefix="quality-") as folder:
        settings = Settings(api_username="bench", api_password="bench", data_dir=Path(folder))
        runtime: Runtime = create_app(settings).extensions["conector"]
        try:
            sets = read_sets(shared)
            write(pd.concat([measure(runtime, sets, number) for number in range(len(sets))]))
        finally:
            runtime.close()


if __name__ == "__main__":
    main()
