"""The metrics: who may read them, what they count, and that no label has what a caller chose."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from apiflask import APIFlask
from prometheus_client import generate_latest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_open

import store.facts
import web.metrics
from app import create_app
from config import Settings
from db import Pool
from metrics import open_registry
from services.access import Caller
from services.failures import Failures
from services.stored_facts import StoredFacts
from services.users import Users
from tests.support.client import PASSWORD, USER, Client, eventually
from tests.support.embedder import HashEmbedder
from tests.support.metrics import read_samples, read_value

READER = ("reader", "a reader's password")
Build = Callable[..., Any]


@pytest.fixture
def build(settings: Settings) -> Iterator[Build]:
    """Makes test clients of apps with other settings."""
    apps: list[APIFlask] = []

    def make(**changes: Any) -> Any:
        app = create_app(settings.model_copy(update=changes), HashEmbedder())
        apps.append(app)
        users = {USER: (PASSWORD, "admin"), READER[0]: (READER[1], "reader")}
        app.extensions["conector"] = replace(app.extensions["conector"], users=Users(users))
        return app.test_client()

    yield make
    for app in apps:
        app.extensions["conector"].close()


def test_an_admin_reads_them_and_nobody_else(build: Build) -> None:
    http = build()
    assert http.get("/metrics", auth=(USER, PASSWORD)).status_code == 200
    assert http.get("/metrics", auth=READER).status_code == 403
    for wrong in ({}, {"auth": (USER, "wrong")}):
        refused = http.get("/metrics", **wrong)
        assert (refused.status_code, refused.json["code"]) == (401, "unauthorized")
        assert refused.headers["WWW-Authenticate"].startswith("Basic")


def test_another_role_reads_them_where_the_settings_say_so(build: Build) -> None:
    http = build(metrics_access="reader")
    assert http.get("/metrics", auth=READER).status_code == 200
    assert http.get("/metrics").status_code == 401


def test_whoever_is_limited_to_collections_does_not_read_them(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    limited = Caller("bot", "admin", "key", frozenset({"a"}))
    monkeypatch.setattr(web.metrics, "current_caller", lambda: limited)
    assert client.get("/metrics").status_code == 403


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("10.1.2.3", 200), ("::ffff:10.1.2.3", 200), ("2001:db8::7", 200),
        ("11.1.2.3", 401), ("2001:db9::7", 401), ("", 401), ("unix:", 401),
    ],
)  # fmt: skip
def test_named_networks_read_them_without_a_login(build: Build, address: str, status: int) -> None:
    networks = (ip_network("10.0.0.0/8"), ip_network("2001:db8::/32"))
    http = build(metrics_networks=networks)
    answer = http.get("/metrics", environ_base={"REMOTE_ADDR": address})
    assert answer.status_code == status
    # They read nothing else.
    assert http.get("/jobs", environ_base={"REMOTE_ADDR": address}).status_code == 401


def test_they_come_as_text_or_as_open_metrics(client: Client) -> None:
    plain = client.get("/metrics")
    assert plain.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    asked = {"Accept": "application/openmetrics-text;version=1.0.0,text/plain;q=0.5"}
    answer = client.get("/metrics", headers=asked)
    assert answer.headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
    names = {family.name for family in read_open(answer.text)}  # type: ignore[no-untyped-call]
    assert {"conector_http_requests", "conector_build_info", "conector_items"} <= names


def test_they_count_what_was_done(client: Client) -> None:
    before = client.get("/metrics").text

    def more(name: str, **labels: str) -> float:
        return read_value(after, name, **labels) - read_value(before, name, **labels)

    client.load("question,answer\na b c,one\nd e f,two\n,three\n")
    for _ in range(3):
        client.search("a b c")
    client.http.get("/jobs")
    client.get("/no/such/place")
    after = client.get("/metrics").text
    search = {"route": "/search", "method": "POST"}
    assert more("conector_http_requests_total", **search, status="200") == 3
    assert more("conector_http_request_duration_seconds_count", **search) == 3
    assert more("conector_http_requests_total", route="/jobs", status="401") == 1
    assert more("conector_http_requests_total", route="other", status="404") == 1
    assert more("conector_searches_total") == 3
    assert more("conector_query_cache_misses_total") == 1
    assert more("conector_query_cache_hits_total") == 2
    assert more("conector_embedding_batch_texts_sum", kind="query") >= 1
    assert more("conector_embedding_batch_texts_sum", kind="passage") >= 4
    assert more("conector_embedding_duration_seconds_count", kind="passage") >= 1
    assert more("conector_embedding_wait_seconds_count", kind="query") >= 1
    assert more("conector_rows_done_total", outcome="inserted") == 2
    assert more("conector_rows_done_total", outcome="rejected") == 1
    assert more("conector_jobs_ended_total", status="succeeded") == 1
    assert more("conector_db_pool_wait_seconds_count") > 3
    stored = {"conector_items": 2, "conector_vectors": 4, "conector_model_items": 2}
    assert {name: read_value(after, name) for name in stored} == stored
    assert read_value(after, "conector_job_rows", state="rejected") == 1
    assert read_value(after, "conector_jobs", kind="import", status="succeeded") == 1
    assert read_value(after, "conector_table_bytes", table="items") > 0
    assert read_value(after, "conector_database_up") == 1
    ((build_info, _),) = read_samples(after)["conector_build_info"]
    assert build_info["model"] == "hash-32"


@pytest.mark.usefixtures("still_counts")
def test_wrong_passwords_are_counted_and_so_are_throttled_ones(app: APIFlask) -> None:
    users = Users({USER: (PASSWORD, "admin")}, failures=Failures(3))
    app.extensions["conector"] = replace(app.extensions["conector"], users=users)
    client = Client(app.test_client())
    before = client.get("/metrics").text
    for _ in range(5):
        client.http.get("/jobs", auth=("nobody", "wrong"))
    after = client.get("/metrics").text
    for name, most in (("conector_logins_failed_total", 3), ("conector_logins_throttled_total", 2)):
        assert read_value(after, name) - read_value(before, name) == most


def test_a_job_that_waits_is_seen_with_its_age(settings: Settings) -> None:
    app = create_app(settings.model_copy(update={"worker_threads": 0}), HashEmbedder())
    client = Client(app.test_client())
    assert client.upload("question,answer\na,b\nc,d\n").status_code == 202
    with app.extensions["conector"].pool.transaction() as conn, conn.cursor() as cur:
        cur.execute("UPDATE jobs SET created_at = created_at - interval '1 hour'")
    text = client.get("/metrics").text
    assert read_value(text, "conector_jobs", kind="import", status="enqueued") == 1
    assert read_value(text, "conector_job_rows", state="waiting") == 2
    assert 3600 <= read_value(text, "conector_oldest_job_age_seconds", status="enqueued") < 4000
    app.extensions["conector"].close()


def test_no_label_has_what_a_caller_chose(client: Client) -> None:
    client.load("question,answer\na,b\n", "/upload?collection=marked-one")
    client.search("marked question", collection="marked-one")
    for path in ("/marked/path", "/items/marked", "/collections/marked-one", "/jobs/marked"):
        client.get(path)
        client.http.open(path, method="MARKED", auth=(USER, PASSWORD))
    client.http.get("/jobs", auth=("marked", "marked"), headers={"X-Request-Id": "marked"})
    text = client.get("/metrics").text
    assert "marked" not in text.lower()
    labels = {name for samples in read_samples(text).values() for had, _ in samples for name in had}
    assert labels <= {
        "route", "method", "status", "le", "kind", "decision", "outcome", "state", "model", "table",
        "version", "python", "backend",
    }  # fmt: skip


def test_they_answer_where_postgresql_is_away() -> None:
    pool = Pool("postgresql://nobody@127.0.0.1:1/x", 1)
    text = generate_latest(open_registry(StoredFacts(pool))).decode()
    assert read_value(text, "conector_database_up") == 0
    assert "conector_http_requests_total" in text
    assert read_samples(text).keys().isdisjoint({"conector_items", "conector_jobs"})
    pool.close()


def test_many_items_and_vectors_are_taken_from_the_statistics(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.load("question,answer\n" + "".join(f"q{n},a{n}\n" for n in range(300)))
    monkeypatch.setattr(store.facts, "COUNTED", 10)
    pool = client.http.application.extensions["conector"].pool

    def is_near() -> bool:
        # PostgreSQL may add what a session reported late; the next ANALYZE mends that.
        with pool.reading() as conn, conn.cursor() as cur:
            cur.execute("ANALYZE items, item_vectors")
        facts = store.facts.read_facts(pool)
        return 270 <= facts.items <= 330 and 540 <= facts.models[0].vectors <= 660

    eventually(is_near)
    facts = store.facts.read_facts(pool)
    (model,) = facts.models
    assert 270 <= model.items <= 330


def test_an_index_is_seen_in_its_state(client: Client, pool: Pool) -> None:
    client.load("question,answer\na,b\n")
    with pool.reading() as conn, conn.cursor() as cur:
        cur.execute(
            "CREATE INDEX vectors_hnsw_1 ON item_vectors"
            " USING hnsw ((embedding::halfvec(32)) halfvec_cosine_ops) WHERE model_id = 1"
        )
    assert store.facts.read_facts(pool).indexes == [("hash-32", "valid", 1)]
    with pool.reading() as conn, conn.cursor() as cur:
        cur.execute(
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'vectors_hnsw_1'::regclass"
        )
    assert store.facts.read_facts(pool).indexes == [("hash-32", "invalid", 1)]


def test_a_folder_for_several_processes_is_made(tmp_path: Path) -> None:
    folder = tmp_path / "metrics"
    program = (
        "import metrics; from prometheus_client import generate_latest; metrics.count_process();"
        "print(generate_latest(metrics.open_registry()).decode())"
    )
    for _ in range(2):
        said = subprocess.run(
            [sys.executable, "-c", program],
            env={"PROMETHEUS_MULTIPROC_DIR": str(folder), "PYTHONPATH": "."},
            capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
        # The one before has ended, and so counts no longer.
        assert read_value(said, "conector_processes") == 1
