"""A client that openapi-python-client generates from the description does the whole main job."""

from __future__ import annotations

import importlib
import io
import json
import os
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Iterator
from types import ModuleType
from typing import Any, get_type_hints

import pytest

from tests.support.service import PASSWORD, USER, ServiceProcess

NAME = "generated_conector"
FAQ = (
    b"id,question,answer,topic\n"
    b"1,How do I pay?,By card or by invoice.,payment\n"
    b"2,Where is my parcel?,The link in our mail shows it.,delivery\n"
    b"3,When are you open?,,shop\n"
)


@pytest.fixture(scope="module")
def generated(
    shared_service: ServiceProcess, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ModuleType]:
    """The package that is generated, as a user generates it, but not formatted."""
    folder = tmp_path_factory.mktemp("generated")
    spec = folder / "openapi.json"
    spec.write_text(json.dumps(shared_service.get("/openapi.json")[1]))
    (folder / "config.yaml").write_text("post_hooks: []\n")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "openapi_python_client", "generate", "--path", str(spec)),
            *("--output-path", str(folder / NAME), "--meta", "none"),
            *("--config", str(folder / "config.yaml")),
        ],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONWARNINGS": "default"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    # Of an upload, it leaves out the way without a form, and nothing else.
    said = (done.stdout + done.stderr).splitlines()
    warnings = [line for line in said if line.startswith("WARNING")]
    assert warnings == [
        "WARNING parsing POST /upload within upload.",
        "WARNING parsing POST /evaluate within evaluation.",
    ]
    sys.path.insert(0, str(folder))
    yield importlib.import_module(NAME)
    sys.path.remove(str(folder))


@pytest.fixture(scope="module")
def api(generated: ModuleType, shared_service: ServiceProcess) -> Iterator[Any]:
    """Calls operations by their names: `api("list_jobs", limit=1)`."""
    client = generated.AuthenticatedClient(
        base_url=shared_service.url,
        token=b64encode(f"{USER}:{PASSWORD}".encode()).decode(),
        prefix="Basic",
        raise_on_unexpected_status=True,
    )
    spec = shared_service.get("/openapi.json")[1]
    tags = {
        operation["operationId"]: operation["tags"][0].lower()
        for operations in spec["paths"].values()
        for operation in operations.values()
    }

    def call(operation: str, *args: Any, **kwargs: Any) -> Any:
        module = importlib.import_module(f"{NAME}.api.{tags[operation]}.{operation}")
        return module.sync_detailed(*args, client=client, **kwargs)

    with client:
        yield call


def test_a_generated_client_does_the_main_job(generated: ModuleType, api: Any) -> None:
    models = importlib.import_module(f"{NAME}.models")
    types = importlib.import_module(f"{NAME}.types")
    file = types.File(payload=io.BytesIO(FAQ), file_name="faq.csv", mime_type="text/csv")
    accepted = api("upload_file", body=models.UploadForm(file=file, collection="client"))
    assert accepted.status_code == 202
    job = wait_for(api, accepted.parsed.job)
    assert (job.status, job.rows.inserted, job.rows.rejected) == ("succeeded", 2, 1)

    (rejected,) = api("list_errors", job.id).parsed.results
    assert (rejected.line, rejected.code) == (4, "empty_answer")

    asked = models.SearchRequest(question="How do I pay?", collection="client")
    found = api("search", body=asked).parsed
    assert found.best.answer == found.results[0].answer == "By card or by invoice."
    assert found.results[0].metadata["topic"] == "payment"
    both = models.BatchRequest(queries=[asked, models.SearchRequest(question="parcel")])
    assert [one.question for one in api("search_batch", body=both).parsed.results] == [
        "How do I pay?",
        "parcel",
    ]
    try_items(models, api)
    exported = api("export_collection", "client").content.decode()
    assert exported.splitlines()[0] == "id,question,answer,topic"
    assert "Where is my parcel?" in exported


def try_items(models: Any, api: Any) -> None:
    """Create, change and delete an item."""
    new = models.ItemRequest(
        question="May I return it?", answer="For 30 days.", collection="client"
    )
    item = api("add_item", body=new)
    assert item.status_code == 201
    changed = api(
        "patch_item",
        item.parsed.id,
        body=models.ItemPatch(answer="For 60 days."),
        if_match=item.headers["ETag"],
    )
    assert changed.parsed.answer == "For 60 days."
    old = api("delete_item", item.parsed.id, if_match=item.headers["ETag"])
    assert (old.status_code, old.parsed.code) == (412, "changed_meanwhile")
    assert api("delete_item", item.parsed.id).parsed.deleted == 1
    assert api("show_item", item.parsed.id).parsed.code == "not_found"


def wait_for(api: Any, job: Any, seconds: float = 120) -> Any:
    deadline = time.monotonic() + seconds
    while job.status in ("enqueued", "processing"):
        assert time.monotonic() < deadline, job
        time.sleep(0.05)
        job = api("show_job", job.id).parsed
    return job


@pytest.mark.parametrize(
    ("operation", "answers"),
    [
        ("search.search", {"SearchResponse", "ErrorBody"}),
        ("search.search_batch", {"BatchResponse", "ErrorBody"}),
        ("upload.upload_file", {"UploadResponse", "DryRunResponse", "ErrorBody"}),
        ("jobs.show_job", {"JobBody", "ErrorBody"}),
        ("jobs.list_errors", {"ErrorsResponse", "ErrorBody"}),
        ("items.add_item", {"ItemBody", "ErrorBody"}),
        ("items.delete_item", {"DeletedResponse", "ErrorBody"}),
        ("collections.list_collections", {"CollectionsResponse", "ErrorBody"}),
        ("collections.export_collection", {"str", "ErrorBody"}),
    ],
)
def test_answers_have_types(generated: ModuleType, operation: str, answers: set[str]) -> None:
    module = importlib.import_module(f"{NAME}.api.{operation}")
    answer = get_type_hints(module.sync)["return"]
    assert {kind.__name__ for kind in answer.__args__} == answers | {"NoneType"}
