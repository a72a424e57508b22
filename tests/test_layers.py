"""The architecture, as README and folders show it: calls go down the layers, and walls hold."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# From the top: a part may import any part below its own line, and none beside it or above.
LAYERS = (
    ("app", "worker"),
    ("cli",),
    ("web",),
    ("services",),
    ("store", "files", "embedders", "postgres"),
    ("db", "embeddings"),
    ("config", "texts", "turns"),
    ("translations",),
    ("messages", "metrics", "request_ids"),
)
# Programs beside the service, which no part of it imports.
TOOLS = ("demo", "local_service", "bench", "tests")
# Which parts may import what needs a wall around it. `config` only takes a DSN apart.
WALLS = {
    "psycopg2": {"db", "store", "postgres", "config"},
    "pgvector": {"db", "store"},
    "flask": {"app", "web", "cli"},
    "apiflask": {"app", "web", "cli"},
    "flask_httpauth": {"web"},
    "werkzeug": {"app", "web", "services"},
    "uvicorn": {"web"},
    "httptools": {"web"},
    "torch": {"embedders"},
    "transformers": {"embedders"},
    "sentence_transformers": {"embedders"},
    "openvino": {"embedders"},
    "openpyxl": {"files"},
    "ijson": {"files"},
    "pandas": {"files"},
    "babel": {"translations"},
    "sklearn": {"services"},
    "prometheus_client": {"metrics", "services", "web"},
    "matplotlib": {"cli"},
}
MAX_ROOT_FILES = 13
MAX_FILE_LINES = 400
# Of branches a function may have twelve: ruff counts them (PLR0912).
MAX_FUNCTION_LINES = 50
# Tables of names and of letters are data.
DATA_FILES = {"files/languages.py", "files/column_names.py"}

_RANKS = {part: rank for rank, parts in enumerate(LAYERS) for part in parts}


def modules(root: Path) -> Iterator[Path]:
    """Yield the service's own modules, as paths from the root."""
    for part in _RANKS:
        yield from (p.relative_to(root) for p in root.glob(f"{part}.py"))
        yield from (p.relative_to(root) for p in sorted((root / part).rglob("*.py")))


def imported(root: Path, module: Path) -> Iterator[str]:
    """Yield the dotted names that a module imports, anywhere in it."""
    for node in ast.walk(ast.parse((root / module).read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: imports are written from the root"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def part_of(name: str) -> str:
    return name.split(".")[0].split("/")[0]


def violations(root: Path) -> list[str]:
    """Return the imports that go up, go sideways, or pass a wall."""
    found = []
    for module in modules(root):
        part = part_of(module.as_posix())
        for name in imported(root, module):
            other = part_of(name)
            if other in TOOLS:
                found.append(f"{module} imports the tool {name}")
            elif other in _RANKS and other != part and _RANKS[other] <= _RANKS[part]:
                found.append(f"{module} imports {name}, which is not below it")
            elif other in WALLS and part not in WALLS[other]:
                found.append(f"{module} imports {name} through a wall")
    return found


def circles(root: Path) -> list[set[str]]:
    """Return what is left when modules that import nothing left are taken away, again and again."""
    names = {".".join(m.with_suffix("").parts): m for m in modules(root)}
    waiting = {
        name: {n for n in imported(root, module) if n in names and n != name}
        for name, module in names.items()
    }
    while free := [name for name, needs in waiting.items() if not needs & waiting.keys()]:
        for name in free:
            del waiting[name]
    return [set(waiting)] if waiting else []


def test_calls_go_down_the_layers_and_the_walls_hold() -> None:
    assert violations(ROOT) == []


def test_there_is_no_circle() -> None:
    assert circles(ROOT) == []


@pytest.mark.parametrize(
    ("module", "line", "said"),
    [
        ("store/jobs.py", "import services.workers", "not below it"),
        ("store/jobs.py", "from files.table import open_table", "not below it"),
        ("db.py", "from embeddings import FloatArray", "not below it"),
        ("services/runtime.py", "from web.errors import ApiError", "not below it"),
        ("worker.py", 'if __name__ == "__main__":\n    import app', "not below it"),
        ("web/search.py", "import psycopg2", "through a wall"),
        ("services/imports.py", "def late():\n    from flask import request", "through a wall"),
        ("services/search.py", "import torch", "through a wall"),
        ("config.py", "from tests.support.client import Client", "the tool"),
    ],
)
def test_a_wrong_import_is_found(tmp_path: Path, module: str, line: str, said: str) -> None:
    (tmp_path / module).parent.mkdir(exist_ok=True)
    (tmp_path / module).write_text(line)
    (found,) = {text.split(" imports ")[0] for text in violations(tmp_path)}
    assert found == module
    assert said in violations(tmp_path)[0]


def test_a_circle_is_found(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "jobs.py").write_text("import store.items")
    (tmp_path / "store" / "items.py").write_text("import store.copying")
    (tmp_path / "store" / "copying.py").write_text("def late():\n    from store import jobs")
    assert circles(tmp_path) == [{"store.jobs", "store.items", "store.copying"}]


def test_only_the_configuration_reads_the_environment() -> None:
    readers = {m for m in modules(ROOT) if "os.environ" in (ROOT / m).read_text("utf-8")}
    # The variable of the metrics is the library's own, which reads it when it is imported.
    assert readers <= {Path("config.py"), Path("app.py"), Path("worker.py"), Path("metrics.py")}


def test_the_root_shows_the_architecture() -> None:
    assert len(list(ROOT.glob("*.py"))) <= MAX_ROOT_FILES


@pytest.mark.parametrize("module", sorted(modules(ROOT)), ids=str)
def test_files_and_functions_are_small(module: Path) -> None:
    text = (ROOT / module).read_text("utf-8")
    if module.as_posix() not in DATA_FILES:
        assert text.count("\n") <= MAX_FILE_LINES
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            assert node.end_lineno is not None
            assert node.end_lineno - node.lineno < MAX_FUNCTION_LINES, node.name


@pytest.mark.parametrize("package", [p for p in _RANKS if (ROOT / p).is_dir()])
def test_a_folder_says_in_one_sentence_what_it_is(package: str) -> None:
    tree = ast.parse((ROOT / package / "__init__.py").read_text("utf-8"))
    assert len(tree.body) == 1
    assert ast.get_docstring(tree)
