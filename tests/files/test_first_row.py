"""Whether the first row of a table is a header of unknown names, if the caller gives positions."""

from __future__ import annotations

import pytest

from tests.support.files import pairs, read, read_csv, workbook

LAST = {"question_column": "1", "answer_column": "2"}


@pytest.mark.parametrize(
    ("header", "rows"),
    [
        # Beside the two columns: values, labels, or a name that no text has.
        ("Enunciado;Comando;Nível", ["Some dois e dois;Faça a soma;1", "Subtraia um;Tire um;2"]),
        ("Wortlaut;Hinweis;Stand", ["Karte verloren;Sperren lassen;1.2.2024"]),
        ("Texto;Retorno;Categoria",
         ["trocar senha;abrir conta;acesso", "ver nota;abrir loja;fiscal"]),
        ("Texto;Retorno;Canal", ["a b;c d;web", "e f;g h;web", "i j;k l;app", "m n;o p;app"]),
        ("Текст;Отклик;Номер", ["открыть счёт;в разделе счетов;17", "закрыть;в разделе;18"]),
        # The questions ask, or the answers are sentences.
        ("Enunciado;Gabarito comentado", ["Qual a capital?;Brasília", "Quem pintou?;Da Vinci"]),
        ("frase do cliente;retorno da loja",
         ["quero pagar;Clique em pagar.", "oi;Olá!", "tchau;Até."]),
        ("Sprzedaż;Treść", ["Kiedy otwieracie?;O dziewiątej."]),
        ("用户说;客服说", ["几点开门？;九点。", "怎么退货？;七天之内。"]),
        ("ユーザー;オペレーター", ["返品できますか;はい、できます。", "いつ届きますか;三日です。"]),
        # Names as programs write them, and names that are short beside long texts.
        ("user_text;bot_text", ["please show me my order;it is in the list of orders"]),
        ("Utterance;Outcome", ["I would like to pay my bill;we open the page of bills"] * 2),
        ("Texto do cliente;Texto padrão",
         ["quero saber o horário;abrimos das nove às dezoito",
          "quero trocar meu produto;traga a nota e o produto",
          "posso pagar com cartão;aceitamos todos os cartões"]),
        ("Kundin;Laden",
         ["karte verloren;bitte sperren", "geld zurück;mit beleg", "neue adresse;im konto"]),
    ],
)  # fmt: skip
def test_a_header_of_unknown_names_is_no_item(header: str, rows: list[str]) -> None:
    text = "\n".join((header, *rows)) + "\n"
    file, found, gone = read_csv(text, **LAST)
    assert [f"{row.question};{row.answer}" for row in found] == [
        ";".join(row.split(";")[:2]) for row in rows
    ]
    assert (gone, file.description.header_line) == ([], 1)
    names = header.split(";")
    assert file.description.columns == names
    assert all(list(row.metadata) == names[2:] for row in found)
    book = workbook(("A", [line.split(";") for line in text.strip().split("\n")]))
    assert [row.question for row in read(book, **LAST)[1]] == [row.question for row in found]
    # The caller's word counts more.
    assert len(read_csv(text, header=False, **LAST)[1]) == len(rows) + 1


@pytest.mark.parametrize(
    "rows",
    [
        ["Como pago?;Com Pix", "Onde fica?;Na praça"],
        ["oi;olá", "tchau;até logo", "bom dia;bom dia"],
        ["Frete;Grátis", "Prazo;Dois dias", "Troca;Em sete dias"], ["Prazo;Dois dias"],
        ["Was kostet es;Nichts", "Wo ist es?;Hier."], ["a;b"], ["Ajuda;Ajuda", "Conta;Perfil"],
        ["senha;Use o link.", "Como troco?;Assim.", "Onde?;Ali."],
        ["trocar senha;abrir conta;acesso", "ver nota;abrir loja;fiscal"],
        ["7;loja;x", "8;conta;y"], ["HTTP;Protocol", "TCP;Another one"],
        ["web;x", "app;y", "web;z", "web;w"],
    ],
)  # fmt: skip
def test_a_first_item_is_no_header(rows: list[str]) -> None:
    file, found, gone = read_csv("\n".join(rows), **LAST)
    assert (len(found), gone, file.description.header_line) == (len(rows), [], None)


def test_a_title_above_the_header_of_unknown_names() -> None:
    text = "FAQ da loja;;\nAssunto;Frase;Retorno\nloja;Como pago?;Com Pix\nloja;Onde fica?;Ali\n"
    positions = {"question_column": "2", "answer_column": "3"}
    file, rows, _ = read_csv(text, **positions)
    assert [(r.question, r.metadata) for r in rows] == [
        ("Como pago?", {"Assunto": "loja"}), ("Onde fica?", {"Assunto": "loja"}),
    ]  # fmt: skip
    assert file.description.header_line == 2
    assert pairs(text, header=True, **positions)[0] == ("Como pago?", "Com Pix")
