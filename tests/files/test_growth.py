"""Work grows with a file's size, not with its square, whatever is in the file.

Each shape is read small and large. The steps of Python are counted, which no other load on the
machine changes. What C does in one step (a regular expression, a normalisation) is seen in the
processor's time of sizes so far apart that a square stands out.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from files.errors import FileError
from tests.support.files import read_csv, read_json
from texts import compose, visible_text

HEADER = "question,answer\n"
QNA = "Question\tAnswer\tSource\tMetadata\nq\ta\ts\t"
Read = Callable[[str], Any]


def as_csv(**options: Any) -> Read:
    return lambda text: read_csv(text, **options)


CSV: dict[str, tuple[Callable[[int], str], Read]] = {
    "undoubled quotes among good rows": (
        lambda n: HEADER + ('q,"a" b\n' + "q,a\n" * 20) * (n // 21), as_csv()),
    "undoubled quotes in every third row": (
        lambda n: HEADER + ('q,"a" b\n' + "q,a\n" * 2) * (n // 3), as_csv()),
    "undoubled quotes in every row": (lambda n: HEADER + 'q,"a" b\n' * n, as_csv()),
    "a quote that closes at the end": (
        lambda n: HEADER + ('q,"a" b\n' + "q,a\n" * 20) * (n // 21) + 'q,z"\n', as_csv()),
    "quoted words in every row": (lambda n: HEADER + 'q,"a", "b" and "c".\n' * n, as_csv()),
    "quoted words in every other row": (
        lambda n: HEADER + 'q,"a", "b" and "c".\nq,a\n' * (n // 2), as_csv()),
    "quotes that open again": (lambda n: HEADER + 'q,"a"b,"\n' * n, as_csv()),
    "backslashes before quotes": (lambda n: HEADER + 'q,"a\\"b\n' * n, as_csv()),
    "spaces around quotes": (lambda n: HEADER + 'q, "a" b\n' * n, as_csv()),
    "quotes inside fields": (lambda n: HEADER + 'q,a \\"b\n' * n, as_csv()),
    "lines of one field": (lambda n: HEADER + "q,a\n" + "loose\n" * n, as_csv()),
    "prose between lines of one field": (
        lambda n: HEADER + ("q,a\nloose\n" + "x, y\n" * 19) * (n // 21), as_csv()),
    "a line of spaces": (lambda n: "question answer\n" + " " * n + "\n", as_csv(delimiter=" ")),
    "quotes after spaces": (lambda n: 'question answer\n"a"' + ' "b' * n, as_csv(delimiter=" ")),
    "commas and spaces": (lambda n: HEADER + "q," + ", " * n + "\n", as_csv()),
    "extra fields": (lambda n: HEADER + "q,a" + ", b" * n + "\n", as_csv(overflow="join")),
    "combining marks": (lambda n: HEADER + "q,a" + "\u0315\u0300" * (n // 2) + "\n", as_csv()),
    "invisible marks": (lambda n: HEADER + "q,a" + "\u200b" * n + "\n", as_csv()),
    "labels": (lambda n: QNA + "a:b|" * n + "\n", as_csv()),
    "labels of colons": (lambda n: QNA + ":" * n + "\n", as_csv()),
    "labels of bars": (lambda n: QNA + "a:" + "|" * n + "\n", as_csv()),
    "carriage returns": (lambda n: HEADER + "\r" * n, as_csv()),
    "an open array": (lambda n: "[" + " " * n, as_csv()),
    "lines of Anki": (
        lambda n: "#html:true\n" + "#tags column:1\n" * n + "a\tb\tc\n", as_csv()),
    "a name of brackets": (lambda n: "question " + "(" * n + ",x\na,b\n", as_csv()),
    "a text of tags": (lambda n: "x,y\n" + "<" * n + ",b\n", as_csv()),
    "a text of digits": (lambda n: "x,y\n" + "1" * n + "a,b\n", as_csv()),
    "a text of separators": (lambda n: f'x,y\n"{", " * n}",b\n', as_csv()),
    "a text of spaces": (lambda n: "x,y\na" + " " * n + "?,b\n", as_csv()),
    "words before a bracket": (lambda n: "x " * n + "= (\n", as_csv()),
    "comments": (lambda n: "// x\n" * n, as_csv()),
    "rows without a header": (lambda n: "Where is it?,Here it is.\n" * n, as_csv()),
    "rows below an unknown header": (
        lambda n: "x,y\n" + "Where is it?,Here it is.\n" * n,
        as_csv(question_column="1", answer_column="2")),
}  # fmt: skip
JSON: dict[str, tuple[Callable[[int], str], Read]] = {
    "phrasings": (
        lambda n: '[{"id":"1","question":[' + ",".join(f'"q{i}"' for i in range(n)) + '],"answer":'
        '"a"}]', read_json),
    "one key again and again": (
        lambda n: '[{"question":"q","answer":"a",' + ",".join('"k":1' for _ in range(n)) + "}]",
        read_json),
    "many places": (
        lambda n: "{" + ",".join(f'"k{i}":{{"a":[{{"x":1}}]}}' for i in range(n)) + ', "faq":'
        '[{"question":"q","answer":"a"}]}', read_json),
    "places of pairs": (
        lambda n: "{" + ",".join(f'"k{i}":[{{"question":"q","answer":"a"}}]' for i in range(n))
        + "}", read_json),
    "columns by number": (
        lambda n: '{"question":{' + ",".join(f'"{i}":"q"' for i in range(n)) + '},"answer":{'
        + ",".join(f'"{i}":"a"' for i in range(n)) + "}}", read_json),
    "responses": (
        lambda n: '[{"patterns":["q"],"responses":[' + ",".join(f'"a{i}"' for i in range(n))
        + "]}]", read_json),
    "blocks of text": (
        lambda n: '[{"question":"q","answer":[' + ",".join(
            '{"_type":"block","children":[{"text":"a"}]}' for _ in range(n)) + "]}]", read_json),
    "blocks of unknown kinds": (
        lambda n: '[{"question":"q","answer":[' + ",".join(
            '{"type":"x","y":{"z":[{"text":"a"}]}}' for _ in range(n)) + "]}]", read_json),
    "turns of a chat": (
        lambda n: '[{"conversations":[' + ",".join('{"from":"x","value":"y"}' for _ in range(n))
        + "]}]", read_json),
    "phrasings by language": (
        lambda n: '[{"question":{"pt":[' + ",".join(f'"q{i}"' for i in range(n))
        + '],"en":"q"},"answer":{"pt":"a","en":"b"}}]', read_json),
    "sections with titles": (
        lambda n: "[" + ",".join(
            '{"title":"t","x":[{"question":"q","answer":"a"}]}' for _ in range(n)) + "]",
        read_json),
    "sections without pairs": (
        lambda n: "[" + ",".join('{"title":"t","x":[{"y":"z"}]}' for _ in range(n)) + "]",
        read_json),
    "pairs inside a line": (
        lambda n: '{"x":[' + ",".join('{"question":"q","answer":"a"}' for _ in range(n))
        + ']}\n{"x":[]}\n', read_json),
    "pairs in no array": (
        lambda n: "[" + ",".join(
            '{"x":{"question":"q","answer":"a"},"y":1,"z":2}' for _ in range(n)) + "]", read_json),
    "wrapped pairs": (
        lambda n: "[" + ",".join('{"fields":{"question":"q","answer":"a"},"y":1}' for _ in range(n))
        + "]", read_json),
    "conversations": (
        lambda n: '{"conversations":[' + ",".join('["q","a"]' for _ in range(n)) + "]}", read_json),
    "blocks in a text": (
        lambda n: '[{"question":"q","answer":"{\\"ops\\":[' + ",".join(
            '{\\"insert\\":\\"a\\"}' for _ in range(n)) + ']}"}]', read_json),
    "articles in sections": (
        lambda n: "[" + ",".join(
            '{"name":"t","x":[{"name":"u","y":[{"title":"q?","body":"a"}]}]}' for _ in range(n))
        + "]", read_json),
    "a long line": (
        lambda n: '{"question":"q","answer":"a","m":"' + "x" * n + '"}\n{}', read_json),
}  # fmt: skip
SHAPES = CSV | JSON


def take(make: Callable[[int], str], read: Read, size: int) -> None:
    try:
        read(make(size))
    except FileError:
        return


def count_steps(run: Callable[[], None]) -> int:
    """Return how many lines of Python are run."""
    steps = 0

    def count(frame: FrameType, event: str, _arg: object) -> Any:
        nonlocal steps
        steps += event == "line"
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        run()
    finally:
        sys.settrace(before)
    return steps


def measure(run: Callable[[], object], enough: float = 0.0) -> float:
    """Return the least processor time of three runs, in seconds; of fewer if it is `enough`."""
    least = float("inf")
    for _ in range(3):
        began = time.process_time()
        run()
        least = min(least, time.process_time() - began)
        if least <= enough:
            break
    return least


@pytest.mark.parametrize("shape", SHAPES)
def test_steps_grow_with_the_size(shape: str) -> None:
    make, read = SHAPES[shape]
    small, large = (count_steps(lambda n=n: take(make, read, n)) for n in (1_000, 4_000))  # type: ignore[misc]
    # Four times the size; a square would be sixteen times the steps.
    assert large <= 6 * small


@pytest.mark.parametrize("shape", SHAPES)
def test_time_grows_with_the_size(shape: str) -> None:
    make, read = SHAPES[shape]
    # Sixteen times the size; a square would be 256 times the time.
    most = 60 * max(measure(lambda: take(make, read, 2_000)), 0.001)
    assert measure(lambda: take(make, read, 32_000), enough=most) <= most


@pytest.mark.parametrize("normalise", [compose, visible_text])
def test_a_run_of_combining_marks_is_composed_in_linear_time(
    normalise: Callable[[str], str],
) -> None:
    small, large = ("a" + "\u0315\u0300" * n for n in (4_000, 64_000))
    most = 60 * max(measure(lambda: normalise(small)), 0.001)
    assert measure(lambda: normalise(large), enough=most) <= most


def test_short_runs_of_marks_are_composed_as_ever() -> None:
    assert compose("e\u0301") == "é"
    assert compose("q\u0323\u0307") == compose("q\u0307\u0323")
    assert compose("\u0e01\u0e33") == "\u0e01\u0e33"
