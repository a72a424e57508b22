"""The route that checks a collection's content, and what a dry run says of a file's rows."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response

from services.checks import Entry, Finding
from services.row_check import RowsCheck
from web.auth import auth
from web.check_schemas import (
    CheckedItem,
    CheckedRow,
    CheckResponse,
    FindingBody,
    RowCheck,
    RowFinding,
)
from web.context import current_runtime
from web.errors import require
from web.language import speak
from web.responses import answer_json
from web.schemas import PageQuery
from web.scope import NO_COLLECTION, require_visible

# So much of an answer is shown.
SHOWN_CHARS = 300

routes = APIBlueprint("checks", __name__, tag="Collections")


@routes.get("/collections/<name>/check")
@routes.auth_required(auth)
@routes.input(PageQuery, location="query", arg_name="page")
@routes.output(CheckResponse)
@routes.doc(
    summary="Check the content of a collection",
    description="Finds the same question with different answers (`same_question`), near questions "
    "with different answers (`near_duplicate`), items that a search for their own question does "
    "not give first (`not_first`), questions with one answer that could be one item (`mergeable`), "
    "and answers that say nothing (`empty_answer`) or look cut off (`cut_off_answer`). The newest "
    "20,000 items are checked; 10,000 take some seconds. The result is kept until the collection "
    "changes. While another check runs, it is 503.",
)
def check_collection(name: str, page: PageQuery) -> Response:
    require_visible(name)
    report = require(current_runtime().checker.check(name), NO_COLLECTION)
    shown = report.findings[page.offset : page.offset + page.limit]
    body = CheckResponse(
        results=[_describe(finding) for finding in shown],
        total=len(report.findings),
        limit=page.limit,
        offset=page.offset,
        items=report.items,
        checked=report.checked,
        counts=dict(report.counts),
        warnings=[*map(speak, report.warnings)],
    )
    return answer_json(body)


def _describe(finding: Finding) -> FindingBody:
    items = [
        CheckedItem(
            id=entry.number,
            external_id=entry.external_id,
            question=entry.question,
            alternatives=[*entry.wordings[1:]],
            answer=_shorten(entry),
        )
        for entry in finding.named
    ]
    return FindingBody(
        kind=finding.kind, severity=finding.severity, items=items, message=speak(finding.message)
    )


def describe_rows(found: RowsCheck) -> RowCheck:
    """Return what a dry run found in the rows."""
    return RowCheck(
        results=[_describe_row(finding) for finding in found.findings],
        total=found.total,
        checked=found.checked,
    )


def _describe_row(finding: Finding) -> RowFinding:
    rows = [
        CheckedRow(
            line=entry.number,
            id=entry.external_id,
            question=entry.question,
            answer=_shorten(entry),
        )
        for entry in finding.named
    ]
    return RowFinding(
        kind=finding.kind,  # type: ignore[arg-type]
        severity=finding.severity,
        items=rows,
        message=speak(finding.message),
    )


def _shorten(entry: Entry) -> str:
    if entry.length <= SHOWN_CHARS:
        return entry.answer
    return entry.answer[: SHOWN_CHARS - 1] + "…"
