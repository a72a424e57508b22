"""The program that makes a model ready, such as for an image of a container."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

import embedders.__main__
from embedders.sentence import SentenceModel


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read no `.env`, and no variables of the machine's own."""
    monkeypatch.chdir(tmp_path)
    for name in ("EMBEDDING_MODEL", "EMBEDDING_BACKEND", "MODEL_DIR"):
        monkeypatch.delenv(name, raising=False)


def test_the_model_is_where_a_start_looks_for_it(
    model_dir: Path, openvino_model: SentenceModel, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    before = {path: path.stat().st_mtime_ns for path in model_dir.rglob("*")}
    monkeypatch.setenv("MODEL_DIR", str(model_dir))
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    assert embedders.__main__.main() == 0
    # It was there, so nothing is made: the folder could be read-only.
    assert {path: path.stat().st_mtime_ns for path in model_dir.rglob("*")} == before
    assert not (tmp_path / "data").exists()


def test_a_model_that_openvino_cannot_run_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("openvino")
    on_torch = SimpleNamespace(encoder=object())
    monkeypatch.setattr(embedders.__main__, "load_model", lambda *_: on_torch)
    assert embedders.__main__.main() == 1
    monkeypatch.setenv("EMBEDDING_BACKEND", "torch")
    assert embedders.__main__.main() == 0


def test_a_model_that_is_nowhere_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EMBEDDING_BACKEND", "cuda")
    assert embedders.__main__.main() == 1
    assert capsys.readouterr().err.startswith("EMBEDDING_BACKEND is 'cuda'")
