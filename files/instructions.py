"""Finds the questions of instruct data: a column `instruction`, and a column `input` beside it.

| the instruction | the question is |
|---|---|
| is the same in most rows that have an input | the input; in a row without an input, the instruction |
| is the row's own | the instruction; the input is metadata |
| stands beside a column with a known name of questions | what that column has; if it is empty, the instruction |
"""  # noqa: E501

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from files.column_names import QUESTIONS, normalise, read_names
from files.columns import Columns
from files.likeness import is_question
from files.options import Wanted
from texts import visible_text

_INSTRUCTIONS = read_names(
    "instruction instructions instrução instrucao instrucción instruccion anweisung prompt task"
    " system_prompt инструкция 指令"
)
_INPUTS = read_names("input entrada eingabe query ввод 输入")
_SHOWN_CHARS = 1_000


def prefer_inputs(
    names: Sequence[str], columns: Columns, rows: Sequence[Sequence[str]], want: Wanted
) -> Columns:
    """Return the columns with the question in `input`, if the instruction is always the same."""
    normal = [normalise(name) for name in names]
    if want.question is not None or normal[columns.question] not in _INSTRUCTIONS:
        return columns
    others = [at for at in range(len(normal)) if at not in (columns.question, columns.answer)]
    known = [at for at in others if normal[at] in QUESTIONS]
    inputs = known or [at for at in others if normal[at] in _INPUTS]
    if not inputs or not (known or _is_constant(_list_pairs(rows, columns.question, inputs[0]))):
        return columns
    return replace(columns, question=inputs[0], instead=columns.question)


def _list_pairs(
    rows: Sequence[Sequence[str]], instruction: int, given: int
) -> list[tuple[str, str]]:
    """Return (instruction, input) of the rows that have an input."""
    width = max(instruction, given) + 1
    texts = [
        tuple(visible_text(row[at][:_SHOWN_CHARS]) for at in (instruction, given))
        for row in rows
        if len(row) >= width
    ]
    return [(first, second) for first, second in texts if second]


def _is_constant(pairs: Sequence[tuple[str, str]]) -> bool:
    """Return whether there are at least two inputs for each instruction."""
    if len(pairs) == 1:
        instruction, text = pairs[0]
        return is_question(text) and not is_question(instruction)
    instructions, texts = {pair[0] for pair in pairs}, {pair[1] for pair in pairs}
    return bool(pairs) and 2 * len(instructions) <= len(texts)
