"""Numbers as a spreadsheet shows them by the format of their cell."""

from __future__ import annotations

import pytest
from openpyxl.utils.datetime import CALENDAR_MAC_1904, WINDOWS_EPOCH

from files.number_formats import make_writer

ACCOUNTING = r'_("$"* #,##0.00_);_("$"* \(#,##0.00\);_("$"* "-"??_);_(@_)'


@pytest.mark.parametrize(
    ("code", "number", "shown"),
    [
        ("General", "7", "7"),
        ("General", "7.0", "7"),
        ("General", "12.5", "12.5"),
        ("General", "0.30000000000000004", "0.3"),
        ("General", "1E+20", "1E+20"),
        ('General" km"', "12.5", "12.5 km"),
        ("@", "1310", "1310"),
        ("0%", "0.07", "7%"),
        ("0%", "0.14499999999999999", "15%"),
        ("0.0%", "0.1234", "12.3%"),
        ("0.00", "2.1", "2.10"),
        ("0.00", "1.005", "1.01"),
        ("0", "-0.4", "0"),
        ("0.##", "2.5", "2.5"),
        ("#", "0", ""),
        ("?0.0", "3.14", "3.1"),
        ("#,##0", "1234567", "1,234,567"),
        ('#,##0,"k"', "12345", "12k"),
        ('0.0,,"M"', "12345678", "12.3M"),
        ("00000", "420", "00420"),
        (r"00000\-000", "4205100", "04205-100"),
        (r"000\.000\.000\-00", "12345678909", "123.456.789-09"),
        (r"\(00\)\ 00000\-0000", "11987654321", "(11) 98765-4321"),
        (r"[<=99999999]0000\-0000;00000\-0000", "12345678", "1234-5678"),
        (r"[<=99999999]0000\-0000;00000\-0000", "912345678", "91234-5678"),
        ('0" dias"', "30", "30 dias"),
        ('"Sim";"";"Não"', "1", "Sim"),
        ('"Sim";"";"Não"', "0", "Não"),
        ("0.00;[Red]-0.00", "-2.5", "-2.50"),
        ("+0;-0;0", "5", "+5"),
        (";;;", "5", ""),
        (ACCOUNTING, "1234.5", "$1,234.50"),
        (ACCOUNTING, "-1234.5", "$(1,234.50)"),
        (ACCOUNTING, "0", "$-"),
        ("0.00E+00", "12345", "1.23E+04"),
        ("# ?/?", "1.5", "1 1/2"),
        ("# ??/??", "0.333333333", "1/3"),
        ("# ?/8", "0.25", "2/8"),
    ],
)
def test_numbers(code: str, number: str, shown: str) -> None:
    assert make_writer(code, WINDOWS_EPOCH)(number) == shown


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ('"R$" #,##0.00', "R$ 1.999,90"),
        (r"[$R$-416]\ #,##0.00", "R$ 1.999,90"),
        (r"[$R$-pt-BR]\ #,##0.00", "R$ 1.999,90"),
        ("[$-416]#,##0.00", "1.999,90"),
        (r"#,##0.00\ [$€-407]", "1.999,90 €"),
        ('#,##0.00 "€"', "1.999,90 €"),
        (r"#,##0.00\ [$€-40C]", "1\u00a0999,90 €"),
        ('#,##0.00 "zł"', "1\u00a0999,90 zł"),
        ("[$$-409]#,##0.00", "$1,999.90"),
        ("[$$-80A]#,##0.00", "$1,999.90"),
        ("[$£-809]#,##0.00", "£1,999.90"),
        ("#,##0.00", "1,999.90"),
    ],
)
def test_a_currency_or_a_language_says_whether_there_is_a_comma(code: str, shown: str) -> None:
    assert make_writer(code, WINDOWS_EPOCH)("1999.9") == shown


@pytest.mark.parametrize(
    ("code", "days", "shown"),
    [
        ("[h]:mm", "1.5", "36:00"),
        ("[h]:mm", "2.0208333333333335", "48:30"),
        ("[h]:mm:ss", "0.5", "12:00:00"),
        ("[hh]:mm", "-0.25", "-06:00"),
        ("[mm]:ss", "0.0625", "90:00"),
        ("h:mm", "0.354166666666667", "8:30"),
        ("hh:mm", "45000.354166666667", "08:30"),
        ("hh:mm:ss", "0.354178240740741", "08:30:01"),
        ("h:mm AM/PM", "0.854166666666667", "8:30 PM"),
        ("mm:ss.0", "0.00486152", "07:00.0"),
        ("dd/mm/yyyy", "45000", "2023-03-15"),
        ("d-mmm-yy", "45000", "2023-03-15"),
        ('[$-416]d" de "mmmm" de "yyyy', "45000", "2023-03-15"),
        ("dd/mm/yyyy", "45000.9", "2023-03-15"),
        ("dd/mm/yyyy hh:mm", "45000.5", "2023-03-15 12:00:00"),
        ("dd/mm/yyyy", "-5", "-5"),
    ],
)
def test_times_and_dates(code: str, days: str, shown: str) -> None:
    assert make_writer(code, WINDOWS_EPOCH)(days) == shown


def test_some_workbooks_count_days_from_1904() -> None:
    assert make_writer("dd/mm/yyyy", CALENDAR_MAC_1904)("1") == "1904-01-02"


@pytest.mark.parametrize(
    "code", ['"open', "[", "\\", "0;;;;;;", "[<x]0", "[$", "_", "*", "E+", "/"]
)
def test_a_broken_format_shows_something(code: str) -> None:
    for number in ("5", "-0.5", "1e300", "1e-300"):
        assert isinstance(make_writer(code, WINDOWS_EPOCH)(number), str)


def test_numbers_of_many_digits_are_written_as_without_a_format() -> None:
    assert make_writer("0.00", WINDOWS_EPOCH)("1e300") == "1E+300"
