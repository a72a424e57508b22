"""The program `python -m embedders`: converts the settings' model into MODEL_DIR.

A start that finds it there converts nothing, and MODEL_DIR may be read-only.
"""

from __future__ import annotations

import importlib.util
import logging
import sys

import config
from config import ConfigError
from embedders.loading import load_model
from embedders.openvino import OpenVinoEncoder
from embeddings import ModelLoadError


def main() -> int:
    """Return the exit status: 1 where OpenVINO is installed and can't run the model."""
    logging.basicConfig(level="INFO", format="%(message)s")
    try:
        settings = config.read_settings(config.environment())
        folder = settings.model_folder
        model = load_model(settings.embedding_model, settings.embedding_backend, folder)
    except (ConfigError, ModelLoadError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    if settings.embedding_backend != "torch" and importlib.util.find_spec("openvino"):
        return 0 if isinstance(model.encoder, OpenVinoEncoder) else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
