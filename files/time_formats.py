"""Writes dates of a spreadsheet in ISO 8601, and its times as the format of the cell shows them."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from openpyxl.utils.datetime import from_excel

from files.format_tokens import Token

_DAY_MS = 86_400_000
_UNIT_MS = {"h": 3_600_000, "m": 60_000, "s": 1_000}


def has_date(tokens: Sequence[Token]) -> bool:
    """Return whether a format shows a day, a month or a year."""
    return any(token.kind == "time" and token.text[0] in "ymd" for token in tokens)


def write_date(days: float, tokens: Sequence[Token], epoch: datetime.datetime) -> str | None:
    """Write a day, with its time if the format shows that; None if there is no such day."""
    if days < 0:
        return None
    try:
        moment = from_excel(days, epoch)
    except (OverflowError, ValueError):
        return None
    if not isinstance(moment, datetime.datetime):
        return str(moment.isoformat())
    clock = {token.text[0] for token in tokens if token.kind == "time"} & {"h", "s"}
    return write_moment(moment) if clock else moment.date().isoformat()


def write_moment(moment: datetime.datetime) -> str:
    """Write a date with its time, but midnight as a date alone."""
    midnight = moment.time() == datetime.time()
    return moment.date().isoformat() if midnight else moment.isoformat(sep=" ")


def write_clock(days: float, tokens: Sequence[Token]) -> str:
    """Write a time of the day, or a duration if the format counts hours beyond a day."""
    if "elapsed" not in {token.kind for token in tokens}:
        days %= 1
    kinds = [token.kind for token in tokens]
    unit = 1 if "point" in kinds else _UNIT_MS["s"]
    left = total = round(abs(days) * _DAY_MS / unit) * unit
    shown = []
    for at, token in enumerate(tokens):
        if token.kind == "elapsed":
            count, left = divmod(total, _UNIT_MS[token.text[0]])
            shown.append(str(count).zfill(len(token.text)))
        elif token.kind in ("time", "minutes"):
            shown.append(_write_unit(token.text, left, halves="half" in kinds))
        elif token.kind == "half":
            shown.append("PM" if left % _DAY_MS >= _DAY_MS // 2 else "AM")
        elif token.kind == "point":
            places = sum(t.kind == "digit" for t in tokens[at:])
            shown.append("." + f"{total % 1_000:03}"[:places])
        elif token.kind in ("text", "slash", "comma"):
            shown.append(token.text)
    return ("-" if days < 0 else "") + "".join(shown).strip()


def _write_unit(letters: str, ms: int, *, halves: bool) -> str:
    number = ms // _UNIT_MS[letters[0]] % (24 if letters[0] == "h" else 60)
    if letters[0] == "h" and halves:
        number = number % 12 or 12
    return str(number).zfill(min(len(letters), 2))


def write_value(value: object) -> str:
    """Write a date, a time or a duration, as a workbook may hold them."""
    if isinstance(value, datetime.datetime):
        return write_moment(value)
    if isinstance(value, datetime.timedelta):
        hours, rest = divmod(round(value.total_seconds()), 3600)
        return f"{hours}:{rest // 60:02}:{rest % 60:02}"
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    return str(value)
