"""How the server is told to run: its socket wherever the data lies, and its memory."""

from __future__ import annotations

from pathlib import Path

import psycopg2
import pytest

from postgres.options import choose_shared_buffers
from postgres.server import EmbeddedPostgres
from tests.support.embedded import needs_posix, query


@needs_posix
@pytest.mark.parametrize("name", ["x" * 120, "a $HOME `b` \"c\", 'ção' \\ %41 & d"])
def test_odd_and_long_paths(data_dir: Path, name: str) -> None:
    odd = data_dir / name
    server = EmbeddedPostgres.start(odd)
    assert query(server.dsn, "SELECT 1") == (1,)
    second = EmbeddedPostgres.start(odd)
    assert second.dsn == server.dsn
    host = psycopg2.extensions.parse_dsn(server.dsn)["host"]
    assert Path(host).stat().st_mode & 0o777 == 0o700
    server.stop()
    second.stop()
    assert not Path(host).exists() or Path(host) == odd / "postgres"


def test_a_container_s_memory_bounds_the_server_s(tmp_path: Path) -> None:
    limit = tmp_path / "memory.max"
    limit.write_text("4294967296\n")
    assert choose_shared_buffers(limit) == "512MB"
    limit.write_text("100000000\n")
    assert choose_shared_buffers(limit) == "128MB"
    limit.write_text("max\n")
    assert choose_shared_buffers(limit) == choose_shared_buffers(tmp_path / "none")
