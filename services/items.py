"""Items one by one: a caller's text goes to the database together with its vectors.

A search finds an item as soon as the function that writes it returns.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import services.vectors
import store.items
from embeddings import EmbeddingFailed, Passage, pair_text
from messages import say
from services.runtime import Runtime
from services.vectors import ItemTexts
from store.items import Item, ItemChanged, NewItem, StoredTexts
from store.vectors import ALTERNATIVE, PIECE, ItemVectors
from texts import answer_hash, list_alternatives, question_hash, trim

# Somebody waits for the item, so its texts wait no longer for their turn at the model.
TURN_SECONDS = 5.0
# A change that follows from what the item was is tried so often, if others change it meanwhile.
CHANGE_TRIES = 3


@dataclass(frozen=True)
class Content:
    """What a caller writes of an item."""

    question: str
    answer: str
    alternatives: Sequence[str]
    metadata: Mapping[str, str]


def add_item(runtime: Runtime, collection: str, content: Content) -> Item:
    """Write a new item. Raises DuplicateItem, EmbeddingFailed, EmbedderBusy."""
    new = _prepare_item(content)
    vectors = _embed_item(runtime, new, {})
    return store.items.insert_item(runtime.pool, runtime.model, collection, new, vectors)


def change_item(
    runtime: Runtime,
    item_id: int,
    decide: Callable[[Item], Content],
    fits: Callable[[Item], bool] | None = None,
) -> Item | None:
    """Write an item's new content, which `decide` makes of the old one; None if there is no item.

    Only texts that the item did not have are embedded, and where nothing changes, nothing is
    written. If others change the item meanwhile, it is read again. Raises as `add_item`, what
    `decide` raises, and ItemChanged with the item as it is if that is not one that `fits`, or if it
    changes again and again.
    """
    for tries in range(CHANGE_TRIES):
        stored = store.items.read_texts(runtime.pool, runtime.model, item_id)
        if stored is None:
            return None
        if fits is not None and not fits(stored.item):
            raise ItemChanged(stored.item)
        new = _prepare_item(decide(stored.item))
        if stored.vectors and _is_unchanged(stored.item, new):
            return stored.item
        vectors = _embed_item(runtime, new, _list_known(stored))
        try:
            return store.items.update_item(runtime.pool, runtime.model, stored.item, new, vectors)
        except ItemChanged:
            if tries == CHANGE_TRIES - 1:
                raise
    return None


def _is_unchanged(item: Item, new: NewItem) -> bool:
    before = (item.question, item.answer, list(item.alternatives), dict(item.metadata))
    return before == (new.question, new.answer, list(new.alternatives), dict(new.metadata))


def _list_known(stored: StoredTexts) -> dict[str, Passage]:
    """Return the vectors that the item has already, by their texts."""
    item, vectors = stored
    texts = {"question": item.question}
    texts |= {f"{ALTERNATIVE} {n}": text for n, text in enumerate(item.alternatives, 1)}
    known = {texts[kind]: Passage(one) for kind, one in vectors.items() if kind in texts}
    if "pair" in vectors:
        numbers = range(1, len(vectors) + 1)
        pieces = [vectors[kind] for n in numbers if (kind := f"{PIECE} {n}") in vectors]
        known[pair_text(item.question, item.answer)] = Passage(vectors["pair"], pieces)
    return known


def _prepare_item(content: Content) -> NewItem:
    question, answer = trim(content.question), trim(content.answer)
    return NewItem(
        question,
        answer,
        list_alternatives(question, content.alternatives),
        content.metadata,
        question_hash(question),
        answer_hash(answer),
    )


def _embed_item(runtime: Runtime, new: NewItem, known: Mapping[str, Passage]) -> ItemVectors:
    texts = ItemTexts(new.question, new.answer, new.alternatives)
    (vectors,) = services.vectors.embed_items(
        runtime.embeddings, [texts], known=known, seconds=TURN_SECONDS
    )
    if vectors is None:
        raise EmbeddingFailed(say("The model failed on this text."))
    return vectors
