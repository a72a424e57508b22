"""Imports go one way: app → workers → {db, embeddings}; nobody imports app."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MODULES = {path.stem: path for path in ROOT.glob("*.py")}


def external(module: str) -> set[str]:
    """Return the top names of everything that a module imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(MODULES[module].read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


def imports(module: str) -> set[str]:
    """Return the project's modules that a module imports."""
    return external(module) & MODULES.keys()


@pytest.mark.parametrize("module", sorted(MODULES))
def test_nobody_imports_app(module: str) -> None:
    assert "app" not in imports(module)


def test_there_is_no_circle() -> None:
    done: set[str] = set()
    waiting = {module: imports(module) for module in MODULES}
    while waiting:
        free = {module for module, needs in waiting.items() if needs <= done}
        assert free, f"a circle among {sorted(waiting)}"
        done |= free
        waiting = {m: needs for m, needs in waiting.items() if m not in free}


@pytest.mark.parametrize("module", [m for m in sorted(MODULES) if m.startswith("db")])
def test_the_database_layer_knows_neither_http_nor_the_model(module: str) -> None:
    above = {"app", "worker", "embeddings", "services", "auth", "errors", "config", "csv_rows"}
    assert not imports(module) & above
    assert not external(module) & {"flask", "torch", "sentence_transformers", "openvino"}
    assert "environ" not in MODULES[module].read_text("utf-8")


def test_the_worker_knows_neither_http_nor_csv() -> None:
    assert not external("workers") & {"flask", "psycopg2", "apiflask"}
    assert not imports("workers") & {"app", "csv_rows", "uploads", "api_models", "errors", "config"}


def test_the_model_knows_neither_sql_nor_http() -> None:
    for module in ("embeddings", "bundled_model", "openvino_backend"):
        assert not external(module) & {"flask", "psycopg2"}
        assert not any(name.startswith("db") for name in imports(module))


def test_csv_reading_is_pure() -> None:
    for module in MODULES:
        if module.startswith("csv_"):
            assert not external(module) & {"flask", "psycopg2", "os"}
            assert not any(name.startswith("db") for name in imports(module))


def test_only_the_configuration_reads_the_environment() -> None:
    readers = {m for m, path in MODULES.items() if "os.environ" in path.read_text("utf-8")}
    assert readers <= {"config", "demo", "app"}
