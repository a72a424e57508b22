"""The questions of an evaluation: read from a file, and stored as a job."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, replace
from typing import Any, BinaryIO

import store.collections
import store.evaluations
from files.column_names import normalise, read_names
from files.errors import FileError
from files.options import ReadOptions
from files.rows import Rejection, Row
from files.table import Table, open_table
from messages import say
from request_ids import current_request_id
from services.evaluation import Case
from services.imports import Upload
from services.search import Searcher
from store.jobs import Job
from store.rejections import RejectedRow

MAX_QUESTIONS = 10_000
# The texts of a file that is kept until the job ends have so many characters in all.
MAX_CHARS = 20_000_000
# Written for an expected text, these say that nothing should be answered, as an empty one does.
NOTHING = ("none", "nenhum", "nenhuma")
EXPECTED = "expected"
_ONE_FIELD = say(
    "The row has only one field: after a question that nothing should answer, write a delimiter; "
    "an expected text of several lines needs quotes around it."
)
_EXPECTED_NAMES = read_names(
    "expected expected_answer expected_id esperado esperada resposta_esperada id_esperado "
    "respuesta_esperada"
)


def read_cases(
    upload: Upload, reading: ReadOptions
) -> tuple[list[Case], list[RejectedRow], dict[str, Any]]:
    """Return the cases of a file, its rejected rows, and how it was read.

    Raises FileError when the file can't be taken as a whole, or is too large.
    """
    options = replace(reading, encoding=reading.encoding or upload.charset)
    cases: list[Case] = []
    rejected: list[RejectedRow] = []
    with _open_cases(upload.file, options) as table:
        file = table.description
        place = file.columns.index(file.question_column)
        for row in _bound(table):
            case = _make_case(row, place)
            if isinstance(case, Case):
                cases.append(case)
            else:
                rejected.append(case)
    if not cases and not rejected:
        raise FileError("no_rows", say("The file has no row with a question."))
    return cases, rejected, file.as_json()


@contextmanager
def _open_cases(file: BinaryIO, options: ReadOptions) -> Iterator[Table]:
    """Open the table of questions and expected answers. Raises FileError."""
    question, expected = options.question_column, options.answer_column
    named = replace(
        options, question_column=question or "question", answer_column=expected or EXPECTED
    )
    with ExitStack() as stack:
        try:
            table = stack.enter_context(open_table(file, named))
        except FileError as error:
            expected = expected or _find_expected(error.details.get("rows"))
            if expected is None:
                raise
            again = replace(options, answer_column=expected)
            # If it is refused once more, that error knows the name of the column.
            table = stack.enter_context(open_table(file, again))
        yield table


def _find_expected(rows: Any) -> str | None:
    """Return the name of the column of expected answers among a refused file's first rows."""
    cells = (cell for row in rows or () for cell in row)
    return next((cell for cell in cells if normalise(cell) in _EXPECTED_NAMES), None)


def _bound(rows: Iterable[Row | Rejection]) -> Iterator[Row | Rejection]:
    chars = 0
    for number, row in enumerate(rows, 1):
        if isinstance(row, Row):
            chars += len(row.question) + len(row.answer)
        if number > MAX_QUESTIONS or chars > MAX_CHARS:
            raise FileError(
                "too_many_rows",
                say(
                    "An evaluation takes at most {questions:,} questions, and {chars:,} "
                    "characters in all: send fewer.",
                    questions=MAX_QUESTIONS,
                    chars=MAX_CHARS,
                ),
            )
        yield row


def _make_case(row: Row | Rejection, place: int) -> Case | RejectedRow:
    """Return a row's case. Rows of answers may not be empty, but an expectation may."""
    if isinstance(row, Row):
        expected = "" if row.answer.casefold() in NOTHING else row.answer
        return Case(row.line, row.question, expected)
    if row.code == "empty_answer" and place < len(row.fields):
        return Case(row.line, row.fields[place].strip(), "")
    if row.code == "too_few_fields" and len(row.fields) == 1:
        return RejectedRow(row.line, row.code, _ONE_FIELD, row.fields)
    return RejectedRow(row.line, row.code, row.error, row.fields)


def request_evaluation(
    searcher: Searcher, collection: str, upload: Upload, reading: ReadOptions
) -> Job | None:
    """Store an evaluation that a background thread will run, and return its job.

    None where the collection is not there. Raises FileError.
    """
    cases, rejected, file = read_cases(upload, reading)
    if not store.collections.is_there(searcher.pool, collection):
        return None
    return store.evaluations.create_evaluation(
        searcher.pool,
        collection=collection,
        filename=upload.filename,
        file=file,
        cases=[asdict(case) for case in cases],
        rejected=rejected,
        request_id=current_request_id(),
    )
