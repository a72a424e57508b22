"""Makes the vectors of items from their texts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from embeddings import EmbeddingService, Passage, pair_text
from store.vectors import ItemVectors


class ItemTexts(NamedTuple):
    """What an item's vectors are made of."""

    question: str
    answer: str
    alternatives: Sequence[str] = ()

    def list_texts(self) -> list[str]:
        """Return the texts to embed: the question, the pair, the other wordings."""
        return [self.question, pair_text(self.question, self.answer), *self.alternatives]


def embed_items(
    embeddings: EmbeddingService,
    items: Sequence[ItemTexts],
    *,
    known: Mapping[str, Passage] | None = None,
    seconds: float = math.inf,
) -> list[ItemVectors | None]:
    """Return the vectors of each item; None stands for one that the model fails on.

    All texts go to the model together, but for those whose vectors are `known`. Raises
    EmbedderBusy, as EmbeddingService.embed_passages does.
    """
    found: dict[str, Passage | None] = dict(known or {})
    texts = [text for item in items for text in item.list_texts() if text not in found]
    if texts:
        found |= zip(texts, embeddings.embed_with_pieces(texts, seconds), strict=True)
    return [_join([found[text] for text in item.list_texts()]) for item in items]


def _join(passages: Sequence[Passage | None]) -> ItemVectors | None:
    made = [passage for passage in passages if passage is not None]
    if len(made) < len(passages):
        return None
    question, pair, *alternatives = made
    return ItemVectors(question.whole, pair.whole, [one.whole for one in alternatives], pair.pieces)
