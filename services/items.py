"""Items one by one: a caller's text goes to the database together with its vectors.

A search finds an item as soon as the function that writes it returns.
"""

from __future__ import annotations

from collections.abc import Mapping

import store.items
from embeddings import EmbeddingFailed, pair_text
from messages import say
from services.runtime import Runtime
from store.items import Item, NewItem
from store.vectors import ItemVectors
from texts import answer_hash, question_hash, trim

# Somebody waits for the item, so its texts wait no longer for their turn at the model.
TURN_SECONDS = 5.0


def add_item(
    runtime: Runtime, collection: str, question: str, answer: str, metadata: Mapping[str, str]
) -> Item:
    """Write a new item. Raises DuplicateItem, EmbeddingFailed, EmbedderBusy."""
    new = _prepare_item(question, answer, metadata)
    vectors = _embed_item(runtime, new)
    return store.items.insert_item(runtime.pool, runtime.model, collection, new, vectors)


def change_item(
    runtime: Runtime, item_id: int, question: str, answer: str, metadata: Mapping[str, str]
) -> Item | None:
    """Write an item's new content; return None when there is no such item. Raises as `add_item`."""
    new = _prepare_item(question, answer, metadata)
    vectors = _embed_item(runtime, new)
    return store.items.update_item(runtime.pool, runtime.model, item_id, new, vectors)


def _prepare_item(question: str, answer: str, metadata: Mapping[str, str]) -> NewItem:
    question, answer = trim(question), trim(answer)
    return NewItem(question, answer, metadata, question_hash(question), answer_hash(answer))


def _embed_item(runtime: Runtime, new: NewItem) -> ItemVectors:
    texts = [new.question, pair_text(new.question, new.answer)]
    question, pair = runtime.embeddings.embed_passages(texts, TURN_SECONDS)
    if question is None or pair is None:
        raise EmbeddingFailed(say("The model failed on this text."))
    return ItemVectors(question, pair)
