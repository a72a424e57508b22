"""The words of a text: what the model gets of HTML, Markdown and pictures."""

from __future__ import annotations

import base64
import random
import textwrap
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedders.sentence import SentenceModel
from embeddings import EmbeddingService, pair_text
from tests.support.models import cosines
from texts import find_words, soften_capitals, visible_text

PICTURE = base64.b64encode(random.Random(3).randbytes(3_000)).decode()
# As many programs break it, and one that ends with no mark.
LINES = "\n".join(textwrap.wrap(PICTURE + "AA==", 76))
EVEN = "\n".join(textwrap.wrap(PICTURE, 76))
DRAWING = "<svg xmlns='http://www.w3.org/2000/svg'><text>cats</text></svg>"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<p>Open <b>Pro</b>file.</p><p>Save&nbsp;it.</p>", "Open Profile. Save it."),
        ('<A HREF="http://shop.example/?a=1" title="x">ma&ccedil;&atilde;</A>', "maçã"),
        ("one<br/>two<BR>three", "one two three"),
        ("<ul><li>one<li>two</ul>", "one two"),
        ("<style>p { color: red }</style>yes<!-- no --><script>x()</SCRIPT>", "yes"),
        ("a <!-- b", "a <!-- b"),
        (f'see <img alt="x" src="data:image/png;base64,{PICTURE}"> this', "see this"),
        (f"see ![picture](data:image/png;base64,{PICTURE}) this", "see picture this"),
        (f"see {PICTURE} this", "see this"),
        (f"see {LINES} this", "see this"),
        (f"see\n{LINES}\nthis", "see this"),
        (f"see data:image/png;base64,{LINES} this", "see this"),
        (f"see ![picture](data:image/png;base64,{EVEN}) this", "see picture this"),
        (f'see <img src="data:image/png;base64,{EVEN}"> this', "see this"),
        (f'see <img src="data:image/svg+xml;utf8,{DRAWING}"> this', "see this"),
        (f"see {DRAWING} this", "see this"),
        ("see svg and <svg this", "see svg and <svg this"),
        ("see data:image/svg+xml;charset=utf-8,%3Csvg%3E this", "see this"),
        ("the data: 5 and data:x, stay", "the data: 5 and data:x, stay"),
        ('[Help](https://shop.example/a) and [more](/b "title")', "Help and more"),
        ("## Title\n- one\n* two\n> three", "Title one two three"),
        ("| a | b |\n|---|:-:|\n| 1 | 2 |", "| a | b | | 1 | 2 |"),
        ("**bold** and `code` and ~~gone~~", "bold and code and gone"),
        ("```sh\nls\n```", "ls"),
        ("use <name>, List<String>, a < b, <3", "use <name>, List<String>, a < b, <3"),
        ("2*3*4 # 5, snake_case, E-1042, R$ 5 & co", "2*3*4 # 5, snake_case, E-1042, R$ 5 & co"),
        ("-5 graus", "-5 graus"),
        ("[a] (b) a&lang=pt", "[a] (b) a&lang=pt"),
        ("<p></p>", "<p></p>"),
        ("", ""),
    ],
)  # fmt: skip
def test_markup_is_no_words(text: str, words: str) -> None:
    assert visible_text(find_words(text)) == words


@given(st.text(st.sampled_from('<>&!-[]()*`#|:;, abp/dt\n"='), max_size=60))
def test_something_is_always_left(text: str) -> None:
    words = find_words(text)
    assert len(words) <= len(text)
    assert bool(visible_text(words)) == bool(visible_text(text))


@pytest.mark.parametrize(
    "piece",
    ["<", "<p ", "</", "<!--", "<style>", "<script", "<svg>", "[a](", "![", "[", "&", "&a", "**a",
     "`", "~~", "data:a/b;", "data:a/b,", "(data:a/b,A ", "A", "A" * 70 + " ", "A" * 199 + "!",
     "- ", "|-", "> ", '<a href="', " ", "#", "\n"],
)  # fmt: skip
def test_the_time_grows_with_the_text(piece: str) -> None:
    def measure(chars: int) -> float:
        text = piece * (chars // len(piece))
        started = time.process_time()
        find_words(text)
        return time.process_time() - started

    # In quadratic time it would be a hundred times as long. One of three tries may be slow.
    assert any(measure(300_000) < 40 * (measure(30_000) + 0.002) for _ in range(3))


def test_a_picture_and_tags_do_not_move_an_answer(openvino_model: SentenceModel) -> None:
    service = EmbeddingService(openvino_model)
    question, answer = "How do I change my avatar?", "Open Profile and click Change."
    marked = f'<p>{answer}</p><p><img src="data:image/png;base64,{PICTURE}"></p>'
    texts = [pair_text(question, answer), pair_text(question, marked)]
    plain, other = service.embed_passages(texts)
    assert plain is not None
    assert other is not None
    assert cosines(plain[None], other[None])[0] > 0.999
    query = service.embed_query("<b>open profile</b> and click change")
    assert query == pytest.approx(service.embed_query("open profile and click change"))


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("QUERO CANCELAR MEU PEDIDO!", "quero cancelar meu pedido!"),
        ("COMO PAGO?\nCom Pix ou NF.", "como pago? Com Pix ou NF."),
        ("Como pago?\nNO CAIXA, COM PIX", "Como pago? no caixa, com pix"),
        # A word alone may be an acronym, and others are named in capitals.
        ("SLA", "SLA"),
        ("o SLA da NF-E", "o SLA da NF-E"),
        ("12 34", "12 34"),
        ("", ""),
    ],
)
def test_the_model_sees_no_lines_in_capitals(text: str, seen: str) -> None:
    assert visible_text(soften_capitals(text)) == seen


def test_a_question_in_capitals_is_the_same_question(openvino_model: SentenceModel) -> None:
    service = EmbeddingService(openvino_model)
    question = "como faço para cancelar meu pedido?"
    loud, quiet = service.embed_queries([question.upper(), question])
    assert loud == pytest.approx(quiet)
    stored = service.embed_passages([pair_text(question.upper(), "No menu."), question.upper()])
    plain = service.embed_passages([pair_text(question, "No menu."), question])
    assert all(one == pytest.approx(other) for one, other in zip(stored, plain, strict=True))
