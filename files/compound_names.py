"""Knows longer names of columns that hold questions and answers.

| the name | is |
|---|---|
| a known word and words that only say which one it is: `question_en`, `Pergunta principal`, `ваше питання` | what the word says |
| a known name in brackets after any other words: `Name (Question)` | what the name in brackets says |
| a known name with any words in brackets after it: `Answer (at most 500 characters)` | what the known name says, unless the words mean a property such as an id |
| names with a stroke between them that all say the same: `Question / Pergunta` | what they say |
| a number before a name: `1. Pergunta` | what the name says |
| in a language that writes words together, a name that ends with a known one: `修正提问`, `Kundenfrage` | what the end says |

A header counts by such names only if it has one question and one answer of them (columns.py).
"""  # noqa: E501

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Literal, TypeAlias

from files.column_names import ANSWERS, QUESTIONS, NameTable, normalise, read_names
from texts import visible_text

Role: TypeAlias = Literal["question", "answer"]

# No more of a name is looked at.
_LONGEST = 100
# These words may stand beside a known one: languages (but not `id` and `no`, which mean something
# else), and what kind of text it is.
_LANGUAGES = read_names(
    "en eng english inglês ingles pt br ptbr portuguese português es esp spanish español fr french"
    " français de german deutsch it italian italiano ru russian uk ua pl nl zh cn chinese ja jp"
    " japanese ko kr korean tr turkish ar arabic hi hindi vi th"
)
_PLAIN = _LANGUAGES | read_names("faq faqs text texto markdown principal main")
_PLAIN_QUESTIONS = _PLAIN | read_names(
    "user customer client cliente usuário do da del de frequente frequentes frecuente frecuentes"
    " frequently asked sample example examples exemplo exemplos ejemplo ejemplos"
)
_PLAIN_ANSWERS = _PLAIN | read_names(
    "bot agent atendente do da del de expected reference correct correta correcta richtige"
    " sugerida suggested gold golden ideal"
)
# These may stand there as well, if a header has no name with one of the words above: whose it is,
# and words that say less.
_OWNERS = read_names(
    "your our my the sua seu suas seus nossa nosso minha a o as os tu tus su sus nuestra nuestro"
    " la el las los votre vos notre nos le les ihre ihr deine unsere die vostra tua nostra uw je"
    " onze din ditt vår twoje nasza ваш ваша ваше ваши ваші твой твоё наш наша наше наші"
)
_EITHER = _OWNERS | read_names(
    "texte plain value valor content conteúdo contenido core canonical canônica canónica standard"
    " default normalized normalised base original full complete completa short curta corta final"
    " official oficial modelo model field fields item items entry attributes properties record"
    " data row column coluna columna spalte"
)
_OF_QUESTIONS = (
    _PLAIN_QUESTIONS
    | _EITHER
    | read_names(
        "clientes usuario kunde kunden dos das fréquente fréquentes beispiel test title título"
        " aluno student rewritten reescrita corrigida corrected"
    )
)
_OF_ANSWERS = (
    _PLAIN_ANSWERS
    | _EITHER
    | read_names(
        "esperada esperado referência referencia sugerido best sample example exemplo ejemplo"
        " padrão approved aprovada revised revisada corrected corrigida muster to"
    )
)
# A name with one of these words in brackets, or two, is a property of a text, not the text.
_PROPERTIES = read_names(
    "id ids no nr num number número numero code código codigo count quantity total date data fecha"
    " datum time hora url link type tipo typ status score pontos points length tamanho chars author"
    " autor by audio image imagem imagen video vídeo html json yes sim 0 1"
)
# The ends of names in which words are written together, and compounds that mean something else.
_ENDS: dict[Role, tuple[str, ...]] = {
    "question": (
        *("提问", "提問", "问题", "問題", "质问", "質問", "标准问", "질문", "문의"),
        *("frage", "fragen", "vraag", "vragen", "fraga", "fragor", "kysymys", "kerdes"),
    ),
    "answer": (
        *("回答", "答案", "答复", "答覆", "回复", "回覆", "解答", "답변", "응답"),
        *("antwort", "antworten", "antwoord", "antwoorden", "vastaus", "valasz"),
    ),
}
_OTHER_COMPOUNDS = re.compile(
    ".*(?:umfrage|nachfrage|ruckfrage|abfrage|ruckantwort|rundfrage|umfragen|nachfragen|ruckfragen"
    "|abfragen)|(?:是否|有无|相似|相关|类似|扩展|同义|未|无|関連|類似).*"
)
# A longer text that ends with such a word is a sentence, not a name.
_LONGEST_JOINED = 24

_WORD = re.compile(r"[^\W_]+")
_CAMEL = re.compile("(?<=[a-zß-öø-ÿ])(?=[A-ZÀ-ÖØ-Þ])")
_BRACKETS = re.compile(r"([^()\[\]]*)[(\[]([^()\[\]]+)[)\]]\W*")
# A number before a name, of a column or of a part of a form.
_NUMBER = re.compile(r"\A\d{1,2}\s*[.)\-:]\s*")
_SENTENCE_ENDS = tuple(".!?。！？؟…")


# A file has few names, but JSON repeats them in each object.
@lru_cache(maxsize=1 << 12)
def find_role(name: str, *, plain: bool = False) -> Role | None:
    """Return what a name says that its column holds; None if it says neither or both.

    With `plain`, only the first line of the table above counts, and of its words those that say
    most.
    """
    name = _NUMBER.sub("", visible_text(unicodedata.normalize("NFKC", name[:_LONGEST])))
    if "/" in name and not plain:
        roles = {find_role(part) for part in name.split("/")}
        return roles.pop() if len(roles) == 1 else None
    kinds = _PLAIN_KINDS if plain else _KINDS
    known = [role for role, table, words in kinds if _says(name, role, table, words, plain)]
    return known[0] if len(known) == 1 else None


def list_words(name: str) -> list[str]:
    """Return the normalised words of a name."""
    return [normalise(word) for word in _WORD.findall(_CAMEL.sub(" ", name[:_LONGEST]))]


def mentions_known(name: str) -> bool:
    """Return whether one word of a name is a known one, whatever the name means: `answer_id`."""
    return any(word in QUESTIONS or word in ANSWERS for word in list_words(name))


def is_property(word: str) -> bool:
    """Return whether a word beside a known one says that the name is a property of the text."""
    return word in _PROPERTIES or word.isdecimal()


def _says(name: str, role: Role, table: NameTable, words: frozenset[str], plain: bool) -> bool:
    if normalise(name) in table:
        # A letter such as `a` means nothing unless `q` is beside it.
        return len(name) > 1 or not name.isascii()
    if _is_qualified(name, table, words):
        return True
    return not plain and (_has_brackets(name, table) or _ends_with(name, role))


def _is_qualified(name: str, table: NameTable, qualifiers: frozenset[str]) -> bool:
    """Return whether one word of a name is known, and the others only say what kind it is."""
    words = list_words(name)
    known = [word for word in words if word in table]
    if len(known) > 1:
        # In Portuguese, `a` is an article.
        known = [word for word in known if word not in _OWNERS]
    others = [word for word in words if word not in known]
    if len(known) != 1 or not others:
        return False
    # A single letter says little, so only a language may stand beside it.
    return all(word in (_LANGUAGES if len(known[0]) == 1 else qualifiers) for word in others)


def _has_brackets(name: str, table: NameTable) -> bool:
    parts = _BRACKETS.fullmatch(name)
    if parts is None:
        return False
    outside, inside = normalise(parts[1]), normalise(parts[2])
    if outside in QUESTIONS or outside in ANSWERS:
        words = list_words(parts[2])
        other = len(words) <= 2 and not _PROPERTIES.isdisjoint(words)
        return outside in table and len(outside) > 1 and not other
    return inside in table and len(inside) > 1


def _ends_with(name: str, role: Role) -> bool:
    joined = normalise(name)
    return (
        len(name) <= _LONGEST_JOINED
        and joined.endswith(_ENDS[role])
        and not name.endswith(_SENTENCE_ENDS)
        and not _OTHER_COMPOUNDS.fullmatch(joined)
    )


_PLAIN_KINDS: tuple[tuple[Role, NameTable, frozenset[str]], ...] = (
    ("question", QUESTIONS, _PLAIN_QUESTIONS),
    ("answer", ANSWERS, _PLAIN_ANSWERS),
)
_KINDS: tuple[tuple[Role, NameTable, frozenset[str]], ...] = (
    ("question", QUESTIONS, _OF_QUESTIONS),
    ("answer", ANSWERS, _OF_ANSWERS),
)
