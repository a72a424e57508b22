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

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import IO, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from messages import Explained, say
from store.snapshot import Saved, Snapshot, list_tables

FORMAT: Literal["conector-pgvector backup"] = "conector-pgvector backup"
FORMAT_VERSION = 1
SCHEMA, MANIFEST = "schema.sql", "manifest.json"
# Rows are compressed and read in pieces of so many bytes. Vectors hardly get smaller, so more than
# the least effort would be lost on them.
PIECE_BYTES = 1 << 20
LEVEL = 1
# A schema and a manifest are small; larger ones are of no backup.
MOST_TEXT_BYTES = 16 << 20
# A bit of a member's flags in a ZIP archive (PKWARE's APPNOTE, 4.4.4).
_ENCRYPTED = 1


# What zipfile and pydantic say of a file that was changed.
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, KeyError, ValueError)


class _Table(BaseModel):
    """The rows of a table. `sha256` is that of the file with them."""

    name: str
    columns: list[str]
    rows: int
    sha256: str


class _Form(BaseModel):
    """What every version of the archive says of itself."""

    model_config = ConfigDict(strict=True)

    format: Literal["conector-pgvector backup"]
    format_version: int
    service_version: str


class _Manifest(_Form):
    """What is in the archive."""

    schema_version: int
    schema_sha256: str
    created_at: str
    tables: list[_Table]
    # The next numbers of the identity columns, which are PostgreSQL's bigint.
    sequences: dict[str, Annotated[int, Field(ge=0, lt=2**63)]]


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
            columns = list(content.columns)
            tables.append(_Table(name=content.table, columns=columns, rows=count, sha256=digest))
        manifest = _Manifest(
            format=FORMAT,
            format_version=FORMAT_VERSION,
            service_version=service,
            schema_version=snapshot.version,
            schema_sha256=sha256(snapshot.schema.encode()).hexdigest(),
            created_at=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
            tables=tables,
            sequences=snapshot.read_sequences(),
        )
        archive.writestr(MANIFEST, manifest.model_dump_json(indent=1))
    return _summarize(manifest)


def _name_rows(table: str) -> str:
    return f"rows/{table}.copy"


def _summarize(manifest: _Manifest) -> Summary:
    return Summary(manifest.schema_version, {table.name: table.rows for table in manifest.tables})


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
            if sha256(schema.encode()).hexdigest() != manifest.schema_sha256:
                raise _name_damage(path)
            if [table.name for table in manifest.tables] != list_tables(schema):
                raise _name_damage(path)
            for table in manifest.tables:
                if _digest_rows(archive, table.name) != table.sha256:
                    raise _name_damage(path)
            yield _make_saved(archive, manifest, schema), _summarize(manifest)
    except _DAMAGE as error:
        raise _name_damage(path) from error


def _read_manifest(archive: zipfile.ZipFile) -> _Manifest:
    text = _read_text(archive, MANIFEST)
    form = _Form.model_validate_json(text)
    if form.format_version > FORMAT_VERSION:
        raise ArchiveError(
            say(
                "The backup was made by a later version of the service ({version}): restore it "
                "with that version.",
                version=form.service_version,
            )
        )
    return _Manifest.model_validate_json(text)


def _read_text(archive: zipfile.ZipFile, name: str) -> str:
    if archive.getinfo(name).file_size > MOST_TEXT_BYTES:
        raise ValueError(name)
    with _open_member(archive, name) as member:
        return member.read().decode()


def _open_member(archive: zipfile.ZipFile, name: str) -> IO[bytes]:
    """Open a member that is packed as this module packs. Raises BadZipFile, KeyError."""
    info = archive.getinfo(name)
    packed = info.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
    if not packed or info.flag_bits & _ENCRYPTED:
        raise zipfile.BadZipFile(name)
    return archive.open(info)


def _digest_rows(archive: zipfile.ZipFile, table: str) -> str:
    digest = sha256()
    with _open_member(archive, _name_rows(table)) as member:
        while piece := member.read(PIECE_BYTES):
            digest.update(piece)
    return digest.hexdigest()


def _make_saved(archive: zipfile.ZipFile, manifest: _Manifest, schema: str) -> Saved:
    return Saved(
        version=manifest.schema_version,
        schema=schema,
        columns={table.name: table.columns for table in manifest.tables},
        open_rows=lambda table: _open_member(archive, _name_rows(table)),
        sequences=manifest.sequences,
    )


def _name_damage(path: Path) -> ArchiveError:
    return ArchiveError(
        say("{path} is no backup of this service, or it is damaged.", path=str(path))
    )
