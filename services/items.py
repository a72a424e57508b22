"""Items one by one: from a request's text to the database, with its vectors."""

from __future__ import annotations

from collections.abc import Mapping

import store.items
from db import Pool
from embeddings import EmbeddingFailed, EmbeddingService, pair_text
from store.items import Item, NewItem, Vectors
from store.models import Model
from texts import answer_hash, question_hash

# Trimmed around question and answer, as in a file.
SPACES = " \t\r\n\v\f"


class Items:
    """Writes items so that a search finds them once the write returns."""

    def __init__(self, pool: Pool, model: Model, embeddings: EmbeddingService) -> None:
        self._pool = pool
        self._model = model
        self._embeddings = embeddings

    def add(self, collection: str, question: str, answer: str, metadata: Mapping[str, str]) -> Item:
        """Write a new item. Raises DuplicateItem, EmbeddingFailed, EmbedderBusy."""
        new = _new_item(question, answer, metadata)
        vectors = self._vectors(new)
        return store.items.insert_item(self._pool, self._model, collection, new, vectors)

    def change(
        self, item_id: int, question: str, answer: str, metadata: Mapping[str, str]
    ) -> Item | None:
        """Write an item's new content; None where there is none. Raises as `add`."""
        new = _new_item(question, answer, metadata)
        vectors = self._vectors(new)
        return store.items.update_item(self._pool, self._model, item_id, new, vectors)

    def _vectors(self, new: NewItem) -> Vectors:
        texts = [new.question, pair_text(new.question, new.answer)]
        question, pair = self._embeddings.embed_passages(texts)
        if question is None or pair is None:
            raise EmbeddingFailed("The model failed on this text.")
        return Vectors(question, pair)


def _new_item(question: str, answer: str, metadata: Mapping[str, str]) -> NewItem:
    question, answer = question.strip(SPACES), answer.strip(SPACES)
    return NewItem(question, answer, metadata, question_hash(question), answer_hash(answer))
