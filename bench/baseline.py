"""What the service is compared with in the same run: the plain way, and the bare model."""

from __future__ import annotations

from pathlib import Path

from werkzeug.security import check_password_hash, generate_password_hash

from embedders.loading import load_model
from embedders.sentence import SentenceModel
from embedders.torch_encoder import TorchEncoder


class Plain:
    """The cost of a plain Flask service: a scrypt check a request, one text at a time on torch.

    It has no HTTP and no database, which would only make it slower.
    """

    def __init__(self, data_dir: Path) -> None:
        self._model = load_model(None, "torch", data_dir)
        assert isinstance(self._model.encoder, TorchEncoder)
        self._encoder = self._model.encoder.transformer
        self._stored = generate_password_hash("a password", method="scrypt")

    def store(self, question: str, answer: str) -> None:
        """Embed a pair as one text, cut off at the model's length."""
        self._encoder.encode_document(f"{question}\n{answer}", show_progress_bar=False)

    def search(self, question: str) -> None:
        check_password_hash(self._stored, "a password")
        self._model.encode_queries([question])


def load_floor(data_dir: Path) -> SentenceModel:
    """Return the model on the service's own backend: its bare encode is the floor."""
    return load_model(None, "auto", data_dir)
