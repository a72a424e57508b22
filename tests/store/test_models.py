"""Models: registered once, and never mixed."""

from __future__ import annotations

import pytest

import store.models
from app import create_app
from config import Settings
from db import Pool
from tests.support.client import Client
from tests.support.embedder import HashEmbedder


def test_a_model_is_registered_once_and_keeps_its_dimension(pool: Pool) -> None:
    first = store.models.register_model(pool, "a", 3)
    assert store.models.register_model(pool, "a", 3) == first
    assert store.models.register_model(pool, "b", 3).id != first.id
    with pytest.raises(ValueError, match="3"):
        store.models.register_model(pool, "a", 4)


@pytest.mark.parametrize("dimension", [1, 384, 1024, 4000])
def test_any_dimension_up_to_4000_works(settings: Settings, dimension: int) -> None:
    app = create_app(settings, HashEmbedder(dimension))
    client = Client(app.test_client())
    client.load("question,answer\nOne thing?,Yes.\nOther matter?,No.\n")
    best = client.search("One thing?")[0]
    assert best["distance"] == pytest.approx(0, abs=2e-3)
    app.extensions["conector"].close()


def test_a_dimension_above_4000_ends_the_start_with_one_line(settings: Settings) -> None:
    with pytest.raises(Exception, match=r"EMBEDDING_MODEL.*4001.*4000"):
        create_app(settings, HashEmbedder(4001))


def test_vectors_of_two_models_are_never_compared(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    csv = "question,answer\nOne thing?,Yes.\n"
    first = create_app(settings, HashEmbedder(32, "first"))
    Client(first.test_client()).load(csv)
    first.extensions["conector"].close()
    assert "no vectors" not in caplog.text

    second = create_app(settings, HashEmbedder(32, "second"))
    client = Client(second.test_client())
    assert "1 stored items have no vectors of the model second-32" in caplog.text
    assert "first-32" in caplog.text
    assert client.search("One thing?") == []
    assert client.load(csv)["rows"]["updated"] == 1
    assert len(client.search("One thing?")) == 1
    second.extensions["conector"].close()
