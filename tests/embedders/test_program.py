"""The program that makes a model ready, such as for an image of a container."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

import config
import embedders.__main__
from embedders.openvino import OpenVinoEncoder


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read no `.env`, and no variables of the machine's own."""
    monkeypatch.chdir(tmp_path)
    for name in ("EMBEDDING_MODEL", "EMBEDDING_BACKEND", "MODEL_DIR"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("variable", ["MODEL_DIR", "DATA_DIR"])
def test_the_model_is_made_where_a_start_looks_for_it(
    variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATA_DIR", "elsewhere")
    monkeypatch.setenv(variable, "here")
    asked: list[object] = []

    def load(*arguments: object) -> SimpleNamespace:
        asked.extend(arguments)
        return SimpleNamespace(encoder=object.__new__(OpenVinoEncoder))

    monkeypatch.setattr(embedders.__main__, "load_model", load)
    assert embedders.__main__.main() == 0
    assert asked == [None, "auto", Path("here")]
    assert config.read_settings(config.environment()).model_folder == Path("here")


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
