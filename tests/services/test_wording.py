"""Words, stems and trigrams: the same whatever accents and marks, and bounded."""

from __future__ import annotations

import random
import time
import tracemalloc
from collections.abc import Callable

import pytest

from services.wording import (
    ANSWER_BYTES,
    BYTES_A_QUESTION_CHAR,
    BYTES_AN_ANSWER_CHAR,
    QUESTION_BYTES,
    Wording,
    Wordings,
    find_stems,
    is_code,
    split_words,
    stem,
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Não recebi o código!", ["nao", "recebi", "o", "codigo"]),
        ("E-1042, e1042 e E.1042", ["e1042", "e1042", "e", "e1042"]),
        ("R$ 1.000,50 em 3x", ["r", "100050", "em", "3x"]),
        ("covid-19 x2pro", ["covid19", "x2pro"]),
        ("", []),
        ("?! 😀", []),
    ],
)
def test_a_text_is_words_and_codes(text: str, words: list[str]) -> None:
    assert split_words(text) == words


@pytest.mark.parametrize(
    ("one", "other"),
    [("entregas", "entrega"), ("pagamento", "pagamos"), ("gato", "gata"), ("orders", "order")],
)
def test_forms_of_a_word_have_one_stem(one: str, other: str) -> None:
    assert stem(one) == stem(other)


def test_a_code_is_its_own_stem() -> None:
    assert is_code("e1042")
    assert not is_code("pedido")
    assert stem("e104299") == "e104299"


def test_stop_words_have_no_stem() -> None:
    assert find_stems(["qual", "o", "prazo"]) == {"praz"}


def test_the_same_wording_is_wholly_alike_and_another_one_not_at_all() -> None:
    one, same, other = map(Wording, ("Qual o prazo?", "qual O PRAZO", "xyz"))
    assert one.measure_dice(same) == 1
    assert one.measure_dice(other) < 0.1


def test_overlap_is_the_share_of_the_question_s_stems_in_question_or_answer() -> None:
    asked, stored = Wording("prazo entrega capital"), Wording("Prazo de envio")
    answer = Wordings().read_answer("Entregamos em três dias.")
    assert asked.measure_overlap(stored, answer) == pytest.approx(2 / 3)
    assert Wording("o que").measure_overlap(stored, answer) == 0


def test_kept_wordings_are_those_that_were_read() -> None:
    wordings = Wordings(4_000)
    first = wordings.read_question("Qual o prazo?")
    assert wordings.read_question("Qual o prazo?") is first
    wordings.read_question("Quanto custa o frete?")
    assert wordings.read_question("Qual o prazo?") is not first
    # Longer than all that may be kept.
    assert wordings.read_answer("entrega " * 500) == {"entre"}


def test_markup_and_pictures_hide_no_words() -> None:
    picture = "iVBORw0K" * 2_000
    answer = f'<img src="data:image/png;base64,{picture}"><p>Entregamos <b>amanh&atilde;</b></p>'
    read = Wordings().read_answer
    assert read(answer) == read("Entregamos amanhã")


@pytest.mark.parametrize("chars", [5, 50, 500])
def test_what_is_kept_takes_no_more_memory_than_it_may(chars: int) -> None:
    letters = random.Random(2)
    most = 2_000_000
    wordings = Wordings(most)

    def write(read: Callable[[str], object], entry: int, char: int) -> None:
        for _ in range(2 * most // (entry + char * chars)):
            read("".join(letters.choices("etaoinshrdlu     ", k=chars)))

    tracemalloc.start()
    try:
        write(wordings.read_question, QUESTION_BYTES, BYTES_A_QUESTION_CHAR)
        write(wordings.read_answer, ANSWER_BYTES, BYTES_AN_ANSWER_CHAR)
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert 0.5 * 2 * most < kept < 1.5 * 2 * most


@pytest.mark.parametrize(
    "piece", ["a", "1", "a1-", "\u0301\u0316", "\ufdfa", "1.,", "w1x ", "한국어 ", "😀", "\u0130"]
)
def test_no_text_takes_long(piece: str) -> None:
    started = time.process_time()
    Wording(piece * 10_000)
    Wordings().read_answer(piece * 100_000)
    assert time.process_time() - started < 1
