"""Loading: errors in one line, torch where OpenVINO can't, an identity that follows the files."""

from __future__ import annotations

import logging
import os
import shutil
from pathlib import Path

import pytest

import embedders.bundled
from embedders.conversion import run_conversion
from embedders.loading import load_model
from embedders.networks import NoModel
from embedders.openvino import Facts
from embedders.sentence import SentenceModel
from embedders.sources import ModelSource, find_source, identify_folder
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
        model = load_model(str(minilm_folder), "auto", tmp_path, convert=refuse)
    warnings = [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]
    assert warnings == ["OpenVINO can't run the model, so torch does: an operation nobody knows"]
    assert model.encode_queries(["a"]).shape == (1, 384)
    assert not list(tmp_path.glob("openvino/*/"))


def test_a_conversion_is_a_process_of_its_own_that_says_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(NoModel, match=r"\w"):
        run_conversion(ModelSource(str(tmp_path), "empty"), tmp_path)
    with pytest.raises(NoModel, match="No such file"):
        run_conversion(ModelSource(str(tmp_path / "none"), "none", bundled=True), tmp_path)


def test_what_an_older_version_kept_is_removed_and_nothing_else(
    minilm_folder: Path, tmp_path: Path
) -> None:
    def make(path: str, facts: Facts | None, *, old: bool = True) -> Path:
        folder = tmp_path / path
        folder.mkdir(parents=True)
        (folder / "model.bin").write_text("weights")
        if facts is not None:
            facts.save(folder)
        if old:
            os.utime(folder, (0, 0))
        return folder

    identity = find_source(str(minilm_folder)).identity
    same, other = Facts(identity, 384, 512, {}), Facts("another model", 384, 512, {})
    gone = [
        make("openvino/cache", None),
        make("openvino/version3", None),
        make("openvino/before", same),
    ]
    kept = [
        make("openvino/other", other),
        make("openvino/.other.partial", None),
        make("openvino/young", None, old=False),
        make(f"models/{embedders.bundled.IDENTITY}", None),  # of the bundled model
    ]
    load_model(str(minilm_folder), "openvino", tmp_path)
    assert [path for path in gone if path.exists()] == []
    assert [path for path in kept if not path.exists()] == []


def test_the_bundled_model_in_f32_is_removed_where_openvino_runs_it(
    openvino_model: SentenceModel, model_dir: Path
) -> None:
    folder = model_dir / "models" / f"{embedders.bundled.IDENTITY}"
    folder.mkdir(parents=True, exist_ok=True)
    load_model(None, "openvino", model_dir)
    assert folder.exists()  # it is young: another process may be about to read it
    os.utime(folder, (0, 0))
    load_model(None, "openvino", model_dir)
    assert not folder.exists()


def test_the_identity_follows_the_content(minilm_folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "model"
    shutil.copytree(minilm_folder, copy)
    assert identify_folder(copy) == identify_folder(minilm_folder)
    config = copy / "1_Pooling" / "config.json"
    config.write_text(config.read_text().replace("true", "false"))
    assert identify_folder(copy) != identify_folder(minilm_folder)
