"""Loading a model of this process: which one, its identity, and by which backend it computes.

The libraries of models are heavy, so they are imported when they are first used.
"""

from __future__ import annotations

import hashlib
import importlib.util
import logging
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import embedders.bundled
import embedders.openvino
from config import Backend
from embedders.sentence import SentenceModel
from embeddings import ModelLoadError
from messages import Explained, Message, cite, say

logger = logging.getLogger(__name__)

# Puts another backend behind a SentenceTransformer, given its identity and the data folder.
Exchange = Callable[[Any, str, Path], None]

# The files of a model's folder on which its vectors depend.
_MODEL_FILES = ("*.json", "*.txt", "*.model", "*.safetensors", "*.bin", "*.py")
_SHOWN_CHARS = 300


def load_model(
    model: str | None,
    backend: Backend,
    data_dir: Path,
    *,
    exchange: Exchange = embedders.openvino.use_openvino,
) -> SentenceModel:
    """Load the model of that name (a SentenceTransformer's or a folder's), or the bundled one.

    Raises ModelLoadError when it can't be loaded, or can't run on the backend asked for.
    """
    _silence_libraries()
    try:
        source, identity, prompts = _find_source(model, data_dir)
        transformer = _load(source, prompts)
    except Exception as error:
        reason = _shorten(error)
        if model:
            raise ModelLoadError(
                say("EMBEDDING_MODEL={model} can't be loaded: {reason}", model=model, reason=reason)
            ) from error
        raise ModelLoadError(
            say("The bundled model can't be loaded: {reason}", reason=reason)
        ) from error
    identity = identity or _identify_hub_model(source, transformer)
    _choose_backend(transformer, identity, backend, data_dir, exchange)
    return SentenceModel(transformer, identity)


def identify_folder(folder: Path) -> str:
    """Return the folder's name with a checksum of the files on which its vectors depend."""
    digest = hashlib.sha256()
    files = {path for pattern in _MODEL_FILES for path in folder.rglob(pattern)}
    for path in sorted(files):
        digest.update(path.relative_to(folder).as_posix().encode())
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return f"{folder.resolve().name}@{digest.hexdigest()[:16]}"


def _find_source(
    model: str | None, data_dir: Path
) -> tuple[str, str | None, dict[str, str] | None]:
    """Return what to load, its identity if that is known before, and prompts of our own."""
    if model is None:
        file = embedders.bundled.find_source_file()
        if file is not None:
            folder = embedders.bundled.make_bundled_model(file, data_dir)
            return str(folder), embedders.bundled.IDENTITY, None
        # The same model in full precision: its vectors differ, and so does its identity.
        return embedders.bundled.HUB_NAME, None, embedders.bundled.PROMPTS
    folder = Path(model).expanduser()
    if folder.is_dir():
        return str(folder), identify_folder(folder), None
    return model, None, None


def _load(source: str, prompts: dict[str, str] | None) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from sentence_transformers import SentenceTransformer

        return SentenceTransformer(source, prompts=prompts)


def _identify_hub_model(name: str, transformer: Any) -> str:
    config = getattr(transformer[0].model, "config", None)
    return f"{name}@{getattr(config, '_commit_hash', None) or 'unknown'}"


def _choose_backend(
    transformer: Any, identity: str, backend: Backend, data_dir: Path, exchange: Exchange
) -> None:
    """Put OpenVINO behind the model when it is asked for, or when it is the faster one."""
    if backend == "torch" or (backend == "auto" and transformer.device.type != "cpu"):
        return
    if importlib.util.find_spec("openvino") is None:
        if backend == "openvino":
            raise ModelLoadError(say("EMBEDDING_BACKEND=openvino, but openvino is not installed."))
        return
    transformer.to("cpu")
    try:
        exchange(transformer, identity, data_dir)
    except Exception as error:  # noqa: BLE001, torch can do whatever OpenVINO can't
        logger.warning("OpenVINO can't run the model, so torch does: %s", _shorten(error))


def _silence_libraries() -> None:
    """Keep progress bars and notes of the libraries out of the service's log."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import transformers
    transformers.logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    transformers.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    for name in ("sentence_transformers", "openvino", "httpx"):
        logging.getLogger(name).setLevel(logging.ERROR)


def _shorten(error: BaseException) -> Message:
    """Return the error's text as one line of a bearable length."""
    if isinstance(error, Explained):
        return error.message
    text = " ".join(str(error).split()) or type(error).__name__
    return cite(text if len(text) <= _SHOWN_CHARS else text[:_SHOWN_CHARS] + "…")
