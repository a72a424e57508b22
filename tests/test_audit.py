"""The list of licences is that of what is installed, and an audit says what it did not check."""

from __future__ import annotations

from pathlib import Path

import pytest

import audit.licenses
import audit.vulnerabilities
from audit.licenses import UNKNOWN, Row, make_rows, read_pins, read_rows

ROOT = Path(__file__).parent.parent
PINS = (ROOT / "requirements.txt").read_text("utf-8")


def test_the_list_has_what_is_pinned_with_a_licence() -> None:
    rows = read_rows((ROOT / "LICENSES.md").read_text("utf-8"))
    assert [(row.package, row.version) for row in rows] == list(read_pins(PINS))
    assert [row for row in rows if row.license == UNKNOWN] == []


def test_the_list_says_what_the_packages_say() -> None:
    listed = (ROOT / "LICENSES.md").read_text("utf-8")
    assert make_rows(PINS, listed) == read_rows(listed), "make licenses"


def test_no_licence_binds_those_who_use_the_service() -> None:
    # The LGPL of psycopg2 lets a program of any licence use it.
    rows = read_rows((ROOT / "LICENSES.md").read_text("utf-8"))
    assert [row.package for row in rows if "GPL" in row.license] == ["psycopg2-binary"]


def test_a_package_that_is_not_installed_here_keeps_its_licence() -> None:
    pins, before = (
        "no-such-package==2.0 ; sys_platform == 'win32'\n",
        "| no-such-package | 1.0 | MIT |",
    )
    assert make_rows(pins, before) == [Row("no-such-package", "2.0", "MIT")]
    assert make_rows(pins) == [Row("no-such-package", "2.0", UNKNOWN)]


def test_a_vulnerability_and_what_was_not_checked_are_said() -> None:
    known = {"id": "PYSEC-1", "fix_versions": ["1.1"]}
    report = {
        "dependencies": [
            {"name": "a", "version": "1.0", "vulns": [known]},
            {"name": "b", "version": "2.0", "vulns": []},
            {"name": "c", "skip_reason": "not found"},
        ]
    }
    text, count = audit.vulnerabilities.describe("r.txt", report)
    assert count == 1
    assert text.splitlines() == [
        "r.txt: a 1.0: PYSEC-1, mended in 1.1",
        "r.txt: 2 packages checked, 1 vulnerabilities.",
        "r.txt: 1 packages NOT CHECKED, there were no data about them.",
    ]


@pytest.mark.parametrize(("report", "status"), [(None, 0), ({"dependencies": []}, 0)])
def test_an_audit_without_data_is_no_silent_success(
    report: dict[str, object] | None,
    status: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(audit.vulnerabilities, "ask", lambda _: report)
    assert audit.vulnerabilities.main() == status
    assert ("NOT CHECKED" in capsys.readouterr().out) == (report is None)
