"""The encoding of a file: found by its bytes, or given; never bytes that it does not explain."""

from __future__ import annotations

import pytest

from tests.support.files import error, pairs, read_csv

PT = "Como faço a devolução?,Você tem até 7 dias. Não é preciso explicação\n" * 3
FR = "Où est ma commande ?;Elle arrive bientôt à l'adresse indiquée, déjà payée\n" * 3
DE = "Wo ist die Lösung für Prüfungen?;Über die Straße, wir können's größer erklären\n" * 3
ES = "¿Cuál es la dirección?;Está en la sección de atención del año pasado, señor\n" * 3
RU = "Как оформить возврат?;Откройте раздел помощи и выберите заказ\n" * 3
KO = "배송은 언제 오나요?,주문하신 상품은 삼일 안에 도착합니다\n" * 3
JA = "返品はできますか,はい、七日以内であれば返品できます\n" * 3


@pytest.mark.parametrize(
    ("text", "written", "found"),
    [
        ("question,answer\n" + PT, "utf-8", "utf-8"),
        ("question,answer\n" + PT, "utf-8-sig", "utf-8"),
        ("question,answer\n" + PT, "cp1252", "windows-1252"),
        ("question;answer\n" + FR, "cp1252", "windows-1252"),
        ("question;answer\n" + DE, "cp1252", "windows-1252"),
        ("question;answer\n" + ES, "cp1252", "windows-1252"),
        ("question;answer\nPrice of ¼ cup?;It is ½ €, or “free”\n" + FR, "cp1252", "windows-1252"),
        ("вопрос;ответ\n" + RU, "cp1251", "windows-1251"),
        ("질문,답변\n" + KO, "cp949", "cp949"),
        ("質問,回答\n" + JA, "cp932", "cp932"),
        ("pergunta;resposta\n" + FR, "utf-16", "utf-16-le"),
        ("pergunta;resposta\n" + FR, "utf-16-le", "utf-16-le"),
        ("pergunta;resposta\n" + FR, "utf-16-be", "utf-16-be"),
    ],
)  # fmt: skip
def test_the_encoding_is_found(text: str, written: str, found: str) -> None:
    file, rows, _ = read_csv(text.encode(written))
    assert file.description.encoding == found
    assert [(r.question, r.answer) for r in rows] == pairs(text)


def test_valid_utf_8_is_never_guessed_at() -> None:
    assert pairs("question,answer\nÃ©,Ñ\n") == [("Ã©", "Ñ")]


@pytest.mark.parametrize("encoding", ["utf-16", "UTF-16", "utf_16_le", "utf-16-be", "utf-32"])
def test_a_wide_encoding_can_be_given(encoding: str) -> None:
    assert pairs("question,answer\né,ã\n".encode(encoding), encoding=encoding) == [("é", "ã")]


def test_a_little_utf_8_with_a_wrong_byte_is_named() -> None:
    for text in (b"question,answer\ncaf\xc3\xa9,ok\nbad \xff,x\n", "question,answer\nnão,à"):
        data = text if isinstance(text, bytes) else text.encode()[:-1]
        raised = error(data)
        assert raised.code == "undecodable_text"
        assert raised.details["byte"] in (data.find(b"\xff"), len(data) - 1)


def test_an_encoding_can_be_given() -> None:
    data = "question,answer\nprix,10 €\n".encode("cp1252")
    assert pairs(data, encoding="windows-1252") == [("prix", "10 €")]
    assert pairs(data, encoding="latin-1") == [("prix", "10 \x80")]
    assert error(data, encoding="klingon").code == "invalid_option"
    assert error(data, encoding="utf-8").details["byte"] == 24


def test_undecodable_bytes_are_named() -> None:
    data = "question,answer\nação,é\n".encode() + b"broken \xff here,b\n"
    data += "não,é\n".encode() * 9
    raised = error(data)
    assert raised.code == "undecodable_text"
    assert raised.details["byte"] == data.index(b"\xff")
