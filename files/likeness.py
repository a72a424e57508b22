"""Tells by its cells what a column holds: questions, texts, values, keywords or names of columns.

None of this is certain, so it decides only what no name says.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from texts import visible_text

# So much of a table is looked at, and so much of a cell.
_LOOKED_ROWS, _LOOKED_COLUMNS, _LOOKED_CHARS = 100, 60, 300
# The name of a column is not longer, in characters and in words.
_NAME_CHARS, _NAME_WORDS = 40, 6
# A text that is as long as this is a sentence, whatever it ends with.
_LONG_CHARS = 50
# A number, an address or a code is not longer.
_VALUE_CHARS = 120

_QUESTION_END = re.compile(r"[?？؟՞\u037e]\W*\Z")
_SENTENCE_END = re.compile(r"[.!?。！？؟…।:;][\"'”’»)\]]*\Z")
# How a question begins, and how it ends in languages that say it there. A word that begins other
# sentences as often is left out.
_ASKING = re.compile(
    r"(?:¿|(?:how|what|when|where|why|who|which|can i|can you|could|do i|do you|does|is it|is there"
    r"|are there|como|qual|quais|quando|onde|quem|por ?qu[eê]|o que|que (?:é|es|horas)|posso|quanto"
    r"|quanta|quantos|quantas|cómo|cuál|cuáles|cuándo|dónde|quién|qué|cuánto|cuánta|puedo|wie|was"
    r"|wann|warum|wer|welche[rs]?|kann ich|comment|quel|quelle|quels|quelles|quand|pourquoi|qui|où"
    r"|combien|est-ce|puis-je|peut-on|come (?:si|posso|faccio|funziona|devo)|quale|quali|dove"
    r"|perché|hoe|wat|wanneer|waar|waarom|hur|vad|när|hvordan|hvad|hva|hvornår|når|jak|kiedy|gdzie"
    r"|dlaczego|czy|kto|kdy|kde|proč|как|что|когда|где|почему|кто|какой|какая|какие|можно ли"
    r"|сколько|як|що|коли|де|чому|хто|який|nasıl|ne zaman|nerede|neden|bagaimana|apa|apakah|kapan"
    r"|di mana|mengapa|berapa|làm sao|khi nào|tại sao|miten|mitä|milloin|missä|miksi|hogyan|mikor"
    r"|miért|cum|când|unde|πώς|πότε|πού|γιατί|كيف|متى|أين|لماذا|هل|क्या|कैसे|कब|कहाँ)\b"
    r"|怎么|怎樣|怎样|如何|什么|什麼|为什么|為什麼|哪|谁|是否|多少|能否)",
    re.IGNORECASE,
)
_ASKING_END = re.compile(
    r"(?:吗|嗎|呢|么|ですか|ますか|でしょうか|까요|나요|인가요|ไหม|หรือไม่)\W*\Z"
)
_VALUE = re.compile(
    r"(?:[A-Z]{2,4}|R\$|US\$|[$€£])?\s?\d[\d.,:/\-]*\s?(?:%|[a-zA-Z€]{1,3})?"
    r"|(?:https?://|www\.|mailto:)\S+|[^\s@]+@[^\s@]+\.[^\s@]+"
    r"|true|false|yes|no|sim|não|sí|oui|non|ja|nein|да|нет|так|ні|是|否|evet|hayır|null|none|n/?a",
    re.IGNORECASE,
)
_CODE = re.compile(r"[A-Za-z_\-./#]*\d[A-Za-z0-9_\-./#]*")
# A name with a number: `text1`.
_NUMBERED = re.compile(r"[A-Za-z_]{3,}\d{1,2}")
_BETWEEN_KEYWORDS = re.compile(r"\s*[,;|、，；]\s*")
_TAG = re.compile(r"<[^<>]{1,200}>")


@dataclass(frozen=True)
class Look:
    """What the cells of a column look like; each number but `chars` is a share from 0 to 1.

    `filled` is the share of all cells, the others of the cells that are filled. `chars` is how
    long they are on average. `distinct` is how many of them differ.
    """

    filled: float
    questions: float
    values: float
    keywords: float
    sentences: float
    distinct: float
    chars: float

    @property
    def is_text(self) -> bool:
        """Whether the cells may be questions or answers: no values, no labels that come again."""
        own = self.distinct > 0.5 or self.sentences >= 0.5
        return self.filled >= 0.5 and self.values <= 0.5 and own


def look_at(cells: Sequence[str]) -> Look:
    """Return what the cells of a column look like."""
    seen = [text for text in (_strip_tags(cell[:_LOOKED_CHARS]) for cell in cells) if text]
    count = max(1, len(seen))
    return Look(
        filled=len(seen) / max(1, len(cells)),
        questions=sum(map(is_question, seen)) / count,
        values=sum(map(is_value, seen)) / count,
        keywords=sum(map(_is_keywords, seen)) / count,
        sentences=sum(map(is_sentence, seen)) / count,
        distinct=len(set(seen)) / count,
        chars=sum(map(len, seen)) / count,
    )


def look_at_columns(rows: Sequence[Sequence[str]], width: int) -> list[Look]:
    """Return what each of a table's columns looks like, up to the first `width`."""
    looked = rows[:_LOOKED_ROWS]
    return [
        look_at([row[at] if at < len(row) else "" for row in looked])
        for at in range(min(width, _LOOKED_COLUMNS))
    ]


def is_question(text: str) -> bool:
    """Return whether a text asks something, as far as its marks and its first word tell."""
    text = text.strip()
    return bool(
        _QUESTION_END.search(text[-4:]) or _ASKING.match(text) or _ASKING_END.search(text[-8:])
    )


def is_value(text: str) -> bool:
    """Return whether a text is a number, a date, an address, a code, or yes or no."""
    text = text.strip()
    if len(text) > _VALUE_CHARS:
        return False
    if any(map(str.isdigit, text)) and not any(map(str.isalpha, text)):
        return True
    return bool(_VALUE.fullmatch(text) or _CODE.fullmatch(text))


def is_sentence(text: str) -> bool:
    """Return whether a text ends like a sentence, has several lines, or is long."""
    text = text.strip()
    return "\n" in text or len(text) > _LONG_CHARS or _SENTENCE_END.search(text[-4:]) is not None


def is_name(text: str, *, asking: bool = False) -> bool:
    """Return whether a text could be the name of a column: a few words, and no sentence.

    With `asking`, it may begin as a question does, such as `What people ask`.
    """
    text = text.strip()
    return (
        0 < len(text) <= _NAME_CHARS
        and len(text.split()) <= _NAME_WORDS
        and "\n" not in text
        and any(map(str.isalpha, text))
        and (not is_value(text) or _NUMBERED.fullmatch(text) is not None)
        and (asking or not is_question(text))
        and _SENTENCE_END.search(text.rstrip(":")[-4:]) is None
    )


def _strip_tags(text: str) -> str:
    return visible_text(_TAG.sub(" ", text) if "<" in text else text)


def _is_keywords(text: str) -> bool:
    """Return whether a text is a list of short words, and no sentence."""
    parts = [part for part in _BETWEEN_KEYWORDS.split(text) if part]
    short = all(len(part.split()) <= 3 and len(part) <= 30 for part in parts)
    return len(parts) > 1 and short and not is_question(text) and not is_sentence(text)
