"""Says why a table has no question and no answer that could be told, and what would help.

| the table | the error says |
|---|---|
| is narrower than a position that the caller gave | how many columns there are |
| has rows of one field | that a question and its answer need a column each; and the delimiter, if another character makes a header of the first row |
| has a column of keywords where the questions should be | that these are no questions |
| begins with a row that can't be a header | that the first row seems to be data |
| begins otherwise | the row that is most like a header |

The error names options to copy if the cells show which columns hold the questions and the answers.
Each option is tried before it is named; `suggested` has the same for programs:
`{"question_column": 2, "answer_column": 3, "header": false}`, positions counted from 1.
"""  # noqa: E501

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from urllib.parse import quote

from files.column_names import normalise
from files.columns import Columns, clip_names, clip_rows, find_given
from files.compound_names import find_role, mentions_known
from files.errors import FileError, Json
from files.first_row import stands_apart
from files.header import MAX_PREAMBLE_ROWS, find_header
from files.likely_names import could_be_name, is_plain_name
from files.likeness import look_at
from files.options import Wanted
from files.suggestions import Pair, suggest_columns
from messages import Message, cite, join, say
from texts import visible_text

_LOOKED_CHARS = 200
# Characters that stand between the fields of some files, and that no reader tries by itself.
_OTHER_DELIMITERS = "^~§¦¬#@*&=:/\\"
_LONGEST_PARTED = 10_000
# A row is like others if its texts are not shorter or longer than those by more than this.
_SHORTER, _LONGER = 0.6, 1.5
_SAFE_NAME = re.compile(r"(?=.*[A-Za-z_])[A-Za-z0-9_.\-]{1,60}")

# Returns what must be added to options so that a file is read in the same way with them.
Confirm = Callable[[Wanted, "bool | None"], str]


def explain_missing_columns(
    rows: Sequence[list[str]],
    line: int,
    want: Wanted,
    *,
    keys: bool = False,
    advice: Message | None = None,
    confirm: Confirm = lambda _want, _header: "",
) -> FileError:
    """Return the error that says what was found instead of question and answer.

    `rows` are the first rows of the table, and the first of them is in `line`. With `keys`, the
    first of them are the keys of JSON objects. If no options can be named, `advice` says what
    would help.
    """
    widest = max(map(len, rows))
    row = rows[0] if keys else _choose_header(rows, want)
    details: dict[str, Json] = {
        "header": clip_names(row),
        "rows": clip_rows(rows),
    }
    too_far = [position for position in want.positions if position > widest]
    if too_far:
        return FileError("missing_column", _explain_too_far(too_far[0], widest), **details)
    if not keys and all(_count_filled(one) < 2 for one in rows):
        error = _explain_one_column(rows, want, row)
    else:
        error, suggested = _explain_names(rows, want, row, keys, advice, confirm)
        if suggested is not None:
            details["suggested"] = suggested
    return FileError("missing_column", error, line=line, **details)


def _explain_too_far(column: int, widest: int) -> Message:
    if widest == 1:
        return say(
            "Column {column} was asked for, but the rows have only one column.", column=column
        )
    return say(
        "Column {column} was asked for, but the rows have {widest} columns.",
        column=column,
        widest=widest,
    )


def _choose_header(rows: Sequence[list[str]], want: Wanted) -> list[str]:
    """Return the row that is most like a header.

    It has names that the caller gave, or known words, or names only, and is full.
    """

    def rank(row: list[str]) -> tuple[int, int, bool, int]:
        cells = [cell[:_LOOKED_CHARS] for cell in row if visible_text(cell[:_LOOKED_CHARS])]
        return (
            _count_wanted(cells, want),
            sum(map(_is_known, cells)),
            len(cells) > 1 and all(map(could_be_name, cells)),
            len(cells),
        )

    return max(rows[: MAX_PREAMBLE_ROWS + 1], key=rank)


def _count_wanted(cells: Sequence[str], want: Wanted) -> int:
    """Return how many of the names that the caller gave are among the cells."""
    return len(set(map(normalise, cells)) & set(map(normalise, want.names)))


def _is_known(cell: str) -> bool:
    if len(cell) == 1 and cell.isascii():
        # A letter such as `a` means nothing alone, and with `q` beside it the table is taken.
        return False
    if not could_be_name(cell) and find_role(cell) is None:
        return False
    return mentions_known(cell) or is_plain_name(cell) or find_role(cell) is not None


def _count_filled(row: Sequence[str]) -> int:
    return sum(bool(visible_text(cell[:_LOOKED_CHARS])) for cell in row)


def _explain_one_column(rows: Sequence[list[str]], want: Wanted, row: Sequence[str]) -> Message:
    cells = [cell for one in rows for cell in one if visible_text(cell[:_LOOKED_CHARS])]
    error = say(
        "The rows have only one column, and a question and its answer need a column each. Row "
        "found: {row}.",
        row=_show(row),
    )
    for delimiter in _OTHER_DELIMITERS:
        parted = [cell[:_LONGEST_PARTED].split(delimiter) for cell in cells]
        if min(map(len, parted)) > 1 and _try(parted, want, None) is not None:
            advice = say(
                "The character {delimiter!r} seems to stand between them: give the option "
                "delimiter={encoded}",
                delimiter=delimiter,
                encoded=quote(delimiter),
            )
            return join(error, advice)
    odd, even = look_at(cells[::2]).questions, look_at(cells[1::2]).questions
    if abs(odd - even) > 0.5:
        advice = say("The answers seem to stand below the questions: put each beside its own.")
    else:
        advice = say(
            "If a character other than , ; | or tab stands between them, give it: delimiter="
        )
    return join(error, advice)


def _explain_names(
    rows: Sequence[list[str]],
    want: Wanted,
    row: list[str],
    keys: bool,
    advice: Message | None,
    confirm: Confirm,
) -> tuple[Message, Json | None]:
    """Return what to say, and the columns that the cells suggest."""
    at = rows.index(row)
    below = rows[at + 1 :]
    named = keys or _count_wanted(row, want) > 0 or _is_header(row, below)
    found = say("Row found: {row}.", row=_show(row))
    if keys:
        found = say("Keys found: {row}.", row=_show(row))
    if not named and not all(could_be_name(cell) for cell in rows[0] if visible_text(cell)):
        found = say("The first row seems to be data, not a header: {row}.", row=_show(rows[0]))
    pair = suggest_columns(
        row if named else None,
        below if named else rows,
        _find_wanted(row, want.question),
        _find_wanted(row, want.answer),
    )
    error = join(_name_missing(rows, want), found)
    options = pair and _find_options(rows, want, pair, at if named else None, keys, confirm)
    if not pair or not options:
        return join(error, advice or _list_columns(row, keys, want)), None
    if pair.keywords:
        name = repr(row[pair.question]) if named else str(pair.question + 1)
        advice = say(
            "Column {name} seems to hold keywords, not questions. To take them as questions all "
            "the same: {options}",
            name=name[:_LOOKED_CHARS],
            options=options,
        )
        return join(error, advice), None
    advice = say("Going by the texts in its columns, give the options {options}", options=options)
    return join(error, advice), {
        "question_column": pair.question + 1,
        want.answer_option: pair.answer + 1,
        "header": named,
    }


def _find_wanted(row: Sequence[str], column: str | int | None) -> int | None:
    index = find_given(row, column, "")
    return None if index == -1 else index


def _is_header(row: Sequence[str], below: Sequence[list[str]]) -> bool:
    """Return whether a row has names, as far as that can be told."""
    cells = [cell for cell in row if visible_text(cell[:_LOOKED_CHARS])]
    # Beside a plain name, `o que perguntam` is a name too.
    asking = any(map(is_plain_name, cells))
    if not below or not all(
        could_be_name(cell, asking=asking) or find_role(cell) for cell in cells
    ):
        return False
    if any(map(_is_known, cells)):
        return True
    pair = suggest_columns(None, below)
    if pair is None:
        return False
    columns = Columns(pair.question, pair.answer, None)
    return stands_apart(row, below, columns) or not _is_alike(row, below, pair)


def _is_alike(row: Sequence[str], below: Sequence[list[str]], pair: Pair) -> bool:
    """Return whether a row's question and answer are about as long as those of other rows."""
    if len(below) < 2:
        return False
    for at in pair[:2]:
        lengths = [len(one[at]) for one in below if len(one) > at]
        shortest, longest = _SHORTER * min(lengths), _LONGER * max(lengths)
        if len(row) <= at or not shortest <= len(row[at]) <= longest:
            return False
    return True


def _find_options(
    rows: Sequence[list[str]],
    want: Wanted,
    pair: Pair,
    header: int | None,
    keys: bool,
    confirm: Confirm,
) -> str | None:
    """Return options that make a pair the columns; None if none of those tried do so."""
    positions = replace(want, question=pair.question + 1, answer=pair.answer + 1)
    tries: list[tuple[Wanted, bool | None, str]] = []
    if header is None:
        tries.append((positions, False, "&header=false"))
    else:
        row = rows[header]
        names = [row[at] if at < len(row) else "" for at in pair[:2]]
        by_name = replace(want, question=names[0].strip(), answer=names[1].strip())
        tries.append((positions, True, "" if keys else "&header=true"))
        if all(names) and not any(map(str.isdecimal, names)):
            # A name that can be copied as it is comes first, any other one last.
            safe = all(map(_SAFE_NAME.fullmatch, names))
            tries.insert(0 if safe else 1, (by_name, None, ""))
    for tried, has_header, added in tries:
        found = _try(rows, tried, True if keys else has_header)
        if found is not None and found == (header, *pair[:2]):
            question, answer = (quote(str(name)) for name in (tried.question, tried.answer))
            options = f"question_column={question}&{want.answer_option}={answer}{added}"
            return options + confirm(tried, has_header)
    return None


def _try(
    rows: Sequence[list[str]], want: Wanted, header: bool | None
) -> tuple[int | None, int, int] | None:
    """Return the row of the header, the question and the answer that options give."""
    try:
        found = find_header(rows, want, header)
    except FileError:
        return None
    if found is None:
        return None
    return found.row, found.columns.question, found.columns.answer


def _list_columns(row: Sequence[str], keys: bool, want: Wanted) -> Message:
    listed = ", ".join(f"{n} {name!r}" for n, name in enumerate(clip_names(row), 1))
    if keys:
        return say(
            "Say which columns they are, by name or by position counted from 1, with "
            "question_column= and {answer}=. Columns: {columns}.",
            answer=want.answer_option,
            columns=listed,
        )
    return say(
        "Say which columns they are, by name or by position counted from 1, with question_column= "
        "and {answer}= (and header=true where the first row has names, delimiter=; where the "
        "columns were told apart wrongly). Columns: {columns}.",
        answer=want.answer_option,
        columns=listed,
    )


def _show(row: Sequence[str]) -> str:
    return ", ".join(map(repr, clip_names(row)))


def _name_missing(rows: Sequence[list[str]], want: Wanted) -> Message:
    found = {normalise(name) for row in rows[: MAX_PREAMBLE_ROWS + 1] for name in row}
    absent = [name for name in want.names if normalise(name) not in found]
    if absent:
        names = cite(repr(absent[0]))
        for name in absent[1:]:
            names = say("{names} and {name!r}", names=names, name=name)
        return say("No columns named {names} found.", names=names)
    if want.question is None and want.answer is not None:
        return say("No column with a question found.")
    if want.question is not None and want.answer is None:
        return say("No column with an answer found.")
    return say("No columns with a question and an answer found.")
