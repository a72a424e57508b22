"""Reads the labels in what Microsoft's QnA Maker and Azure custom question answering export.

Their TSV has the columns Question, Answer, Source and Metadata, and often QnaId. It has a row for
each phrasing of a question. Metadata holds labels as `key:value|key:value`. Answers are in one
line.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from texts import SPACES

_COLUMNS = {"question", "answer", "source", "metadata"}
_LABELS = re.compile(r"[^:|]+:[^|]*(?:\|[^:|]+:[^|]*)*")


# A line end as such an export writes it, beside what only looks like one: a path of Windows, and
# a backslash that is written twice.
_BREAK = re.compile(r"(?P<kept>(?<![A-Za-z])[A-Za-z]:\\[^\s\\]+\\\S*|\\\\\S*)|(?:\\r)?\\n")


def break_lines(answer: str) -> str:
    r"""Return an answer with its line ends; such an export writes them as `\n`.

    https://learn.microsoft.com/azure/ai-services/qnamaker/reference-markdown-format
    """
    if "\\n" not in answer:
        return answer
    return _BREAK.sub(lambda found: found["kept"] or "\n", answer).strip(SPACES) or answer


def labels_column(names: Sequence[str]) -> int | None:
    """Return the index of the column with labels in such an export; None for another table."""
    plain = [name.strip().casefold() for name in names]
    if not _COLUMNS.issubset(plain) or plain.count("metadata") > 1:
        return None
    return plain.index("metadata")


def are_phrasings(first: Mapping[str, str], row: Mapping[str, str]) -> bool:
    """Return whether two rows with the same answer have one question, by their metadata."""
    ids = [_find_id(metadata) for metadata in (first, row)]
    return ids[0] == ids[1] if all(ids) else first == row


def _find_id(metadata: Mapping[str, str]) -> str:
    return next((text.strip() for name, text in metadata.items() if name.casefold() == "qnaid"), "")


def labels(text: str) -> dict[str, str]:
    """Return the labels of a row by their keys; none if the text is something else."""
    if not _LABELS.fullmatch(text.strip()):
        return {}
    pairs = (part.split(":", 1) for part in text.strip().split("|"))
    return {key.strip(): value.strip() for key, value in pairs if key.strip()}
