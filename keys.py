"""The digests by which rows and items are the same."""

from __future__ import annotations

from hashlib import blake2b

from texts import key_text


def question_hash(question: str) -> str:
    """Return 32 hexadecimal digits that all questions have that look the same."""
    return _digest(b"question", key_text(question))


def answer_hash(answer: str) -> str:
    """Return 32 hexadecimal digits that all answers have that look the same."""
    return _digest(b"answer", key_text(answer))


def id_key(external_id: str) -> str:
    """Return 32 hexadecimal digits for a file's own id; never those of a question."""
    return _digest(b"id", external_id)


def _digest(person: bytes, text: str) -> str:
    return blake2b(text.encode(), digest_size=16, person=person).hexdigest()
