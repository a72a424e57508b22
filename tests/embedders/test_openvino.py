"""OpenVINO: it agrees with torch, and a form or a file that is wrong is not used."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import embedders.bundled
from embedders.loading import load_model
from embedders.openvino import compress_weights, keep_weights, read_linear_weights, use_openvino
from embedders.sentence import SentenceModel
from tests.support.models import TEXTS, cosines, forward_name


def test_openvino_agrees_with_torch(
    openvino_model: SentenceModel, torch_model: SentenceModel
) -> None:
    assert (
        cosines(openvino_model.encode_queries(TEXTS), torch_model.encode_queries(TEXTS)).min()
        > 0.999
    )
    assert openvino_model.identity == torch_model.identity
    assert forward_name(openvino_model) == "OpenVinoForward"
    assert forward_name(torch_model) != "OpenVinoForward"


def test_another_bert_like_folder_works_on_openvino_too(
    minilm_folder: Path, model_dir: Path
) -> None:
    fast = load_model(str(minilm_folder), "openvino", model_dir)
    slow = load_model(str(minilm_folder), "torch", model_dir)
    assert forward_name(fast) == "OpenVinoForward"
    assert cosines(fast.encode_queries(TEXTS[:8]), slow.encode_queries(TEXTS[:8])).min() > 0.999
    assert fast.identity == slow.identity
    assert fast.identity != embedders.bundled.IDENTITY
    assert fast.dimension == 384


def test_a_form_that_does_not_agree_with_torch_is_not_used(
    minilm_folder: Path, tmp_path: Path
) -> None:
    def read_signs(node: Any) -> Any:
        weights = read_linear_weights(node)
        return None if weights is None else np.sign(weights)

    wrong = partial(compress_weights, read_weights=read_signs)
    exchange = partial(use_openvino, forms=(wrong, keep_weights))
    model = load_model(str(minilm_folder), "openvino", tmp_path, exchange=exchange)
    torch_model = load_model(str(minilm_folder), "torch", tmp_path)
    texts = ["How do I change my password?", "Delivery takes five days."]
    agreement = cosines(model.encode_passages(texts), torch_model.encode_passages(texts))
    assert agreement.min() >= 0.999
    assert forward_name(model) == "OpenVinoForward"


def test_a_model_of_which_no_form_agrees_stays_as_it_was(
    minilm_folder: Path, tmp_path: Path
) -> None:
    def forget(node: Any) -> Any:
        weights = read_linear_weights(node)
        return None if weights is None else np.zeros_like(weights)

    model = load_model(str(minilm_folder), "torch", tmp_path)
    before = model.transformer[0].model
    wrong = partial(compress_weights, read_weights=forget)
    with pytest.raises(RuntimeError, match="agree"):
        use_openvino(model.transformer, model.identity, tmp_path, forms=(wrong,))
    assert model.transformer[0].model is before
    assert not list((tmp_path / "openvino").glob("*"))


def test_a_broken_converted_model_is_made_anew(minilm_folder: Path, tmp_path: Path) -> None:
    load_model(str(minilm_folder), "openvino", tmp_path)
    (file,) = tmp_path.glob("openvino/*/model.xml")
    file.write_text("<broken")
    shutil.rmtree(tmp_path / "openvino" / "cache", ignore_errors=True)
    model = load_model(str(minilm_folder), "openvino", tmp_path)
    assert forward_name(model) == "OpenVinoForward"
    assert file.read_text() != "<broken"
