"""Knows the names of columns that hold questions and answers.

A name is known if the whole of it is one of the names below. Case, accents, spaces, underscores,
hyphens and the marks around it (`Question:`) do not matter. A part of a name is not enough here:
`answer_id` is not an answer. compound_names.py knows which longer names mean the same, and
likely_names.py which names mean it only if the cells below them look like it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence, Set
from functools import lru_cache
from typing import TypeAlias

from texts import visible_text

# Each group is (question, answer), with the best name first. The first group of which a header has
# names wins, so that a file in two languages gives one pair.
_NAMES: tuple[tuple[str, str], ...] = (
    ("question questions", "answer answers best_answer ground_truth"),
    ("pergunta perguntas dúvida dúvidas questão questões", "resposta respostas"),
    ("pregunta preguntas posible_pregunta posibles_preguntas", "respuesta respuestas"),
    ("question questions", "réponse réponses"),
    ("frage fragen", "antwort antworten"),
    ("domanda domande quesito", "risposta risposte"),
    ("вопрос вопросы", "ответ ответы"),
    ("питання запитання", "відповідь відповіді"),
    ("въпрос въпроси", "отговор отговори"),
    ("pytanie pytania", "odpowiedź odpowiedzi"),
    ("otázka otázky", "odpověď odpovědi odpoveď odpovede"),
    ("vraag vragen", "antwoord antwoorden"),
    ("fråga frågor", "svar"),
    ("spørgsmål spørsmål", "svar"),
    ("kysymys kysymykset", "vastaus vastaukset"),
    ("kérdés kérdések", "válasz válaszok"),
    ("întrebare întrebări", "răspuns răspunsuri"),
    ("soru sorular", "cevap cevaplar yanıt yanıtlar"),
    ("ερώτηση ερωτήσεις", "απάντηση απαντήσεις"),
    ("pitanje pitanja питање", "odgovor odgovori одговор"),
    ("שאלה שאלות", "תשובה תשובות"),
    ("سؤال السؤال أسئلة الأسئلة", "جواب الجواب إجابة الإجابة إجابات"),
    ("سوال پرسش سوالات", "پاسخ جواب"),
    ("प्रश्न सवाल", "उत्तर जवाब"),
    ("প্রশ্ন", "উত্তর"),
    (
        "问题 問題 问 問 提问 提問 标准问题 标准问 用户问题",
        "答案 答 回答 答复 回复 答覆 回覆 标准答案",
    ),
    ("質問 質問文 質問内容 問 問い", "回答 答え 答 返答 回答文 回答内容"),
    ("질문 질문내용 문의 물음", "답변 답 대답 답변내용 응답"),
    ("pertanyaan soalan soal tanya", "jawaban jawapan jawab"),
    ("câu_hỏi hỏi", "câu_trả_lời trả_lời đáp"),
    ("คำถาม", "คำตอบ"),
    ("prompt", "completion response"),
    ("q", "a"),
    ("query", "response reply"),
    ("question_text faq_question user_question", "answer_text faq_answer"),
    ("galdera demando", "erantzuna respondo"),
    ("küsimus küsimused", "vastus vastused"),
    ("klausimas klausimai", "atsakymas atsakymai"),
    ("jautājums jautājumi", "atbilde atbildes"),
    ("vprašanje vprašanja прашање прашања", "odgovor odgovori одговор одговори"),
    ("spurning spurningar", "svar svör"),
    ("pyetje pyetja", "përgjigje përgjigja"),
    ("ceist cwestiwn", "freagra ateb"),
    ("sual suallar savol savollar сұрақ асуулт", "cavab cavablar javob javoblar жауап хариулт"),
    ("հարց კითხვა", "պատասխան პასუხი"),
    ("swali maswali tanong", "jibu majibu sagot"),
    ("கேள்வி ప్రశ్న પ્રશ્ન ਸਵਾਲ ಪ್ರಶ್ನೆ ചോദ്യം", "பதில் జవాబు సమాధానం જવાબ ਜਵਾਬ ಉತ್ತರ ഉത്തരം"),
)

# Names that mean a question or an answer only beside each other.
_TITLES = (
    "title título titulo titre titel titolo tytuł başlık заголовок название otsikko judul"
    " 标题 標題 タイトル 제목"
)
_SOLUTIONS = (
    "solution solutions resolution solução soluções resolução solución soluciones lösung lösungen"
    " soluzione oplossing rozwiązanie çözüm решение рішення solusi 解决方案 解決方案 解决办法 해결"
)
_SOME_ANSWERS = (
    "answer answers response resposta respostas respuesta respuestas réponse antwort risposta"
    " antwoord svar odpowiedź odpověď válasz răspuns cevap yanıt ответ відповідь отговор"
    " 答案 回答 回复 答复 답변 jawaban"
)
# An intent of a chatbot: what people write, and what it answers.
_INTENTS = (
    "patterns pattern padrões padrão patrones patrón motifs muster utterances training_phrases"
    " trainingphrases expressions expressões expresiones phrases frases",
    "responses response respostas resposta respuestas respuesta réponses réponse antworten antwort"
    " answers answer",
)
# What people write may have one of these names too, but only beside the name of the intent.
_EXAMPLES = (
    "text texts texto textos example examples exemplo exemplos ejemplo ejemplos beispiel beispiele"
    " sample samples user_says"
)
_INTENT_NAMES = (
    "intent intents intenção intencao intención intencion intenções intenciones absicht intention"
)
_PAIRS: tuple[tuple[str, str], ...] = (
    _INTENTS,
    (_EXAMPLES, _INTENTS[1]),
    ("sentences inputs", _INTENTS[1]),
    (
        "instruction instrução instrucción anweisung",
        "output response answer completion saída salida",
    ),
    ("input entrada eingabe", "output response answer saída salida resposta respuesta antwort"),
    ("user", "assistant bot"),
    ("human", "assistant bot ai"),
    ("human_says", "chatbot_says bot_says robot_says"),
    ("utterance message context", "response reply"),
    (
        "problem issue problema problème probleem проблема 问题 question questions pergunta"
        " perguntas dúvida dúvidas questão pregunta preguntas duda dudas frage fragen domanda"
        " question vraag вопрос питання pytanie",
        _SOLUTIONS,
    ),
    ("front", "back"),
    ("frente anverso fronte recto vorderseite", "verso reverso retro dorso rückseite"),
    (_TITLES, _SOME_ANSWERS),
    ("duda dudas", "respuesta respuestas"),
)

# In a quiz, a column of this name holds the answers if no other column does. files/header.py looks
# at the answers too: they may be the letters of choices, or yes and no.
_CORRECT: tuple[tuple[str, str], ...] = (
    ("question pergunta pregunta frage", "correct correta correcta richtige"),
)

_AROUND = " \t\r\n:?.*\"'`“”‘’«»[]()<>"
# No more of a cell is looked at. A longer one is no name, and may have millions of characters.
_LONGEST = 200
_BETWEEN = re.compile(r"[\s_\-]+")


# The (group, place) of each known name, by its normalised form.
NameTable: TypeAlias = dict[str, list[tuple[int, int]]]


def normalise(name: str) -> str:
    """Return what two spellings of one column name have in common."""
    return _normalise(name[:_LONGEST])


# A file has few names, but JSON repeats them in each object.
@lru_cache(maxsize=1 << 12)
def _normalise(name: str) -> str:
    text = visible_text(unicodedata.normalize("NFKC", name)).casefold()
    text = text.removesuffix("(s)") + "s" if text.endswith("(s)") else text
    letters = unicodedata.normalize("NFD", text.strip(_AROUND))
    bare = "".join(c for c in letters if unicodedata.category(c) != "Mn")
    return _BETWEEN.sub("", unicodedata.normalize("NFC", bare))


def _read_table(groups: Sequence[tuple[str, str]], side: int) -> NameTable:
    table: NameTable = {}
    for group, names in enumerate(groups):
        for place, name in enumerate(names[side].split()):
            table.setdefault(normalise(name), []).append((group, place))
    return table


QUESTIONS, ANSWERS = _read_table(_NAMES, 0), _read_table(_NAMES, 1)
GROUPS = len(_NAMES)
# A question's and an answer's name of each group.
NAME_PAIRS = [(questions.split()[0], answers.split()[0]) for questions, answers in _NAMES]
PAIRED_QUESTIONS, PAIRED_ANSWERS = _read_table(_PAIRS, 0), _read_table(_PAIRS, 1)
QUIZ_QUESTIONS, QUIZ_ANSWERS = _read_table(_CORRECT, 0), _read_table(_CORRECT, 1)


def read_names(text: str) -> frozenset[str]:
    """Return the normalised forms of the names in a text."""
    return frozenset(map(normalise, text.split()))


_PATTERNS, _RESPONSES = map(read_names, _INTENTS)
# Beside one of these names, a name does not mean what it says. Beside `b`, `a` is the first of
# several choices. Beside a body, a title is not the question itself. Beside a text, `ai` is who
# wrote it.
_BODIES = read_names(
    "body ask content text description details message post selftext question_body"
    " question_text corpo texto conteúdo descrição descripción contenido beschreibung inhalt"
)
_UNLESS = {
    "a": read_names("b"),
    "ai": read_names("text texto"),
    **dict.fromkeys(read_names(_TITLES), _BODIES),
}
_ONLY_BESIDE = dict.fromkeys(read_names(_EXAMPLES), read_names(_INTENT_NAMES))
# These are names of a column that holds all choices. The pattern, for normalised names, is that of
# a column that holds one of them.
_CHOICES = read_names(
    "options choices opções opciones opzioni optionen alternativas alternatives distractors"
)
_CHOICE = re.compile(
    "(?:option|opt|choice|opcao|opcion|opzione|alternativa|alternative|answer|resposta|respuesta"
    "|reponse|antwort|risposta|вариант)(?:[0-9]|[a-h])"
)


def is_question_name(name: str) -> bool:
    """Return whether a column's name alone says that it holds questions."""
    return normalise(name) in QUESTIONS


def is_answer_name(name: str) -> bool:
    """Return whether a column's name alone says that it holds answers."""
    return normalise(name) in ANSWERS


def is_pattern_pair(names: Set[str]) -> bool:
    """Return whether an object with these names is an intent of a chatbot."""
    normal = set(map(normalise, names))
    return not (normal.isdisjoint(_PATTERNS) or normal.isdisjoint(_RESPONSES))


def means_itself(name: str, names: Sequence[str]) -> bool:
    """Return whether a normalised name means what it says beside the other names of a header."""
    needed = _ONLY_BESIDE.get(name)
    if needed is not None and needed.isdisjoint(names):
        return False
    return _UNLESS.get(name, frozenset()).isdisjoint(names)


def find_choices(names: Sequence[str]) -> list[int]:
    """Return which of a header's normalised names are the choices of a quiz; [] for another table.

    The choices are the columns named by letters, if there are `a` and `b`; or two columns and more
    such as `option1` and `option_a`; or a column such as `choices`.
    """
    if {"a", "b"}.issubset(names):
        return [index for index, name in enumerate(names) if len(name) == 1 and "a" <= name <= "h"]
    found = [index for index, name in enumerate(names) if _CHOICE.fullmatch(name)]
    if len(found) > 1:
        return found
    return [index for index, name in enumerate(names) if name in _CHOICES]
