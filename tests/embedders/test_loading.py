"""Loading: errors in one line, torch where OpenVINO can't, an identity that follows the files."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

import pytest

from embedders.loading import identify_folder, load_model
from embeddings import ModelLoadError


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
    minilm_folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object) -> None:
        raise RuntimeError("an operation\nnobody knows")

    with caplog.at_level(logging.WARNING):
        model = load_model(str(minilm_folder), "auto", tmp_path, exchange=refuse)
    warnings = [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]
    assert warnings == ["OpenVINO can't run the model, so torch does: an operation nobody knows"]
    assert model.encode_queries(["a"]).shape == (1, 384)


def test_the_identity_follows_the_content(minilm_folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "model"
    shutil.copytree(minilm_folder, copy)
    assert identify_folder(copy) == identify_folder(minilm_folder)
    config = copy / "1_Pooling" / "config.json"
    config.write_text(config.read_text().replace("true", "false"))
    assert identify_folder(copy) != identify_folder(minilm_folder)
