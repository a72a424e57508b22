"""Imports and their previews, whoever asks for them."""

from __future__ import annotations

import io
from typing import Any

import pytest

import store.items
import store.jobs
from files.errors import FileError
from files.options import ReadOptions
from services.imports import (
    DIGEST_BYTES,
    ImportOptions,
    Shown,
    Upload,
    import_file,
    make_key,
    preview_file,
)
from services.runtime import Runtime
from store.jobs import KeyReused
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
    key = make_key("key", faq(), OPTIONS)
    first = import_file(runtime, faq(), OPTIONS, key)
    again = import_file(runtime, faq(), OPTIONS, key)
    assert again.id == first.id
    assert again.total == 4
    other = faq("question,answer\nOther?,Yes.\n")
    with pytest.raises(KeyReused) as raised:
        import_file(runtime, other, OPTIONS, make_key("key", other, OPTIONS))
    assert raised.value.job_id == first.id


def test_a_key_s_digest_depends_on_what_decides_what_is_stored() -> None:
    def digest(upload: Upload, collection: str = "c", mode: str = "upsert", **reading: Any) -> str:
        options = ImportOptions(collection, mode, ReadOptions(**reading))
        return make_key("key", upload, options).digest

    same = digest(faq())
    assert digest(Upload(io.BytesIO(FAQ.encode()), "another name.csv")) == same
    assert digest(faq(), overflow="reject", header=None) == same
    assert digest(faq(charset="utf-16")) == digest(faq(), encoding="utf-16")
    different = [
        digest(faq(FAQ + "\n")),
        digest(faq(""), collection=FAQ),
        digest(faq(), collection="d"),
        digest(faq(), mode="append"),
        digest(faq(), question_column="1"),
        digest(faq(), answer_column="1"),
        digest(faq(), header=True),
        digest(faq(), encoding="utf-16"),
    ]
    assert len({same, *different}) == 1 + len(different)


def test_a_digest_needs_the_memory_of_a_piece_and_leaves_the_file_at_its_beginning() -> None:
    class Counted(io.BytesIO):
        largest = 0

        def read(self, size: int | None = -1, /) -> bytes:
            piece = super().read(size)
            self.largest = max(self.largest, len(piece))
            return piece

    file = Counted(bytes(3 * DIGEST_BYTES + 5))
    file.seek(7)
    whole = make_key("key", Upload(file, None), OPTIONS)
    assert (file.largest, file.tell()) == (DIGEST_BYTES, 0)
    assert make_key("key", Upload(file, None), OPTIONS) == whole


def test_a_preview_shows_the_first_rows_and_rejections_and_stores_nothing(
    runtime: Runtime,
) -> None:
    preview = preview_file(runtime, faq(), OPTIONS, Shown(1, 1))
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
    preview = preview_file(runtime, faq(text, "iso8859_3", "iso-8859-3"), OPTIONS, Shown(1, 1))
    assert preview.rows[0].answer == "Ŝi."
