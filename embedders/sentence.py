"""A SentenceTransformer, loaded and ready: which one, by which backend, and its windows.

Heavy imports wait for the first use.
"""

from __future__ import annotations

import hashlib
import importlib.util
import logging
import warnings
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

import embedders.bundled
from embeddings import Window, mean_vector

logger = logging.getLogger(__name__)

FloatArray = NDArray[np.float32]
Backend = Literal["auto", "openvino", "torch"]

# Files of a model folder that say what its vectors are.
_MODEL_FILES = ("*.json", "*.txt", "*.model", "*.safetensors", "*.bin", "*.py")


_OPTIONS = {"show_progress_bar": False, "convert_to_numpy": True, "normalize_embeddings": True}


class ModelLoadError(Exception):
    """The model can't be loaded; one line that names the variable."""


class SentenceModel:
    """A loaded SentenceTransformer. Not thread-safe: its tokenizer is not.

    `identity` names the vectors' space and does not depend on the backend.
    """

    def __init__(self, model: Any, identity: str) -> None:
        self._model = model
        self.identity = identity
        self.dimension: int = model.get_embedding_dimension()
        self._tokenizer = model.tokenizer
        self.max_tokens: int = model.max_seq_length or 512
        self._special_tokens: int = self._tokenizer.num_special_tokens_to_add()
        # What `encode` does besides takes longer than tokenising: it moves tensors between devices,
        # sorts, cuts, shows progress. Modules that want to know what they encode are left to it.
        self._plain = (
            model.device.type == "cpu" and not model.truncate_dim and not model.get_model_kwargs()
        )

    def token_counts(self, texts: Sequence[str]) -> list[int]:
        """Return how many tokens each text has, without prompt and special tokens."""
        if not texts:
            return []
        encoded = self._tokenizer(list(texts), add_special_tokens=False, verbose=False)
        return [len(ids) for ids in encoded["input_ids"]]

    def encode_queries(self, texts: Sequence[str]) -> FloatArray:
        """Return vectors of unit length, shape (len(texts), dimension)."""
        split = self._split(texts, self._prompt("query"))
        return self._means(split, lambda windows: self._encode(self._model.encode_query, windows))

    def encode_passages(self, texts: Sequence[str]) -> FloatArray:
        """Return vectors of unit length, shape (len(texts), dimension)."""
        return self._means(self.passage_windows(texts), self.encode_windows)

    def passage_windows(self, texts: Sequence[str]) -> list[list[Window]]:
        """Return each text to store, with its prompt, as windows of the model's length.

        Nearly all texts have one. `mean_vector` makes a text's vector of its windows' vectors.
        """
        return self._split(texts, self._prompt("document"))

    def encode_windows(self, windows: Sequence[str]) -> FloatArray:
        """Return the vectors of passages' windows, shape (len(windows), dimension)."""
        return self._encode(self._model.encode_document, windows)

    def _prompt(self, name: str) -> str:
        return (self._model.prompts or {}).get(name) or ""

    def _encode(self, encode: Callable[..., Any], windows: Sequence[str]) -> FloatArray:
        # The windows have their prompt already: only a text's first one begins with it.
        if self._plain:
            return _encoded(self._model, list(windows))
        vectors: FloatArray = encode(
            list(windows), prompt="", batch_size=max(len(windows), 1), **_OPTIONS
        )
        return vectors

    def _means(
        self, split: list[list[Window]], encode: Callable[[Sequence[str]], FloatArray]
    ) -> FloatArray:
        """Return the vectors of texts; long ones' windows a few at a time."""
        short = [windows[0].text for windows in split if len(windows) == 1]
        vectors = iter(encode(short) if short else ())
        result = np.empty((len(split), self.dimension), np.float32)
        for n, windows in enumerate(split):
            if len(windows) == 1:
                result[n] = next(vectors)
                continue
            texts = [window.text for window in windows]
            parts = [encode(texts[start : start + 4]) for start in range(0, len(texts), 4)]
            result[n] = mean_vector(windows, np.concatenate(parts))
        return result

    def _split(self, texts: Sequence[str], prompt: str) -> list[list[Window]]:
        if not texts:
            return []
        prompted = [prompt + text for text in texts]
        encoded = self._tokenizer(
            prompted, add_special_tokens=False, return_offsets_mapping=True, verbose=False
        )
        # Where a long text is cut, a token may become two: some room is left for it.
        room = self.max_tokens - self._special_tokens
        return [
            [Window(text, len(offsets))]
            if len(offsets) <= room
            else _windows(text, [start for start, _ in offsets], room - 2)
            for text, offsets in zip(prompted, encoded["offset_mapping"], strict=True)
        ]


def _encoded(model: Any, texts: list[str]) -> FloatArray:
    """Return what a SentenceTransformer's modules make of texts, normalised."""
    import torch

    with torch.inference_mode():
        vectors = model.forward(model.preprocess(texts))["sentence_embedding"]
        result: FloatArray = torch.nn.functional.normalize(vectors.float(), dim=1).numpy()
    return result


def _windows(text: str, starts: list[int], size: int) -> list[Window]:
    """Cut a text into windows of `size` tokens, which begin at `starts`."""
    cuts = [*(starts[n] for n in range(0, len(starts), size)), len(text)]
    cuts[0] = 0
    windows = [
        Window(text[a:b], min(size, len(starts) - n * size))
        for n, (a, b) in enumerate(pairwise(cuts))
    ]
    return [window for window in windows if window.text.strip()]


def load_model(model: str | None, backend: Backend, data_dir: Path) -> SentenceModel:
    """Return the model named (a SentenceTransformer name or folder), or the bundled one.

    Raises ModelLoadError where it can't be loaded, or can't run on the backend asked for.
    """
    _quieten()
    try:
        source, identity, prompts = _source(model, data_dir)
        loaded = _load(source, prompts)
    except Exception as error:
        what = f"EMBEDDING_MODEL={model}" if model else "The bundled model"
        raise ModelLoadError(f"{what} can't be loaded: {_line(error)}") from error
    identity = identity or _hub_identity(source, loaded)
    _choose_backend(loaded, identity, backend, data_dir)
    return SentenceModel(loaded, identity)


def _source(model: str | None, data_dir: Path) -> tuple[str, str | None, dict[str, str] | None]:
    """Return what to load, its identity where that is known before, and prompts of our own."""
    if model is None:
        file = embedders.bundled.source_file()
        if file is not None:
            return (
                str(embedders.bundled.bundled_model(file, data_dir)),
                embedders.bundled.IDENTITY,
                None,
            )
        # The same model in full precision: its vectors differ, and so does its identity.
        return embedders.bundled.HUB_NAME, None, embedders.bundled.PROMPTS
    folder = Path(model).expanduser()
    if folder.is_dir():
        return str(folder), _folder_identity(folder), None
    return model, None, None


def _load(source: str, prompts: dict[str, str] | None) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from sentence_transformers import SentenceTransformer

        return SentenceTransformer(source, prompts=prompts)


def _folder_identity(folder: Path) -> str:
    """Return the folder's name with a checksum of what its vectors depend on."""
    digest = hashlib.sha256()
    files = {path for pattern in _MODEL_FILES for path in folder.rglob(pattern)}
    for path in sorted(files):
        digest.update(path.relative_to(folder).as_posix().encode())
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return f"{folder.resolve().name}@{digest.hexdigest()[:16]}"


def _hub_identity(name: str, model: Any) -> str:
    config = getattr(model[0].model, "config", None)
    return f"{name}@{getattr(config, '_commit_hash', None) or 'unknown'}"


def _choose_backend(model: Any, identity: str, backend: Backend, data_dir: Path) -> None:
    """Put OpenVINO behind the model where it is asked for, or where it is the faster one."""
    if backend == "torch" or (backend == "auto" and model.device.type != "cpu"):
        return
    if importlib.util.find_spec("openvino") is None:
        if backend == "openvino":
            raise ModelLoadError("EMBEDDING_BACKEND=openvino, but openvino is not installed.")
        return
    from embedders.openvino import use_openvino

    model.to("cpu")
    try:
        use_openvino(model, identity, data_dir)
    except Exception as error:  # noqa: BLE001, torch can do whatever OpenVINO can't
        logger.warning("OpenVINO can't run the model, so torch does: %s", _line(error))


def _quieten() -> None:
    """Keep progress bars and notes of the libraries out of the service's log."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import transformers
    transformers.logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    transformers.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    for name in ("sentence_transformers", "openvino", "httpx"):
        logging.getLogger(name).setLevel(logging.ERROR)


def _line(error: BaseException) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 300 else text[:300] + "…"
