"""Links of /openapi.json: which operations take what an answer has, for programs that follow it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def _link(operations: Iterable[str], name: str, place: str) -> dict[str, Any]:
    """Return links to operations, whose parameter `name` is at `place` of the answer's body."""
    return {
        operation: {"operationId": operation, "parameters": {name: f"$response.body#{place}"}}
        for operation in operations
    }


def _match(links: dict[str, Any]) -> dict[str, Any]:
    """Return links to operations that change the item only if it is what the answer says."""
    for link in links.values():
        link["parameters"]["header.If-Match"] = "$response.header.ETag"
    return links


_JOB = ("show_job", "list_errors", "cancel_job")
_CHANGES = ("change_item", "patch_item", "delete_item")
_ITEM = ("show_item", *_CHANGES)
_COLLECTION = (
    "show_collection",
    "export_collection",
    "check_collection",
    "show_thresholds",
    "set_thresholds",
)

# By operation and status.
LINKS: dict[tuple[str, str], dict[str, Any]] = {
    ("upload_file", "202"): _link(_JOB, "job_id", "/job/id"),
    ("evaluate_collection", "202"): _link(_JOB, "job_id", "/job/id"),
    ("list_jobs", "200"): _link(_JOB, "job_id", "/results/0/id"),
    ("add_item", "201"): {
        **_link(("show_item",), "item_id", "/id"),
        **_match(_link(_CHANGES, "item_id", "/id")),
    },
    ("show_item", "200"): _match(_link(_CHANGES, "item_id", "/id")),
    ("list_items", "200"): _link(_ITEM, "item_id", "/results/0/id"),
    ("create_key", "201"): _link(("revoke_key",), "key_id", "/id"),
    ("add_user", "201"): _link(("change_password", "remove_user"), "name", "/name"),
    ("search", "200"): _link(("show_item",), "item_id", "/results/0/id"),
    ("list_collections", "200"): _link(_COLLECTION, "name", "/results/0/name"),
}
