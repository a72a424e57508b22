"""Writes a number of a spreadsheet as its cell shows it, by the number format of the cell.

| the format | 0.15, 19.9, 1310, 1.5, 45000 become |
|---|---|
| `0%`, `"R$" #,##0.00`, `00000` | 15%, R$ 19,90, 01310 |
| `[h]:mm`, and any that has hours or minutes only | 36:00 |
| one with a day, a month or a year | 2023-03-15: ISO 8601 |
| `General` | the number with 15 digits at most |

A decimal comma is written if the format says so by its language (`[$-416]`), or by a currency that
is written with one. The sections and signs of a format are those of ECMA-376, part 1, 18.8.31.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Sequence
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from functools import lru_cache, partial
from typing import TypeAlias

from files.format_tokens import Section, Token, read_section, split_sections, write_literal
from files.time_formats import has_date, write_clock, write_date

# Writes a number that is given in the words of the workbook, as `0.15` or `1E-3`.
NumberWriter: TypeAlias = Callable[[str], str]

# A spreadsheet keeps so many digits of a number.
_DIGITS = 15
_LARGEST = 1e15
# With more digits than this before or after the point, a number is written as in `General`.
_LONGEST = 40
_REMEMBERED = 1_000
_CONTEXT = Context(prec=200, rounding=ROUND_HALF_UP)
_ROUNDED = Context(prec=_DIGITS, rounding=ROUND_HALF_UP)

_COMPARE: dict[str, Callable[[Decimal, Decimal], bool]] = {
    "<": Decimal.__lt__, "<=": Decimal.__le__, ">": Decimal.__gt__, ">=": Decimal.__ge__,
    "=": Decimal.__eq__, "<>": Decimal.__ne__,
}  # fmt: skip
_FRACTION = re.compile(r"([#0?]+ +)?[#0?]+ ?/ ?(?:([#0?]+)|([1-9][0-9]*))")


def make_writer(code: str, epoch: datetime.datetime) -> NumberWriter:
    """Return the writer for a format code. `epoch` is the day from which the workbook counts."""
    sections = [read_section(text) for text in split_sections(code)]
    if not code or code == "@" or code.lower() == "general":
        return write_general
    # Prices and shares are repeated, and writing one takes 10 microseconds.
    return lru_cache(_REMEMBERED)(partial(_write, sections[:3], epoch))


def write_general(number: str) -> str:
    """Write a number as a cell without a format shows it; a whole number has no point."""
    if number.isdecimal():
        return str(int(number))
    value = float(number)
    if value.is_integer() and abs(value) < _LARGEST:
        return str(int(value))
    return f"{value:.{_DIGITS}G}"


def _write(sections: Sequence[Section], epoch: datetime.datetime, number: str) -> str:
    value = _ROUNDED.create_decimal(number)
    if not value.is_finite() or abs(value.adjusted()) > _LONGEST:
        return write_general(number)
    section, signed = _choose_section(sections, value)
    if section.has("time", "elapsed"):
        if has_date(section.tokens):
            return write_date(float(number), section.tokens, epoch) or write_general(number)
        return write_clock(float(number), section.tokens)
    shown = _write_number(section, abs(value))
    minus = "-" if signed and value < 0 and re.search("[1-9]", shown) else ""
    return f"{minus}{shown}".strip()


def _choose_section(sections: Sequence[Section], value: Decimal) -> tuple[Section, bool]:
    """Return the section for a number, and whether a minus stands before it."""
    if any(section.condition for section in sections):
        for section in sections:
            if section.condition is None or _COMPARE[section.condition[0]](
                value, section.condition[1]
            ):
                return section, True
        return sections[-1], True
    if value < 0 and len(sections) > 1:
        return sections[1], False
    return sections[2 if value == 0 and len(sections) > 2 else 0], True


def _write_number(section: Section, value: Decimal) -> str:
    """Write a number that is not negative."""
    if section.has("general"):
        general = write_general(str(value)).replace(".", section.marks.point)
        return "".join(general if t.kind == "general" else write_literal(t) for t in section.tokens)
    if section.has("exponent"):
        return _write_scientific(section, value)
    if section.has("slash") and section.has("digit"):
        fraction = _write_fraction(section.tokens, value)
        if fraction is not None:
            return fraction
    return _fill_digits(section, value)


def _fill_digits(section: Section, value: Decimal) -> str:
    """Put the digits of a number into the places that a section has for them."""
    tokens, plan = section.tokens, section.plan
    shown = list(plan.literals)
    if not plan.whole and not plan.places:
        return "".join(shown)
    scaled = value.scaleb(plan.shift, _CONTEXT)
    rounded = scaled.quantize(Decimal(1).scaleb(-len(plan.places)), context=_CONTEXT)
    before, _, after = f"{rounded:f}".partition(".")
    _fill_whole(shown, tokens, plan.whole, before.lstrip("0"), plan.group)
    _fill_places(shown, tokens, plan.places, after)
    return "".join(shown)


def _fill_whole(
    shown: list[str], tokens: Sequence[Token], places: list[int], digits: str, group: str
) -> None:
    """Fill the places before the point from the right; the first one takes the digits left."""
    count = 0
    for place in reversed(places):
        taken = digits[-1:] if place != places[0] else digits
        digits = digits[: len(digits) - len(taken)]
        text = ""
        for digit in reversed(taken or _pad(tokens[place].text)):
            text = digit + (group if count and count % 3 == 0 else "") + text
            count += digit.isdigit()
        shown[place] = text


def _fill_places(shown: list[str], tokens: Sequence[Token], places: list[int], digits: str) -> None:
    """Fill the places behind the point; `#` leaves out zeros at the end."""
    needed = len(digits.rstrip("0"))
    for number, place in enumerate(places):
        if number < needed or tokens[place].text == "0":
            shown[place] = digits[number]
        else:
            shown[place] = _pad(tokens[place].text)


def _pad(place: str) -> str:
    return {"0": "0", "?": " "}.get(place, "")


def _write_scientific(section: Section, value: Decimal) -> str:
    """Write a number by `0.00E+00` and the like."""
    kinds = [token.kind for token in section.tokens]
    places = kinds[kinds.index("point") :].count("digit") if "point" in kinds else 0
    mantissa, _, exponent = f"{value:.{places}E}".partition("E")
    width = len(section.tokens[kinds.index("exponent")].text) - len("E+")
    return f"{mantissa.replace('.', section.marks.point)}E{exponent[0]}{exponent[1:].zfill(width)}"


def _write_fraction(tokens: Sequence[Token], value: Decimal) -> str | None:
    """Write a number by `# ?/?` and the like; None if the section is none of these."""
    found = _FRACTION.search("".join(token.text for token in tokens))
    if found is None:
        return None
    whole, _ = divmod(value, 1) if found[1] else (Decimal(0), value)
    rest = Fraction(value - whole)
    if found[3]:
        below = min(int(found[3]), 10**6)
        above = round(rest * below)
    else:
        nearest = rest.limit_denominator(10 ** min(len(found[2]), 5) - 1)
        above, below = nearest.numerator, nearest.denominator
    if found[1] and above == below:
        whole, above = whole + 1, 0
    parts = [str(whole)] if found[1] and (whole or not above) else []
    return " ".join([*parts, f"{above}/{below}"] if above or not parts else parts)
