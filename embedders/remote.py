"""A model behind a server that speaks the OpenAI embeddings API, POST <url>/v1/embeddings.

text-embeddings-inference, infinity, vLLM and others speak it. Each request has a deadline. The
errors tell three cases apart: the server can't be asked now (EmbedderBusy), it does not answer in
time (TimeoutError), and its answer is an error or makes no sense (WrongAnswer). The guard
(embedders/guard.py) decides whether the texts or the server are at fault.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import urllib3

from embeddings import PROBE, FloatArray, ModelLoadError, Window, WrongAnswer, mean_vector
from messages import explain, say
from turns import EmbedderBusy

# A server's model takes 512 tokens or more, and a token of most languages has 3 characters or
# more. A longer text is embedded in windows; its vector is their mean, weighted by length.
WINDOW_CHARS = 1_500
BATCH_TEXTS = 32
# A request may take so long, and so much longer for each character of its texts. Somebody waits for
# a query, which is short. A server without a GPU that is busy embeds some 50 tokens a second.
CONNECT_SECONDS = 2.0
QUERY_SECONDS, QUERY_SECONDS_A_CHAR = 4.0, 1 / 1_000
PASSAGE_SECONDS, PASSAGE_SECONDS_A_CHAR = 3.0, 1 / 200
# An answer is no larger. pgvector indexes 4,000 dimensions at most, of some 25 characters each.
ANSWER_BYTES, ANSWER_BYTES_A_TEXT = 1_000_000, 150_000
READ_BYTES = 1 << 16
# The server takes no text at all now: wrong key or address, or too much to do.
AWAY = (401, 403, 404, 407, 408, 425, 429, 503)
_UNREACHABLE = (
    urllib3.exceptions.ConnectTimeoutError,
    urllib3.exceptions.LocationParseError,
    urllib3.exceptions.NewConnectionError,
    urllib3.exceptions.ProxyError,
    urllib3.exceptions.SSLError,
)


@dataclass(frozen=True)
class RemoteOptions:
    """How to ask a server. Prompts go before the texts; `input_types` are for query and passage."""

    url: str
    model: str
    api_key: str | None = None
    query_prompt: str = ""
    passage_prompt: str = ""
    input_types: tuple[str, str] | None = None

    @property
    def identity(self) -> str:
        """The model's name and all that changes its vectors."""
        prompts = json.dumps([self.query_prompt, self.passage_prompt, self.input_types])
        return f"remote:{self.model} {prompts}"


class RemoteModel:
    """An `Embedder` over HTTP. Thread-safe. `identity` is the model's name and its prompts.

    `reference` is the vector that the model gave for the probe at the start.
    """

    backend = "server"

    def __init__(self, options: RemoteOptions) -> None:
        """Ask the server for one vector. Raises ModelLoadError if it gives none."""
        self._options = options
        self._url = options.url.rstrip("/").removesuffix("/v1") + "/v1/embeddings"
        self._headers = {"Content-Type": "application/json"}
        if options.api_key:
            self._headers["Authorization"] = f"Bearer {options.api_key}"
        # Whoever asks decides whether to ask again. A redirect is no answer either.
        self._http = urllib3.PoolManager(retries=False)
        self.identity = options.identity
        try:
            self.reference = self.encode_queries([PROBE])[0]
            if not np.isfinite(self.reference).all():
                raise WrongAnswer(say("The embedding server gave numbers that are not finite."))
        except (EmbedderBusy, TimeoutError, WrongAnswer) as error:
            raise ModelLoadError(
                say(
                    "EMBEDDING_URL={url} gives no vectors: {error}",
                    url=options.url,
                    error=explain(error),
                )
            ) from error
        self.dimension = len(self.reference)

    def encode_queries(self, texts: Sequence[str]) -> FloatArray:
        """Return vectors of unit length, shape (len(texts), dimension)."""
        split = [_cut(self._options.query_prompt + text) for text in texts]
        vectors = self._embed([window.text for windows in split for window in windows], 0)
        ends = np.cumsum([len(windows) for windows in split])[:-1]
        parts = zip(split, np.split(vectors, ends), strict=True)
        return np.stack([mean_vector(windows, part) for windows, part in parts])

    def passage_windows(self, texts: Sequence[str]) -> list[list[Window]]:
        """Cut each text to store, with its prompt, into windows."""
        return [_cut(self._options.passage_prompt + text) for text in texts]

    def encode_windows(self, windows: Sequence[str]) -> FloatArray:
        """Return the vectors of passages' windows, shape (len(windows), dimension)."""
        return self._embed(windows, 1)

    def _embed(self, texts: Sequence[str], side: int) -> FloatArray:
        """Return vectors of unit length; `side` is 0 for queries and 1 for passages."""
        batches = [texts[n : n + BATCH_TEXTS] for n in range(0, len(texts), BATCH_TEXTS)]
        vectors = np.concatenate([self._ask(list(batch), side) for batch in batches])
        with np.errstate(all="ignore"):
            norms = np.linalg.norm(vectors, axis=1, keepdims=True)
            result: FloatArray = vectors / np.maximum(norms, 1e-12)
        return result

    def _ask(self, texts: list[str], side: int) -> FloatArray:
        """Return the server's vectors. Raises EmbedderBusy, TimeoutError, WrongAnswer."""
        body: dict[str, object] = {"model": self._options.model, "input": texts}
        if self._options.input_types:
            body["input_type"] = self._options.input_types[side]
        chars = sum(map(len, texts))
        seconds = QUERY_SECONDS + QUERY_SECONDS_A_CHAR * chars
        if side:
            seconds = PASSAGE_SECONDS + PASSAGE_SECONDS_A_CHAR * chars
        most = ANSWER_BYTES + ANSWER_BYTES_A_TEXT * len(texts)
        try:
            status, answer = self._post(json.dumps(body).encode(), seconds, most)
        except _UNREACHABLE as error:
            raise EmbedderBusy(say("The embedding server can't be reached.")) from error
        except urllib3.exceptions.TimeoutError as error:
            raise _be_late(seconds) from error
        except urllib3.exceptions.HTTPError as error:
            raise WrongAnswer(say("The embedding server broke its answer off.")) from error
        if status in AWAY:
            raise EmbedderBusy(say("The embedding server answered {status}.", status=status))
        if status != 200:
            raise WrongAnswer(say("The embedding server answered {status}.", status=status))
        return _read_vectors(answer, len(texts))

    def _post(self, body: bytes, seconds: float, most: int) -> tuple[int, bytes]:
        """Return status and body. Raises urllib3's errors, and WrongAnswer over `most` bytes.

        urllib3 bounds each wait for a piece, and the loop bounds all of them together.
        """
        deadline = time.monotonic() + seconds
        response = self._http.request(
            *("POST", self._url),
            body=body,
            headers=self._headers,
            timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=seconds),
            preload_content=False,
        )
        answer = bytearray()
        try:
            while piece := response.read1(READ_BYTES):
                answer += piece
                if len(answer) > most:
                    raise WrongAnswer(say("The embedding server's answer is too long."))
                if time.monotonic() > deadline:
                    raise _be_late(seconds)
        except BaseException:
            response.close()
            raise
        response.release_conn()
        return response.status, bytes(answer)


def _be_late(seconds: float) -> TimeoutError:
    return TimeoutError(
        say("The embedding server did not answer within {seconds:.0f} seconds.", seconds=seconds)
    )


def _read_vectors(answer: bytes, count: int) -> FloatArray:
    """Return the vectors of an answer, shape (count, dimension). Raises WrongAnswer."""
    try:
        entries = sorted(json.loads(answer)["data"], key=lambda entry: int(entry["index"]))
        numbers = [entry["index"] for entry in entries]
        with np.errstate(all="ignore"):
            vectors = np.array([_read_vector(entry["embedding"]) for entry in entries], np.float32)
    except (KeyError, OverflowError, RecursionError, TypeError, ValueError) as error:
        raise WrongAnswer(say("The embedding server's answer is no list of vectors.")) from error
    if len(entries) != count:
        raise WrongAnswer(
            say(
                "The embedding server gave {given} vectors for {count} texts.",
                given=len(entries),
                count=count,
            )
        )
    if vectors.ndim != 2 or numbers != list(range(count)):
        raise WrongAnswer(say("The embedding server's vectors can't be told apart."))
    return vectors


def _read_vector(embedding: str | list[float]) -> FloatArray:
    if isinstance(embedding, str):
        return np.frombuffer(base64.b64decode(embedding), "<f4")
    return np.array(embedding, np.float32)


def _cut(text: str) -> list[Window]:
    """Cut a text at spaces into windows of at most WINDOW_CHARS."""
    windows: list[Window] = []
    while len(text) > WINDOW_CHARS:
        cut = text.rfind(" ", WINDOW_CHARS // 2, WINDOW_CHARS)
        cut = cut if cut > 0 else WINDOW_CHARS
        windows.append(_make_window(text[:cut]))
        text = text[cut:]
    if text.strip() or not windows:
        windows.append(_make_window(text))
    return windows


def _make_window(text: str) -> Window:
    return Window(text, 1 + len(text) // 4)
