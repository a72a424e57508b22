"""The programs beside the service: demo and benchmarks share one way to start it, and no test."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

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
