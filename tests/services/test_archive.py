"""The file of a backup is read only where it is what the service writes."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from services.archive import ArchiveError, open_archive, write_archive
from store.snapshot import Content, Snapshot, Writable

SCHEMA = "CREATE TABLE IF NOT EXISTS items (id int);\nCREATE TABLE IF NOT EXISTS jobs (id int);\n"


def copy(target: Writable) -> int:
    target.write(b"rows")
    return 1


def write_members(file: Path, members: dict[str, Any], method: int = zipfile.ZIP_STORED) -> None:
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)


@pytest.fixture
def members() -> dict[str, Any]:
    """What is in a backup of two tables."""
    contents = iter([Content("items", ["id"], copy), Content("jobs", ["id"], copy)])
    file = io.BytesIO()
    write_archive(file, Snapshot(11, SCHEMA, contents, lambda: {"items.id": 7}), "1.0")
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def read(file: Path) -> dict[str, int]:
    """Return the numbers of rows, after all rows were read again."""
    with open_archive(file) as (saved, summary):
        for table in saved.columns:
            assert saved.open_rows(table).read(100) == b"rows"
        assert saved.sequences == {"items.id": 7}
        return summary.rows


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_what_was_written_is_read(members: dict[str, Any], method: int, tmp_path: Path) -> None:
    file = tmp_path / "all.zip"
    manifest = json.loads(members["manifest.json"])
    # A later version may say more.
    write_members(file, members | {"manifest.json": json.dumps(manifest | {"more": 1})}, method)
    assert read(file) == {"items": 1, "jobs": 1}


CHANGES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "no JSON": lambda _: "{",
    "nested deeply": lambda _: "[" * 200_000,
    "no object": lambda _: "[]",
    "no tables": lambda manifest: manifest.update(tables=[]),
    "a table less": lambda manifest: manifest.update(tables=manifest["tables"][1:]),
    "a table twice": lambda manifest: manifest.update(tables=manifest["tables"] * 2),
    "another table": lambda manifest: manifest["tables"][0].update(name="../pg_authid"),
    "columns of another type": lambda manifest: manifest["tables"][0].update(columns=[1]),
    "rows without end": lambda manifest: manifest["tables"][0].update(rows=float("inf")),
    "no sequences": lambda manifest: manifest.update(sequences=None),
    "a number too large": lambda manifest: manifest.update(sequences={"items.id": 2**63}),
    "a version that is none": lambda manifest: manifest.update(schema_version="1"),
    "another format": lambda manifest: manifest.update(format="another"),
    "no format": lambda manifest: manifest.pop("format") and None,
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_manifest_that_says_something_else_is_refused(
    members: dict[str, Any], name: str, tmp_path: Path
) -> None:
    file = tmp_path / "all.zip"
    manifest = json.loads(members["manifest.json"])
    changed = CHANGES[name](manifest) or json.dumps(manifest)
    write_members(file, members | {"manifest.json": changed, "rows/../pg_authid.copy": b"rows"})
    with pytest.raises(ArchiveError, match="damaged"):
        read(file)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_an_archive_that_is_packed_in_another_way_is_refused(
    members: dict[str, Any], method: int, tmp_path: Path
) -> None:
    file = tmp_path / "all.zip"
    write_members(file, members, method)
    with pytest.raises(ArchiveError, match="damaged"):
        read(file)


def test_an_encrypted_archive_is_refused(members: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "all.zip"
    write_members(file, members)
    content = bytearray(file.read_bytes())
    # The flags of each member, in the directory and before its content.
    for signature, flags in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        at = -1
        while (at := content.find(signature, at + 1)) >= 0:
            content[at + flags] |= 1
    file.write_bytes(content)
    with pytest.raises(ArchiveError, match="damaged"):
        read(file)
