"""The programs beside the service: demo and benchmarks share one way to start it, and no test."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest

ROOT = Path(__file__).parent.parent
TOOLS = [ROOT / "demo.py", ROOT / "local_service.py", *sorted((ROOT / "bench").glob("*.py"))]


def imported(module: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(module.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


@pytest.mark.parametrize("module", TOOLS, ids=lambda path: path.stem)
def test_a_tool_imports_no_test_and_is_found_without_a_path_of_its_own(module: Path) -> None:
    assert [name for name in imported(module) if name.split(".")[0] == "tests"] == []
    assert "sys.path" not in module.read_text("utf-8")


_SLOW_BENCH = """
import sys, time
from pathlib import Path
from bench.database import run_postgres

with run_postgres(Path(sys.argv[1])) as dsn:
    print(dsn, flush=True)
    time.sleep(600)
"""


def test_a_benchmark_that_is_ended_leaves_no_server(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _SLOW_BENCH, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as bench:
        assert bench.stdout is not None
        dsn = bench.stdout.readline().strip()
        psycopg2.connect(dsn).close()
        bench.terminate()
    with pytest.raises(psycopg2.OperationalError):
        psycopg2.connect(dsn)
