"""The file of a backup: a ZIP archive that any tool opens.

| member | content |
|---|---|
| `schema.sql` | the SQL that made the tables |
| `rows/<table>.copy` | a table's rows as `COPY … (FORMAT binary)` writes them |
| `manifest.json` | versions; of each table the columns, and number and SHA-256 of its rows |

A file that was cut off has no directory at its end, and one that was changed has other digests.
Both are refused before anything is restored. The digests are no proof of who wrote the file.
"""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import IO, Any

from messages import Explained, say
from store.snapshot import Saved, Snapshot

FORMAT, FORMAT_VERSION = "conector-pgvector backup", 1
SCHEMA, MANIFEST = "schema.sql", "manifest.json"
# Rows are compressed and read in pieces of so many bytes. Vectors hardly get smaller, so more than
# the least effort would be lost on them.
PIECE_BYTES = 1 << 20
LEVEL = 1
# A schema and a manifest are small; larger ones are of no backup.
MOST_TEXT_BYTES = 16 << 20


# What zipfile and json say of a file that was changed.
_DAMAGE = (
    zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, KeyError, TypeError, ValueError,
)  # fmt: skip


class ArchiveError(Explained):
    """The file is no backup, or is damaged; the text is one line for a person."""


@dataclass(frozen=True)
class Summary:
    """What a backup holds: the version of the schema, and the rows of each table."""

    schema_version: int
    rows: dict[str, int]


def write_archive(file: IO[bytes], snapshot: Snapshot, service: str) -> Summary:
    """Write a snapshot; `service` is the version of the service that does."""
    tables = []
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=LEVEL) as archive:
        archive.writestr(SCHEMA, snapshot.schema)
        for content in snapshot.contents:
            with archive.open(_name_rows(content.table), "w", force_zip64=True) as member:
                rows = _RowsWriter(member)
                count = content.copy(rows)
                digest = rows.finish()
            tables.append(
                {"name": content.table, "columns": content.columns, "rows": count, "sha256": digest}
            )
        manifest = {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "service_version": service,
            "schema_version": snapshot.version,
            "schema_sha256": sha256(snapshot.schema.encode()).hexdigest(),
            "created_at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
            "tables": tables,
            "sequences": snapshot.read_sequences(),
        }
        archive.writestr(MANIFEST, json.dumps(manifest, indent=1))
    return _summarize(manifest)


def _name_rows(table: str) -> str:
    return f"rows/{table}.copy"


def _summarize(manifest: dict[str, Any]) -> Summary:
    rows = {table["name"]: int(table["rows"]) for table in manifest["tables"]}
    return Summary(manifest["schema_version"], rows)


class _RowsWriter:
    """Gathers the rows, which COPY gives one by one, and digests them."""

    def __init__(self, member: IO[bytes]) -> None:
        self._member = member
        self._digest = sha256()
        self._gathered = bytearray()

    def write(self, piece: bytes, /) -> None:
        self._gathered += piece
        if len(self._gathered) >= PIECE_BYTES:
            self._flush()

    def finish(self) -> str:
        self._flush()
        return self._digest.hexdigest()

    def _flush(self) -> None:
        self._digest.update(self._gathered)
        self._member.write(self._gathered)
        self._gathered = bytearray()


@contextmanager
def open_archive(path: Path) -> Iterator[tuple[Saved, Summary]]:
    """Yield what a backup holds, once all of it was read and compared. Raises ArchiveError."""
    try:
        with zipfile.ZipFile(path) as archive:
            manifest = _read_manifest(archive)
            schema = _read_text(archive, SCHEMA)
            if sha256(schema.encode()).hexdigest() != manifest["schema_sha256"]:
                raise _name_damage(path)
            for table in manifest["tables"]:
                if _digest_rows(archive, table["name"]) != table["sha256"]:
                    raise _name_damage(path)
            yield _make_saved(archive, manifest, schema), _summarize(manifest)
    except _DAMAGE as error:
        raise _name_damage(path) from error


def _read_manifest(archive: zipfile.ZipFile) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads(_read_text(archive, MANIFEST))
    if manifest["format"] != FORMAT:
        raise ValueError(manifest["format"])
    if manifest["format_version"] > FORMAT_VERSION:
        raise ArchiveError(
            say(
                "The backup was made by a later version of the service ({version}): restore it "
                "with that version.",
                version=str(manifest["service_version"]),
            )
        )
    return manifest


def _read_text(archive: zipfile.ZipFile, name: str) -> str:
    if archive.getinfo(name).file_size > MOST_TEXT_BYTES:
        raise ValueError(name)
    return archive.read(name).decode()


def _digest_rows(archive: zipfile.ZipFile, table: str) -> str:
    digest = sha256()
    with archive.open(_name_rows(table)) as member:
        while piece := member.read(PIECE_BYTES):
            digest.update(piece)
    return digest.hexdigest()


def _make_saved(archive: zipfile.ZipFile, manifest: dict[str, Any], schema: str) -> Saved:
    return Saved(
        version=int(manifest["schema_version"]),
        schema=schema,
        columns={table["name"]: list(table["columns"]) for table in manifest["tables"]},
        open_rows=lambda table: archive.open(_name_rows(table)),
        sequences={str(name): int(at) for name, at in manifest["sequences"].items()},
    )


def _name_damage(path: Path) -> ArchiveError:
    return ArchiveError(
        say("{path} is no backup of this service, or it is damaged.", path=str(path))
    )
