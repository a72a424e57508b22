"""Loading a model of this process: which one, by which backend, and converting it once.

The libraries of models are heavy, so they are imported when they are first used, and torch only
where it computes.
"""

from __future__ import annotations

import hashlib
import importlib.util
import logging
import shutil
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import fasteners

import embedders.bundled
import embedders.conversion
import embedders.folders
from config import Backend
from embedders.devices import has_gpu
from embedders.networks import NoModel
from embedders.openvino import OpenVinoEncoder, read_facts
from embedders.sentence import SentenceModel
from embedders.sources import ModelSource, find_source
from embedders.torch_encoder import TorchEncoder, load_transformer
from embeddings import ModelLoadError
from messages import Explained, Message, cite, say

logger = logging.getLogger(__name__)

# Converts a model into a folder that is there and empty.
Converter = Callable[[ModelSource, Path], None]

# The version of the conversion: a new one makes another folder.
_CONVERSION = 4
_OLD_SECONDS = 3_600.0
_SHOWN_CHARS = 300


def load_model(
    model: str | None,
    backend: Backend,
    model_dir: Path,
    *,
    convert: Converter = embedders.conversion.run_conversion,
) -> SentenceModel:
    """Load the model of that name (a SentenceTransformer's or a folder's), or the bundled one.

    Raises ModelLoadError when it can't be loaded, or can't run on the backend asked for.
    """
    try:
        source = find_source(model)
        encoder = None
        if _wants_openvino(backend):
            encoder = _try_openvino(source, model_dir, convert)
        return SentenceModel(encoder or _load_torch(source, model_dir))
    except ModelLoadError:
        raise
    except Exception as error:
        reason = _shorten(error)
        if model:
            raise ModelLoadError(
                say("EMBEDDING_MODEL={model} can't be loaded: {reason}", model=model, reason=reason)
            ) from error
        raise ModelLoadError(
            say("The bundled model can't be loaded: {reason}", reason=reason)
        ) from error


def identify_model(model: str | None) -> str:
    """Return the identity that `load_model` gives, without loading. Raises ModelLoadError."""
    try:
        return find_source(model).identity
    except Exception as error:
        raise ModelLoadError(
            say(
                "EMBEDDING_MODEL={model} can't be found: {reason}",
                model=str(model),
                reason=_shorten(error),
            )
        ) from error


def _wants_openvino(backend: Backend) -> bool:
    """Return whether OpenVINO is asked for, or is the faster one."""
    if backend == "torch" or (backend == "auto" and has_gpu()):
        return False
    if importlib.util.find_spec("openvino") is not None:
        return True
    if backend == "openvino":
        raise ModelLoadError(say("EMBEDDING_BACKEND=openvino, but openvino is not installed."))
    return False


def _try_openvino(
    source: ModelSource, model_dir: Path, convert: Converter
) -> OpenVinoEncoder | None:
    """Return the model on OpenVINO; None where it can't run there. Raises NoModel."""
    try:
        encoder = _load_openvino(source, model_dir, convert)
    except NoModel:
        raise
    except Exception as error:  # noqa: BLE001, torch can do whatever OpenVINO can't
        logger.warning("OpenVINO can't run the model, so torch does: %s", _shorten(error))
        return None
    _remove_old_forms(source, model_dir)
    return encoder


def _load_openvino(source: ModelSource, model_dir: Path, convert: Converter) -> OpenVinoEncoder:
    """Return the model on OpenVINO; convert it where that was not done, or what is there broken.

    The converted model is kept below `model_dir`, by the model's identity and the versions of the
    libraries that made it.
    """
    folder = _choose_folder(source, model_dir)
    if folder.exists():
        try:
            return OpenVinoEncoder.load(folder)
        except Exception as error:  # noqa: BLE001, the libraries raise errors of many kinds
            logger.warning("The converted model in %s is broken and made anew: %s", folder, error)
            shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # Of processes that start at once, one converts: the memory for it is needed only once.
    with fasteners.InterProcessLock(folder.parent / ".lock"):
        if not folder.exists():
            logger.info("The model is converted for OpenVINO. This is done once.")
            embedders.folders.make_folder(folder, lambda partial: convert(source, partial))
    return OpenVinoEncoder.load(folder)


def _choose_folder(source: ModelSource, model_dir: Path) -> Path:
    versions = f"{_CONVERSION} {version('openvino')} {version('transformers')}"
    key = hashlib.sha256(f"{source.identity} {versions}".encode()).hexdigest()[:32]
    return model_dir / "openvino" / key


def _load_torch(source: ModelSource, model_dir: Path) -> TorchEncoder:
    place = source.place
    if source.bundled:
        place = str(embedders.bundled.make_bundled_model(Path(place), model_dir))
    return TorchEncoder(load_transformer(place, source.prompts), source.identity)


def _remove_old_forms(source: ModelSource, model_dir: Path) -> None:
    """Remove what an older version kept of the model, and what torch needed to run it.

    What is young stays: another process may be making it, or may be about to read it.
    """
    kept = _choose_folder(source, model_dir)
    for path in (model_dir / "openvino").iterdir():
        if path.is_dir() and path != kept and not path.name.startswith("."):
            facts = read_facts(path)
            # Version 3 and older had no facts, and kept compiled copies in a folder `cache`.
            if facts is None or facts.identity == source.identity:
                _remove_if_old(path)
    if source.bundled:
        _remove_if_old(model_dir / "models" / embedders.bundled.IDENTITY)


def _remove_if_old(folder: Path) -> None:
    if folder.exists() and folder.stat().st_mtime < time.time() - _OLD_SECONDS:
        logger.info("%s is no longer needed and is removed", folder)
        shutil.rmtree(folder, ignore_errors=True)


def _shorten(error: BaseException) -> Message:
    """Return the error's text as one line of a bearable length."""
    if isinstance(error, Explained):
        return error.message
    text = " ".join(str(error).split()) or type(error).__name__
    return cite(text if len(text) <= _SHOWN_CHARS else text[:_SHOWN_CHARS] + "…")
