"""Where a model of this process comes from, and the name of the space of its vectors.

Nothing here imports torch: a start with a converted model needs none.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import embedders.bundled

# The files of a model's folder on which its vectors depend.
_MODEL_FILES = ("*.json", "*.txt", "*.model", "*.safetensors", "*.bin", "*.py")
# Where SentenceTransformer looks for a name without an owner.
_OWNER = "sentence-transformers"


@dataclass(frozen=True)
class ModelSource:
    """A model: `place` is a SentenceTransformer's folder or name, or the file of `bundled` weights.

    `prompts` stand for those that the model has itself.
    """

    place: str
    identity: str
    bundled: bool = False
    prompts: Mapping[str, str] | None = None


def find_source(model: str | None) -> ModelSource:
    """Return the source of the model of that name or folder, or else of the bundled one.

    Raises an error of any kind where there is no such model on the Hugging Face hub.
    """
    if model is None:
        file = embedders.bundled.find_source_file()
        if file is not None:
            return ModelSource(str(file), embedders.bundled.IDENTITY, bundled=True)
        # The same model in full precision: its vectors differ, and so does its identity.
        name = embedders.bundled.HUB_NAME
        return ModelSource(name, identify_hub_model(name), prompts=embedders.bundled.PROMPTS)
    folder = Path(model).expanduser()
    if folder.is_dir():
        return ModelSource(str(folder.resolve()), identify_folder(folder))
    return ModelSource(model, identify_hub_model(model))


def identify_folder(folder: Path) -> str:
    """Return the folder's name with a checksum of the files on which its vectors depend."""
    digest = hashlib.sha256()
    files = {path for pattern in _MODEL_FILES for path in folder.rglob(pattern)}
    for path in sorted(files):
        digest.update(path.relative_to(folder).as_posix().encode())
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return f"{folder.resolve().name}@{digest.hexdigest()[:16]}"


def identify_hub_model(name: str) -> str:
    """Return the name with the commit of its newest version, which is downloaded, or at hand."""
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError

    repository = name if "/" in name else f"{_OWNER}/{name}"
    try:
        # The newest version is wanted, and its commit is the identity.
        file = hf_hub_download(repository, "config.json")  # nosec B615
    except EntryNotFoundError:  # the first module has its files in a folder of its own
        file = hf_hub_download(repository, "modules.json")  # nosec B615
    # …/snapshots/<commit>/config.json
    return f"{name}@{Path(file).parent.name}"
