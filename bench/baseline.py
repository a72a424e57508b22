"""What the service is measured against, in the same run: the plain way, and the bare model."""

from __future__ import annotations

from pathlib import Path

from werkzeug.security import check_password_hash, generate_password_hash

from embedders.loading import load_model
from embedders.sentence import SentenceModel


class Plain:
    """A plain Flask service's cost: a scrypt check for each request, one text at a time on torch.

    Without its HTTP and its database, which would only make it slower.
    """

    def __init__(self, data_dir: Path) -> None:
        self._model = load_model(None, "torch", data_dir)
        self._encoder = self._model.transformer
        self._stored = generate_password_hash("a password", method="scrypt")

    def store(self, question: str, answer: str) -> None:
        """Embed a pair as one text; what is beyond the model's length is cut off."""
        self._encoder.encode_document(f"{question}\n{answer}", show_progress_bar=False)

    def search(self, question: str) -> None:
        check_password_hash(self._stored, "a password")
        self._model.encode_queries([question])


def floor(data_dir: Path) -> SentenceModel:
    """Return the model on the service's own backend: its bare encode is the floor."""
    return load_model(None, "auto", data_dir)
