"""Small files that are too much for the library that reads them: they are refused with a reason."""

from __future__ import annotations

import io
import json
import signal
import sys
import threading
import zipfile
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from files.errors import FileError
from files.options import ReadOptions
from files.sandbox import run_sandboxed
from files.workbook import open_workbook
from tests.support.files import Taken, read, read_in_child, workbook
from tests.support.frozen import freeze
from tests.support.workbooks import make_ods

NS = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
XLS = Path(__file__).with_name("workbooks") / "faq.xls"
# The child may have this, and what Python takes for itself.
MOST_MEMORY = 200_000_000

needs_limits = pytest.mark.skipif(sys.platform != "linux", reason="only Linux bounds its children")


def changed(part: str, text: str) -> bytes:
    """Return a workbook of one row with one of its parts exchanged, packed."""
    book = io.BytesIO(workbook(("A", [["question", "answer"], ["q", "a"]])))
    out = io.BytesIO()
    with zipfile.ZipFile(book) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in {*old.namelist(), part}:
            new.writestr(name, text if name == part else old.read(name))
    return out.getvalue()


def styles() -> bytes:
    return changed("xl/styles.xml", f"<styleSheet {NS}><cellXfs>{'<xf/>' * 8_000_000}</cellXfs>"
                   "</styleSheet>")  # fmt: skip


def defined_names() -> bytes:
    one = '<definedName name="a">S!$A$1</definedName>'
    return changed(
        "xl/workbook.xml",
        f'<workbook {NS} xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/'
        'relationships"><sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets>'
        f"<definedNames>{one * 1_000_000}</definedNames></workbook>",
    )


def sheet(rows: str) -> bytes:
    head = "<row>" + "".join(f'<c t="inlineStr"><is><t>{t}</t></is></c>' for t in HEADER) + "</row>"
    xml = f"<worksheet {NS}><sheetData>{head}{rows}</sheetData></worksheet>"
    return changed("xl/worksheets/sheet1.xml", xml)


HEADER = ("question", "answer")


def runs_in_a_cell() -> bytes:
    runs = "<r><t>a</t></r>" * 6_000_000
    return sheet(f'<row><c t="inlineStr"><is>{runs}</is></c></row>')


def empty_cells() -> bytes:
    return sheet(f"<row>{'<c/>' * 90}</row>" * 200_000)


def rows_far_apart() -> bytes:
    return sheet('<row r="2000000000"><c r="A2000000000"><v>1</v></c></row>')


def columns_far_apart() -> bytes:
    return sheet("".join(f'<row r="{n}"><c r="XFD{n}"><v>1</v></c></row>' for n in range(2, 6_000)))


def whole_number(digits: int = 100_000) -> bytes:
    return f'[{{"question": "q", "answer": "a", "n": {"9" * digits}}}]'.encode()


def sparse_objects() -> bytes:
    objects = ({"question": f"q{n}", "answer": "a", f"k{n % 900}": 1} for n in range(20_000))
    return "\n".join(map(json.dumps, objects)).encode()


def nested_arrays() -> bytes:
    return b'[{"question": "q", "answer": "a", "n": ' + b"[" * 500_000


@needs_limits
@pytest.mark.parametrize(
    "make",
    [styles, defined_names, runs_in_a_cell, empty_cells, rows_far_apart, columns_far_apart,
     whole_number, sparse_objects, nested_arrays],
)  # fmt: skip
def test_a_small_file_never_takes_much_memory(make: Callable[[], bytes]) -> None:
    data = make()
    assert len(data) < 2_000_000
    with Watched() as children, pytest.raises(FileError) as error:
        read_in_child(data)
    assert error.value.code == "malformed_csv"
    assert children.peak < MOST_MEMORY


def merged_cells() -> bytes:
    areas = "".join(f'<mergeCell ref="A{n}:CV20000"/>' for n in range(2, 20)) * 60_000
    rows = "".join(f'<row r="{n}"><c r="A{n}"><v>1</v></c></row>' for n in range(2, 20_000))
    head = "<row>" + "".join(f'<c t="inlineStr"><is><t>{t}</t></is></c>' for t in HEADER) + "</row>"
    return changed(
        "xl/worksheets/sheet1.xml",
        f"<worksheet {NS}><sheetData>{head}{rows}</sheetData><mergeCells>{areas}</mergeCells>"
        "</worksheet>",
    )


def formats() -> bytes:
    code, styles = "0" * 2_000_000, '<xf numFmtId="170"/>' * 100_000
    return changed(
        "xl/styles.xml",
        f'<styleSheet {NS}><numFmts><numFmt numFmtId="170" formatCode="{code}"/></numFmts>'
        f"<cellXfs>{styles}</cellXfs></styleSheet>",
    )


def many_sheets() -> bytes:
    return workbook(*((f"S{n}", [["question", "answer"]] * 50) for n in range(1_000)))


def aliases() -> bytes:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    return "\n".join([*lines, "faq:", "- question: a", "  answer: b", "  all: *a11", ""]).encode()


def nested_yaml() -> bytes:
    return b"question: a\nanswer: " + b"[" * 500_000


@needs_limits
@pytest.mark.parametrize("make", [merged_cells, aliases, nested_yaml])
def test_further_small_files_never_take_much(make: Callable[[], bytes]) -> None:
    data = make()
    assert len(data) < 1_000_000
    with Watched() as children, pytest.raises(FileError) as error:
        read_in_child(data)
    assert error.value.code == "malformed_csv"
    assert children.peak < MOST_MEMORY


@needs_limits
@pytest.mark.parametrize("make", [formats, many_sheets])
def test_odd_workbooks_are_read_within_the_limits(make: Callable[[], bytes]) -> None:
    with Watched() as children, suppress(FileError):
        read_in_child(make())
    assert children.peak < MOST_MEMORY


# pandas and numpy take this before a file is looked at, and hold a whole sheet.
PANDAS_MEMORY = 300_000_000


def repeated_cells() -> bytes:
    cell = '<table:table-cell office:value-type="string" table:number-columns-repeated="16000">'
    row = f'<table:table-row table:number-rows-repeated="1000000">{cell}<text:p>x</text:p>'
    return make_ods(("A", f"{row}</table:table-cell></table:table-row>"))


def percentages() -> bytes:
    cell = '<table:table-cell office:value-type="percentage" table:number-columns-repeated="900">'
    row = f'<table:table-row table:number-rows-repeated="1000">{cell}<text:p>1%</text:p>'
    return make_ods(("A", f"{row}</table:table-cell></table:table-row>" * 1_000))


@needs_limits
@pytest.mark.parametrize("make", [repeated_cells, percentages])
def test_a_small_open_document_never_takes_much_memory(make: Callable[[], bytes]) -> None:
    data = make()
    assert len(data) < 1_000_000
    with Watched() as children, pytest.raises(FileError) as error:
        read_in_child(data)
    assert error.value.code == "malformed_csv"
    assert children.peak < PANDAS_MEMORY


class Watched:
    """Looks at the memory of this process's children while something runs."""

    def __init__(self) -> None:
        self.peak = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Watched:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(0.01):
            for child in psutil.Process().children():
                try:
                    if "sandboxed.py" in " ".join(child.cmdline()):
                        self.peak = max(self.peak, child.memory_info().rss)
                except psutil.Error:
                    continue


# It takes the child a moment to read this, in which it can be stopped.
LONG = json.dumps([{"question": f"q{n}", "answer": "a"} for n in range(50_000)]).encode()
ARGUMENTS = {"kind": "array", "encoding": "utf-8"}


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGKILL])
def test_the_death_of_the_child_is_an_error_of_the_file(number: int) -> None:
    with run_sandboxed("json", io.BytesIO(LONG), ARGUMENTS) as child:
        child.process.send_signal(number)
        with pytest.raises(FileError, match="save it as CSV") as error:
            child.hear()
    assert (error.value.code, error.value.details) == ("malformed_csv", {"line": 1})


def test_a_row_that_a_dying_child_cut_off_is_no_row() -> None:
    rows = [[f"q{n}", "x" * 50] for n in range(20_000)]
    data = io.BytesIO(workbook(("A", [["question", "answer"], *rows])))
    with open_workbook(data, "xlsx", ReadOptions()) as table:
        taken = iter(table)
        next(taken)
        (child,) = [p for p in psutil.Process().children() if "sandboxed.py" in p.cmdline()[2]]
        child.kill()
        with pytest.raises(FileError, match="save it as CSV"):
            deque(taken)


def test_a_child_that_hangs_is_ended() -> None:
    with run_sandboxed("json", io.BytesIO(LONG), ARGUMENTS, wall_seconds=0.1) as child:
        freeze(child.process.pid)
        with pytest.raises(FileError, match="too much memory or time"):
            child.hear()


def test_the_child_does_not_see_our_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_PASSWORD", "secret")
    with run_sandboxed("json", io.BytesIO(LONG), ARGUMENTS) as child:
        assert "secret" not in psutil.Process(child.process.pid).environ().values()


def test_the_child_ends_with_its_reader() -> None:
    with run_sandboxed("json", io.BytesIO(LONG), ARGUMENTS) as child:
        assert child.process.poll() is None
    assert child.process.returncode is not None


@pytest.mark.parametrize(
    "data",
    [
        b'[{"question": "q", "answer": ["a", "b"], "n": 1}, {"question": "r"}, 7]',
        b'{"question": "q", "answer": "a"}\n{"question": 7, "answer": true}\nx\n',
        "- pergunta: é?\n  resposta: sim\n- pergunta: ''\n  resposta: não\n".encode(),
        workbook(("A", [["question", "answer"], ["q", 7], ["r", None]]), ("B", [["x"]])),
        XLS.read_bytes(),
        make_ods(("A", "<table:table-row><table:table-cell><text:p>question</text:p>"
                 "</table:table-cell><table:table-cell><text:p>answer</text:p></table:table-cell>"
                 "</table:table-row>")),
        b'{"messages": [{"role": "user", "content": "q"}]}\n',
        b"a: b\nc: [d, e]\n",
    ],
    ids=["json", "jsonl", "yaml", "xlsx", "xls", "ods", "a chat", "no pairs"],
)  # fmt: skip
def test_other_tests_read_in_this_process_what_the_child_reads(data: bytes) -> None:
    def take(reader: Callable[[bytes], Taken]) -> Any:
        try:
            table, rows, rejected = reader(data)
        except FileError as error:
            return error.code, error.message, error.details
        return table.description, rows, rejected

    assert take(read) == take(read_in_child)
