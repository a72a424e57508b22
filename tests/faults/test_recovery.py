"""Full disks, an interrupted index, two versions, backups: cases 9, 10, 34, 35 of the faults."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest

import db
from db import Pool
from tests.support.postgres import OwnPostgres, check, file_of


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Any]:
    """Makes a file system of some MB; skips where this process may not."""
    mounted: list[Path] = []

    def make(size_mb: int) -> Path:
        folder = tmp_path / f"disk{len(mounted)}"
        folder.mkdir()
        result = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size_mb}m,mode=0700", "none", str(folder)],
            capture_output=True,
            check=False,
        )
        if result.returncode:
            pytest.skip(f"no tmpfs can be mounted here: {result.stderr.decode().strip()}")
        mounted.append(folder)
        return folder

    yield make
    for folder in mounted:
        subprocess.run(["umount", "-l", str(folder)], check=False)


def test_the_databases_disk_is_full(small_disk: Any, start_service: Any, saw: Any) -> None:
    disk = small_disk(220)
    postgres = OwnPostgres(disk, max_wal_size="64MB", min_wal_size="32MB")
    postgres.start()
    try:
        service = start_service(postgres.dsn, EMBED_SECONDS="0.2")
        first = service.load(file_of(300))
        ballast = disk / "ballast"
        statuses: dict[int, int] = {}
        with ballast.open("wb") as file:
            try:
                while True:
                    file.write(bytes(1 << 16))
                    file.flush()
            except OSError:
                pass
        long = "question,answer\n" + "".join(f"Long {n}?,{'x' * 900}\n" for n in range(20_000))
        for _ in range(3):
            status, _answer = service.ask("POST", "/upload", long.encode(), Content_Type="text/csv")
            statuses[status] = statuses.get(status, 0) + 1
            time.sleep(0.5)
        assert set(statuses) == {503}
        assert service.get("/health")[0] == 200
        ballast.unlink()
        if not (disk / "postmaster.pid").exists():
            postgres.start()  # a full disk of its log ends PostgreSQL itself
        service.wait_until_ready()
        service.ended(first["id"])
        check(postgres, 300)
        saw(9, f"uploads answered {statuses}; with room again the 300 rows before were stored")
    finally:
        postgres.stop()


def test_the_services_disk_is_full(
    own_postgres: OwnPostgres, small_disk: Any, start_service: Any, saw: Any
) -> None:
    disk = small_disk(2)
    service = start_service(own_postgres.dsn, TMPDIR=str(disk))
    body = file_of(200_000).encode()
    form = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
    statuses = []
    for media, sent in (
        ("text/csv", body),
        ("multipart/form-data; boundary=x", form + body + b"\r\n--x--\r\n"),
    ):
        status, answer = service.ask("POST", "/upload", sent, Content_Type=media)
        statuses.append(status)
        assert status == 503, answer
        assert int(answer["headers"]["Retry-After"]) > 0
    assert service.get("/jobs")[1]["total"] == 0
    service.ended(service.load(file_of(100))["id"])
    check(own_postgres, 100)
    saw(10, f"{statuses}, no job; a small file goes in")


def test_a_crash_while_the_index_is_built(
    own_postgres: OwnPostgres, start_service: Any, saw: Any
) -> None:
    service = start_service(own_postgres.dsn, INDEX_MIN_ITEMS="1000000")
    service.ended(service.load(file_of(1500))["id"])
    service.stop()
    # An open transaction that wrote holds CREATE INDEX CONCURRENTLY in its middle.
    holder = psycopg2.connect(own_postgres.dsn)
    holder.cursor().execute("UPDATE vectors SET kind = kind WHERE item_id = 1")
    service = start_service(own_postgres.dsn, INDEX_MIN_ITEMS="1000")
    invalid = "SELECT count(*) FROM pg_index WHERE NOT indisvalid"
    deadline = time.monotonic() + 60
    while own_postgres.query(invalid) == [(0,)]:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    own_postgres.restart()
    holder.close()
    assert own_postgres.query(invalid) == [(1,)]
    service.wait_until_ready()
    status, answer = service.ask(
        "POST", "/search", b'{"question": "Question 77?"}', Content_Type="application/json"
    )
    assert (status, answer["results"][0]["answer"]) == (200, "Answer 77")
    valid = "SELECT count(*) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid" \
        " JOIN pg_am a ON a.oid = c.relam WHERE a.amname = 'hnsw' AND i.indisvalid"  # fmt: skip
    deadline = time.monotonic() + 60
    while own_postgres.query(valid) != [(1,)]:
        assert time.monotonic() < deadline, service.log.read_text()
        time.sleep(0.2)
    assert own_postgres.query(invalid) == [(0,)]
    check(own_postgres, 1500)
    saw(34, "the INVALID index was replaced; searches were exact meanwhile")


def test_two_versions_on_one_database(
    own_postgres: OwnPostgres, start_service: Any, saw: Any, tmp_path: Path
) -> None:
    old = start_service(own_postgres.dsn, EMBED_SECONDS="0.2")
    job = old.load(file_of(600))
    old.until(job["id"], lambda job: job["rows"]["done"] > 0)
    # What a next version brings: it only adds.
    (tmp_path / "migrations").mkdir()
    (tmp_path / "migrations" / "9999_note.sql").write_text(
        "ALTER TABLE items ADD COLUMN note text NOT NULL DEFAULT '';"
        " ALTER TABLE job_rows ADD COLUMN note text; CREATE TABLE notes (note text);"
    )
    pool = Pool(own_postgres.dsn, 1)
    assert db.apply_schema(pool, tmp_path / "migrations") == 9_999
    pool.close()
    new = start_service(own_postgres.dsn, EMBED_SECONDS="0.2")
    more = new.load(file_of(100, "New"))
    old.ended(job["id"])
    old.ended(more["id"])
    check(own_postgres, 700)
    assert old.get("/items?limit=1")[0] == new.get("/items?limit=1")[0] == 200
    saw(35, "a migration in the middle of a job: both processes went on, 700 rows stored once")


def test_a_dump_in_the_middle_of_a_job_is_restored(
    own_postgres: OwnPostgres, start_service: Any, tmp_path: Path
) -> None:
    service = start_service(own_postgres.dsn, EMBED_SECONDS="0.2")
    job = service.load(file_of(600, rejected=2))
    service.until(job["id"], lambda job: job["rows"]["done"] > 2)
    own_postgres.run("pg_dump", "-Fc", "-f", "backup.dump", own_postgres.dsn)
    service.kill()
    restored = OwnPostgres(tmp_path / "restored")
    restored.start()
    try:
        (restored.folder / "backup.dump").write_bytes(
            (own_postgres.folder / "backup.dump").read_bytes()
        )
        (restored.folder / "backup.dump").chmod(0o644)
        restored.run("pg_restore", "--exit-on-error", "-d", restored.dsn, "backup.dump")
        start_service(restored.dsn).ended(job["id"])
        check(restored, 600, 2)
    finally:
        restored.stop()


def test_a_standby_takes_over_in_the_middle_of_a_job(
    own_postgres: OwnPostgres, start_service: Any, tmp_path: Path
) -> None:
    standby = OwnPostgres(tmp_path / "standby", standby_of=own_postgres)
    standby.start()
    try:
        # So that nothing is acknowledged before the standby has it.
        own_postgres.query("ALTER SYSTEM SET synchronous_standby_names = '*'")
        own_postgres.query("SELECT pg_reload_conf()")
        both = (
            f"postgresql://postgres@127.0.0.1:{own_postgres.port},127.0.0.1:{standby.port}"
            "/postgres?target_session_attrs=read-write"
        )
        service = start_service(both, EMBED_SECONDS="0.2")
        job = service.load(file_of(600, rejected=2))
        service.until(job["id"], lambda job: job["rows"]["done"] > 2)
        own_postgres.stop("immediate")
        standby.promote()
        service.wait_until_ready()
        service.ended(job["id"])
        check(standby, 600, 2)
    finally:
        standby.stop()
