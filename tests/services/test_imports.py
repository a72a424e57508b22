"""Imports and their previews, whoever asks for them."""

from __future__ import annotations

import io

import pytest

import store.items
import store.jobs
from files.errors import FileError
from services.imports import ImportOptions, Upload, import_file, preview_file
from services.runtime import Runtime
from tests.support.client import eventually

FAQ = "question,answer,tag\nHow?,So.,a\n,empty,b\nWhy?,Because.,c\n,empty too,d\n"
OPTIONS = ImportOptions("c", "upsert")


def faq(text: str = FAQ, encoding: str = "utf-8", charset: str | None = None) -> Upload:
    return Upload(io.BytesIO(text.encode(encoding)), "faq.csv", charset)


def test_an_import_stores_its_rows_and_says_how_the_file_was_read(runtime: Runtime) -> None:
    job = import_file(runtime, faq(), OPTIONS)
    assert (job.total, job.rejected, job.filename) == (4, 2, "faq.csv")
    assert job.file["columns"] == ["question", "answer", "tag"]
    assert job.file["delimiter"] == ","

    def ended() -> bool:
        now = store.jobs.get_job(runtime.pool, job.id)
        return now is not None and now.finished_at is not None

    eventually(ended)
    items, total = store.items.list_items(runtime.pool, collection="c", limit=10, offset=0)
    assert total == 2
    assert [item.metadata for item in items] == [{"tag": "a"}, {"tag": "c"}]


def test_an_idempotency_key_gives_the_job_that_used_it_first(runtime: Runtime) -> None:
    first = import_file(runtime, faq(), OPTIONS, "key")
    again = import_file(runtime, faq("question,answer\nOther?,Yes.\n"), OPTIONS, "key")
    assert again.id == first.id
    assert again.total == 4


def test_a_preview_shows_the_first_rows_and_rejections_and_stores_nothing(
    runtime: Runtime,
) -> None:
    preview = preview_file(runtime, faq(), OPTIONS, 1)
    assert [row.question for row in preview.rows] == ["How?"]
    assert [(row.line, row.code) for row in preview.rejected] == [(3, "empty_question")]
    assert (preview.job.inserted, preview.job.rejected) == (2, 2)
    assert preview.description.question_column == "question"
    assert store.jobs.list_jobs(runtime.pool, status=None, collection=None, limit=1, offset=0) == (
        [],
        0,
    )


def test_a_file_that_can_not_be_taken_leaves_no_job(runtime: Runtime) -> None:
    with pytest.raises(FileError):
        import_file(runtime, faq("name,text\na,b\n"), OPTIONS)
    assert store.jobs.list_jobs(runtime.pool, status=None, collection=None, limit=1, offset=0) == (
        [],
        0,
    )


def test_the_charset_of_the_upload_is_taken_where_no_option_names_one(runtime: Runtime) -> None:
    text = "question,answer\nNaïve?,Ŝi.\n"
    preview = preview_file(runtime, faq(text, "iso8859_3", "iso-8859-3"), OPTIONS, 1)
    assert preview.rows[0].answer == "Ŝi."
