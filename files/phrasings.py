"""Other wordings of a question: the columns that hold them, and how a cell lists them.

| the column | holds other wordings |
|---|---|
| has one of the names below, with or without a number (`similar question 2`) | yes, unless they are the choices of a quiz |
| is named like the choices of a quiz (`alternatives`), and most rows have the answer among them, or begin like choices (`a) …`) | no: it is metadata |
| was made of the phrasings of intents (json_objects.py) | yes, whatever is in it |
| is named `index` or `indexes`, beside `q` and `a`: a file of FastGPT | yes, and so are all fields after it |

| the cell | is read as |
|---|---|
| a JSON list of texts | these texts |
| has several lines | a wording in each line; numbers before all of them (`1.`) are left out |
| has `|` in its only line | the wordings between |
| is anything else | one wording |

Several columns of a row are read one after the other. What looks like the question, or like an
earlier wording, is left out (texts.py).
"""  # noqa: E501

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

from files.column_names import normalise, read_names
from files.options import Column
from texts import MAX_ALTERNATIVES, list_alternatives, trim, visible_text

# The name of the column in an export, and others if metadata has that name.
ALTERNATIVES = "alternatives"
ALTERNATIVES_NAMES = (ALTERNATIVES, "other_questions", "similar_questions", "phrasings")
# The cell that says that there are no other wordings.
NO_ALTERNATIVES = "[]"
_QUIZ_NAMES = read_names("alternatives alternativas")
_NAMES = read_names(
    # English
    "alternative_questions alternate_questions alternative_question alt_questions"
    " alternate_phrasings similar_questions similar_question phrasings phrasing other_phrasings"
    " rephrasings paraphrases question_variations question_variants variations variant_questions"
    " other_questions further_questions synonymous_questions training_phrases utterances"
    # Portuguese
    " perguntas_similares pergunta_similar perguntas_alternativas pergunta_alternativa"
    " perguntas_semelhantes perguntas_parecidas outras_perguntas variações"
    " variações_da_pergunta frases_de_treinamento formulações outras_formulações paráfrases"
    " reformulações outras_formas_de_perguntar outras_formas_da_pergunta formas_de_perguntar"
    " perguntas_sinônimas sinônimos_da_pergunta"
    # Spanish, Galician, Catalan
    " preguntas_similares pregunta_similar preguntas_alternativas pregunta_alternativa"
    " variaciones otras_preguntas formulaciones paráfrasis reformulaciones preguntes_similars"
    " variacións variacions"
    # French
    " questions_similaires question_similaire questions_alternatives autres_questions"
    " autres_formulations formulations variantes_de_question reformulations"
    # German, Dutch
    " ähnliche_fragen alternative_fragen alternativfragen weitere_fragen formulierungen"
    " umformulierungen fragevarianten vergelijkbare_vragen alternatieve_vragen variaties"
    # Italian, Romanian
    " domande_simili domanda_simile domande_alternative variazioni altre_domande"
    " riformulazioni întrebări_similare întrebări_alternative"
    # Scandinavian languages, Finnish
    " liknande_frågor alternativa_frågor lignende_spørgsmål lignende_spørsmål"
    " alternative_spørgsmål alternative_spørsmål samankaltaiset_kysymykset"
    " vaihtoehtoiset_kysymykset"
    # Slavic languages
    " похожие_вопросы альтернативные_вопросы варианты_вопроса формулировки перефразировки"
    " схожі_питання альтернативні_питання варіанти_питання формулювання подобни_въпроси"
    " podobne_pytania alternatywne_pytania podobné_otázky alternativní_otázky"
    " alternatívne_otázky slična_pitanja podobna_vprašanja"
    # Hungarian, Greek, Turkish
    " hasonló_kérdések alternatív_kérdések παρόμοιες_ερωτήσεις εναλλακτικές_ερωτήσεις"
    " benzer_sorular alternatif_sorular"
    # Hebrew, Arabic, Persian
    " שאלות_דומות أسئلة_مشابهة أسئلة_بديلة پرسش‌های_مشابه"
    # Hindi, Indonesian, Vietnamese, Thai
    " समान_प्रश्न pertanyaan_serupa pertanyaan_alternatif câu_hỏi_tương_tự คำถามที่คล้ายกัน"
    # Chinese, Japanese, Korean
    " 相似问 相似问题 相似问法 相似提问 相似问句 扩展问 扩展问题 扩展问法 同义问 同义问题"
    " 类似问题 相似問題 相似問 類似問題 類似質問 言い換え 別の質問 類似の質問"
    " 유사질문 유사_질문 비슷한_질문 대체_질문"
)
_NUMBER = re.compile("[0-9]{1,3}$")
_FASTGPT = read_names("index indexes")
# A cell that is one choice of a quiz, or lists them.
_CHOICE = re.compile(r"\s*[(\[]?[A-Ha-h][)\].:\-]\s")
_LISTED = re.compile(r"\s*(?:[0-9]{1,3}[.)]|[-*•])\s+")
_MOST_CHOICES = 0.5
# A text that is so short, and asks nothing, may be a greeting.
_GREETING_WORDS = 3
_SHOWN_CHARS = 2_000


def find_alternatives(
    names: Sequence[str], question: int, answer: int, rows: Sequence[Sequence[str]]
) -> tuple[int, ...]:
    """Return the columns with other wordings, in their order, by a header and the rows below."""
    normal = [normalise(name) for name in names]
    found = [
        at for at, name in enumerate(normal) if at not in (question, answer) and _is_known(name)
    ]
    found += [at for at in _find_fastgpt(normal) if at not in (question, answer, *found)]
    return tuple(
        at
        for at in sorted(found)
        if normal[at] not in _QUIZ_NAMES or not _are_choices(rows, at, question, answer)
    )


def is_alternatives_name(name: str) -> bool:
    """Return whether a column's name alone says that it holds other wordings of a question."""
    return _is_known(normalise(name))


def means_alternatives(name: str, at: int, wanted: Sequence[Column]) -> bool:
    """Return whether the column at index `at` holds other wordings: as the caller wants, if so."""
    if not wanted:
        return is_alternatives_name(name)
    return at + 1 in wanted or normalise(name) in {
        normalise(one) for one in wanted if isinstance(one, str)
    }


def _is_known(name: str) -> bool:
    return name in _QUIZ_NAMES or _NUMBER.sub("", name) in _NAMES


def takes_all(names: Sequence[str]) -> bool:
    """Return whether all fields after the header's last one belong to it, as FastGPT writes."""
    normal = [normalise(name) for name in names]
    return bool(_find_fastgpt(normal)) and normal[-1] in (*_FASTGPT, "")


def split_cell(cell: str) -> list[str]:
    """Return the wordings that a cell lists."""
    listed = _read_list(cell)
    if listed is not None:
        return listed
    lines = [line for line in cell.splitlines() if visible_text(line)]
    if len(lines) > 1:
        if all(map(_LISTED.match, lines)):
            lines = [_LISTED.sub("", line, count=1) for line in lines]
        return [trim(line) for line in lines]
    return [trim(part) for part in cell.split("|") if visible_text(part)]


def read_cells(question: str, cells: Sequence[str]) -> list[str]:
    """Return the other wordings that a row has in its columns for them."""
    return list_alternatives(question, [text for cell in cells for text in split_cell(cell)])


def divide_phrasings(phrasings: Sequence[str], cell: str) -> Iterator[tuple[str, str | None]]:
    """Yield a question with the cell of its other wordings, so often that all have room.

    `cell` has wordings that come first. The cell is None if there is no other wording.
    """
    question = next((text for text in phrasings if visible_text(text)), "")
    texts = list_alternatives(question, [*split_cell(cell), *phrasings])
    if not texts:
        yield question, None
        return
    size = MAX_ALTERNATIVES + 1
    for start in range(0, len(texts) + 1, size):
        first, *others = [question, *texts][start : start + size]
        yield first, json.dumps(others, ensure_ascii=False)


def write_cell(alternatives: Sequence[str]) -> str:
    """Return the cell that `split_cell` reads as these wordings."""
    text = "\n".join(alternatives)
    return (
        text
        if split_cell(text) == list(alternatives)
        else json.dumps(list(alternatives), ensure_ascii=False)
    )


def _find_fastgpt(names: Sequence[str]) -> list[int]:
    """Return the columns of indexes, and those without a name after them."""
    if not {"q", "a"}.issubset(names):
        return []
    first = next((at for at, name in enumerate(names) if name in _FASTGPT), None)
    if first is None:
        return []
    return [at for at, name in enumerate(names) if at >= first and name in (*_FASTGPT, "")]


def _read_list(cell: str) -> list[str] | None:
    """Return the texts of a cell that is a list of JSON; None for another cell."""
    if not cell.lstrip().startswith("["):
        return None
    try:
        value = json.loads(cell)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        return None
    return [trim(text) for text in value if visible_text(text)]


def _are_choices(rows: Sequence[Sequence[str]], at: int, question: int, answer: int) -> bool:
    """Return whether the cells of a column are the choices of a quiz.

    Then most rows have their answer or its letter among them, or they begin with letters. A single
    row may have its answer there by chance.
    """
    asked = [row for row in rows if len(row) > max(question, answer) and _is_seen(row[question])]
    cells = [
        (row[question], row[at][:_SHOWN_CHARS], visible_text(row[answer][:_SHOWN_CHARS]))
        for row in asked
        if len(row) > at and _is_seen(row[at])
    ]
    begun = sum(bool(_CHOICE.match(cell)) for _, cell, _ in cells)
    held = sum(_holds_answer(*row) for row in cells if not _CHOICE.match(row[1]))
    return begun + (held if held > 1 else 0) > _MOST_CHOICES * len(asked)


def _holds_answer(question: str, cell: str, right: str) -> bool:
    """Return whether a cell lists choices. A greeting may be answered with one of its wordings."""
    listed = [visible_text(text) for text in split_cell(cell)]
    if len(listed) < 2:
        return False
    if right in listed:
        return "?" in question or len(question.split()) > _GREETING_WORDS
    return len(right) == 1


def _is_seen(text: str) -> bool:
    return bool(visible_text(text[:_SHOWN_CHARS]))
