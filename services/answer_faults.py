"""What an answer lacks at a glance: it says nothing, or it ends in the middle of a sentence."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Sequence
from typing import Literal

from texts import find_words, strip_accents, visible_text

Fault = Literal["empty_answer", "cut_off_answer"]


def _split(words: str, mark: str) -> frozenset[str]:
    return frozenset(word.strip() for line in words.splitlines() for word in line.split(mark))


# What stands in a cell until somebody writes the answer.
_PLACEHOLDERS = _split(
    """
    n/a|na|n/d|nd|tbd|tba|tbc|todo|fixme|xxx|null|nil|nan|undefined|#n/a|#n/d|#ref!|#value!|#name?
    #valor!|#nome?|pendente|a definir|a preencher|preencher|sem resposta|resposta|pending
    to do|to be defined|to be done|no answer|answer|placeholder|lorem ipsum|test|teste
    """,
    "|",
)
_BEGINNINGS = ("TODO:", "TODO ", "FIXME", "Lorem ipsum", "[TODO", "TBD:")
# No sentence ends with one of these. Those that end one in the other language are left out.
_JOINING = _split(
    """
    de da das dos na nas nos em para com por pelo pela pelos pelas que ou um uma os ao aos sem
    à às sobre entre até se mas quando porque the an and or of nor because if
    """,
    " ",
)
# So do these, unless they are the name of a letter, which one of the words before them tells. In
# French, "a" is a verb as well (il y en a).
_JOINING_LETTERS = frozenset("aeo")
_BEFORE_NAMES = 4
_NAMING = _split(
    """
    alternativa alternativas anexo apêndice artigo assento bloco categoria classe coluna conceito
    fator fila fileira grupo gripe hepatite item itens letra letras linha lote modelo nível nota
    opção opções plano planos portão questão resposta respostas sala sangue sanguíneo seção série
    setor tamanho tecla terminal tipo tipos torre turma unidade versão vitamina vitaminas zona
    answer answers appendix block category class column drive gate grade group hepatitis influenza
    key letter letters level line model option options plan plans row schedule section series size
    terminal type types version vitamin vitamins zone
    en il elle
    """,
    " ",
)
# The letter as the answer shows it: not in quotes or in a tag of its own, as a key is.
_LAST_LETTER = re.compile(r"\s(\w)(?:\s|<[^<>]*>)*$")
_OPEN_ENDS = (",", ";", ":", "(", "[", "{", "/", "&", "...", "…", " -", " –", " —")
# Something in parentheses begins, and does not end.
_OPEN_PARENTHESIS = re.compile(r"\s\(\w[^()]*[\w,]$")
# Programs that cut texts cut them at such lengths.
_LIMITS = frozenset({128, 200, 250, 255, 256, 500, 512, 1_000, 1_024, 2_000, 4_000, 4_096, 32_767})
# An address may end in these, and so may a path.
_ADDRESS_ENDS = ("/", "&")
_ADDRESS = re.compile(
    r"(?:://\w|\bwww\.\w|\w\.[a-z]{2,}(?::\d+)?/|(?:^|\s)[.~]{0,2}/\w)\S*$", re.IGNORECASE
)
# An image or a link is an answer, and so is an address in angle brackets.
_TAG = re.compile(
    r"<(?!img|svg|object|embed|video|audio|iframe|a\b|\w+://|mailto:|[^\s<>]*@)[^<>]*>",
    re.IGNORECASE,
)
_ENDS = frozenset(".!?)]}\"'”’»>*`_")


def simplify(text: str) -> str:
    """Return what tells a text from others: without case, accents and marks around it."""
    plain = strip_accents(visible_text(text).casefold())
    return plain.strip(" ?!¿¡.…,;:\"'“”‘’«»-–—*") or plain


def find_fault(question: str, answer: str, ending: str, length: int) -> Fault | None:
    """Return what is wrong with an answer of `length` characters; `ending` is its end.

    | the answer | fault |
    |---|---|
    | is marks, tags or spaces alone (`-`, `…`, `<p>&nbsp;</p>`) | empty_answer |
    | is a placeholder (`N/A`, `TODO`, `#REF!`, `a definir`), or begins with `TODO:` | empty_answer |
    | is `None`, as Python writes nothing; `None.` and `none` may be an answer | empty_answer |
    | is its question again | empty_answer |
    | ends in `,` `;` `:` `…` `...` `(` `/` `&` or a dash | cut_off_answer |
    | ends within parentheses (`leve um documento (RG, CPF`) | cut_off_answer |
    | has three words or more and ends in one that joins others (`de`, `para`, `and`) | cut_off_answer |
    | the same with `a`, `e` or `o`, but for the name of a letter (`a opção a`) | cut_off_answer |
    | has 255, 256, 500, …, 32,767 characters and no mark at its end | cut_off_answer |
    | else (also a list, an address at its end, a single word, an emoji) | none |
    """  # noqa: E501
    shown = visible_text(html.unescape(_TAG.sub("", answer)))
    if _says_nothing(shown) or simplify(shown) == simplify(question):
        return "empty_answer"
    end = visible_text(find_words(ending))
    if _is_open(end) or _joins(end.split(), ending):
        return "cut_off_answer"
    if length in _LIMITS and end and end[-1] not in _ENDS:
        return "cut_off_answer"
    return None


def _is_open(end: str) -> bool:
    if end.endswith(_ADDRESS_ENDS) and _ADDRESS.search(end):
        return False
    return end.endswith(_OPEN_ENDS) or _OPEN_PARENTHESIS.search(end) is not None


def _joins(words: Sequence[str], ending: str) -> bool:
    """Return whether the last of three words or more can't be the last of a sentence."""
    if len(words) < 3:
        return False
    return words[-1] in _JOINING or (words[-1] in _JOINING_LETTERS and _is_word(words, ending))


def _is_word(words: Sequence[str], ending: str) -> bool:
    """Return whether the letter at the end is a word, not the name of a letter."""
    shown = _LAST_LETTER.search(ending)
    if shown is None or shown[1] != words[-1]:
        return False
    # "x = a", "Resposta: a".
    if words[-2].endswith(":") or not any(map(str.isalnum, words[-2])):
        return False
    before = words[-1 - _BEFORE_NAMES : -1]
    return not any(word.strip(",:").casefold() in _NAMING for word in before)


def _says_nothing(shown: str) -> bool:
    # As it stands: "none" is an answer to "What does it cost?".
    if shown == "None":
        return True
    if shown.startswith(_BEGINNINGS) or shown.casefold().strip(" .…:-()[]<>") in _PLACEHOLDERS:
        return True
    # An emoji is an answer.
    return all(unicodedata.category(letter)[0] in "PZC" or letter in "=+|~^" for letter in shown)
