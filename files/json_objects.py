"""Turns JSON objects into rows of fields, and finds the question, the answer and the metadata.

Which members are the question and the answer is told by their names, or by what the caller asked
for, in the same way as for a header (columns.py, likely_columns.py).

| the object's member | becomes |
|---|---|
| a key | a column; columns have the order in which their keys first appear |
| a string | itself |
| null | nothing |
| a number, true or false | what JSON writes for it |
| a list or an object, as metadata | its JSON |
| a list, as the question | the first text is the question, and the others are other wordings of it (`alternatives`). More than MAX_ALTERNATIVES become another row; if the `id` is 7, it gets 7#2 |
| a list, as other wordings (phrasings.py) | a JSON list of its texts |
| nothing, or an empty text, as other wordings | an empty JSON list; an empty field means that the object lacks the key |
| a list, as the answer, whose name is a plural (`answers`, `respostas`), or beside a list of phrasings | the first text is the answer; the others become the metadata `other_…`, a list |
| any other list or object with texts in it, as question or answer (json_text.py) | these texts |
| question and answer by language (json_languages.py) | a row for each language, which becomes the metadata `language` |
| a list of questions beside a list of answers that is as long | rejected (malformed_json), unless the object holds whole columns (json_columns.py) |
| an empty list, as the answer | nothing, so the row is rejected as one without an answer |
| anything else nested, as question or answer | rejected (malformed_json) |
| a chat of one question and one answer (json_chats.py) | question and answer; a longer one is rejected (malformed_json) |
| `name` and `acceptedAnswer` with a `text`: a question of schema.org | question and answer; without an accepted answer, the first of `suggestedAnswer` |
| an object of one of the names of WRAPPERS that is a pair (json_shapes.py) | its members, beside those of the object around it; a name that both have gets a number there |
| a question or an answer that is the JSON of blocks, as a string | the text of the blocks (json_text.py) |
"""  # noqa: E501

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from files.column_names import is_answer_name, is_question_name, normalise, read_names
from files.json_chats import find_chat, read_chat
from files.json_columns import are_doubtful, split_columns
from files.json_languages import list_languages, pick_language
from files.json_members import Members, find_members
from files.json_shapes import Shapes, is_schema_org, read_schema_org
from files.json_text import is_blocks, read_packed, read_text, read_texts, write_json_text
from files.options import Wanted
from files.phrasings import ALTERNATIVES, NO_ALTERNATIVES, divide_phrasings, means_alternatives
from files.repeats import RepeatBudget
from messages import Explained, say
from texts import make_storable

# So many different sets of keys are remembered with what they mean.
_MOST_SHAPES = 1_000
_SHOWN_CHARS = 60
# Names of several answers to choose from.
_PLURALS = read_names(
    "answers responses replies outputs solutions best_answers correct_answers gold_answers"
    " reference_answers respostas respuestas réponses antworten risposte ответы відповіді отговори"
    " odpowiedzi odpovědi odpovede antwoorden vastaukset válaszok răspunsuri cevaplar yanıtlar"
    " απαντήσεις תשובות إجابات soluções soluciones lösungen"
)
# A member of such a list that only says more about the answer: its place, its votes.
_ONE_ANSWER = ("text", "answer", "body", "value", "content", "resposta")


class UnfitObject(Explained):
    """An object that gives no row; the text says why."""


class ObjectRows:
    """Makes rows of objects. `positions` are the places of the columns by their keys."""

    def __init__(self, want: Wanted) -> None:
        self._want = want
        self._judge = Shapes(want)
        self._shapes: dict[tuple[str, ...], Members] = {}
        # The places of the columns of objects that are taken as they are if nothing is nested.
        self._plain: dict[tuple[str, ...], tuple[list[int], list[int], Members]] = {}
        # How many objects have these as their question and answer.
        self._used: Counter[Members] = Counter()
        self._repeats = RepeatBudget()
        self.positions: dict[str, int] = {}
        # The columns that hold JSON of lists or objects in some row.
        self.nested: set[int] = set()
        # The columns that have the further phrasings of a question that is a list.
        self.phrased: set[int] = set()

    def make_rows(self, value: dict[str, Any], around: Mapping[str, str]) -> list[list[str]]:
        """Return an object's rows; each has a field for every column up to now.

        `around` is what the document says of the object, to be kept as metadata. A new key gets the
        next place. Raises UnfitObject.
        """
        shape = tuple(value)
        row = None if around else self._make_plain(shape, value)
        if row is not None:
            return [row]
        given, value = value, flatten_object(value, self._judge)
        for name in value:
            self.positions.setdefault(name, len(self.positions))
        if value is given and len(self._plain) < _MOST_SHAPES:
            places = [self.positions[name] for name in shape]
            others = [self.positions[name] for name in self._list_others(value)]
            self._plain[shape] = places, others, self._find_members(value)
        members = self._find_members(value)
        columns = split_columns(
            value, value.get(members.question or ""), value.get(members.answer or "")
        )
        if columns is not None:
            return [row for one in columns for row in self.make_rows(one, around)]
        self._used[members] += 1
        rows: list[list[str]] = []
        id_at = next((n for name, n in self.positions.items() if _is_id(name)), -1)
        for one, more in _split_languages(value, members):
            for fields in self._make_fields(one, members, [*more, *around.items()]):
                if rows and fields.get(id_at):
                    # Each row is an item, so each needs an id of its own.
                    fields[id_at] = f"{fields[id_at]}#{len(rows) + 1}"
                rows.append(self._order(fields))
        if around or len(rows) > 1:
            own = sum(map(len, rows[0])) - sum(map(len, around.values()))
            self._repeats.spend(own + len(rows), sum(sum(map(len, row)) for row in rows))
        return rows

    def _make_plain(self, shape: tuple[str, ...], value: dict[str, Any]) -> list[str] | None:
        """Return the only row of an object of which nothing is nested; None for another one."""
        plain = self._plain.get(shape)
        if plain is None:
            return None
        places, others, members = plain
        question, answer = value.get(members.question or ""), value.get(members.answer or "")
        if _may_be_packed(answer) or _may_be_packed(question):
            return None
        row = [""] * len(self.positions)
        for at, content in zip(places, value.values(), strict=True):
            if isinstance(content, str):
                row[at] = content
            elif isinstance(content, list | dict):
                return None
            else:
                row[at] = self._write_value(at, content)
        for at in others:
            row[at] = row[at] or NO_ALTERNATIVES
        self._used[members] += 1
        return row

    @property
    def pair(self) -> tuple[str, str] | None:
        """The columns that are the question and the answer of most objects, where that is sure."""
        for question, answer, sure in (members for members, _ in self._used.most_common()):
            if sure and question is not None and answer is not None:
                return question, answer
        return None

    def _find_members(self, value: dict[str, Any]) -> Members:
        shape = tuple(value)
        members = self._shapes.get(shape)
        if members is None:
            members = find_members(shape, self._want, self.positions)
            if len(self._shapes) < _MOST_SHAPES:
                self._shapes[shape] = members
        return members

    def _make_fields(
        self, value: dict[str, Any], members: Members, more: Sequence[tuple[str, str]]
    ) -> Iterator[dict[int, str]]:
        """Yield the fields of an object's rows, by the columns' places.

        There is one, unless its question has too many phrasings.
        """
        fields: dict[int, str] = {}
        phrasings: list[str] | None = None
        asked = value.get(members.question) if members.question is not None else None
        _check_doubt(members, value)
        for name, content in value.items():
            at = self.positions[name]
            if isinstance(content, str):
                packed = read_packed(content) if name in members[:2] else None
                fields[at] = content if packed is None else packed
            elif name == members.question:
                phrasings = _read_phrasings(name, content)
                fields[at] = ""
            elif name == members.answer:
                fields[at], others = _read_answer(name, content, isinstance(asked, list))
                if others:
                    more = [*more, (f"other_{name}", write_json_text(others))]
            elif self._is_alternatives(name) and (texts := read_texts(content)) is not None:
                fields[at] = write_json_text(texts)
            else:
                fields[at] = self._write_value(at, content)
        for name in self._list_others(value):
            at = self.positions[name]
            fields[at] = fields[at] or NO_ALTERNATIVES
        for name, text in more:
            free = name if name not in value else f"{name}_2"
            fields[self.positions.setdefault(free, len(self.positions))] = text
        if phrasings is None:
            yield fields
            return
        place = self.positions[members.question or ""]
        listed = isinstance(asked, list) and not is_blocks(asked)
        yield from self._add_phrasings(fields, place, phrasings, listed=listed)

    def _add_phrasings(
        self, fields: dict[int, str], asked: int, phrasings: Sequence[str], *, listed: bool
    ) -> Iterator[dict[int, str]]:
        """Yield fields with a question, and with its other wordings beside those it had.

        If it was `listed`, it has no wordings but these.
        """
        others = [name for name, at in self.positions.items() if at != asked]
        names = [name for name in others if self._is_alternatives(name)]
        free = next((c for c in self._want.alternatives if isinstance(c, str)), ALTERNATIVES)
        at = self.positions.get(names[0] if names else free)
        own = "" if at is None else fields.get(at, "")
        for question, cell in divide_phrasings(phrasings, own):
            if cell is not None or listed:
                if at is None:
                    at = self.positions.setdefault(free, len(self.positions))
                self.phrased.add(at)
                fields = fields | {at: cell or NO_ALTERNATIVES}
            yield fields | {asked: question}

    def _list_others(self, value: dict[str, Any]) -> list[str]:
        """Return the names of an object's members that hold other wordings of its question."""
        own = self._find_members(value)[:2]
        return [name for name in value if name not in own and self._is_alternatives(name)]

    def _is_alternatives(self, name: str) -> bool:
        return means_alternatives(name, self.positions[name], self._want.alternatives)

    def _write_value(self, at: int, value: Any) -> str:
        if value is None:
            return ""
        if isinstance(value, bool | list | dict):
            if not isinstance(value, bool):
                self.nested.add(at)
            return write_json_text(value)
        return str(value)

    def _order(self, fields: dict[int, str]) -> list[str]:
        return [fields.get(n, "") for n in range(len(self.positions))]


def _may_be_packed(text: Any) -> bool:
    return isinstance(text, str) and text.startswith(("{", "["))


def _is_id(name: str) -> bool:
    return name.strip().casefold() == "id"


def flatten_object(value: dict[str, Any], shapes: Shapes) -> dict[str, Any]:
    """Return an object whose question and answer are its own members, even if they lay deeper.

    Raises UnfitObject.
    """
    wrapper = shapes.find_wrapper(value)
    if wrapper is not None:
        return flatten_object(_unwrap(value, wrapper), shapes)
    if is_schema_org(value.keys()):
        pair = read_schema_org(value)
        if pair is None:
            raise UnfitObject(
                say(
                    "Its 'name' and 'acceptedAnswer' are not one question and the text of one "
                    "answer."
                )
            )
        return pair
    chat = find_chat(value)
    if chat is None or _has_pair(value):
        return value
    turns = read_chat(value[chat])
    if turns is None:
        raise UnfitObject(say("Its {chat!r} are not one question and one answer.", chat=chat))
    flat: dict[str, Any] = {}
    for name, content in value.items():
        if name == chat:
            flat |= turns
        elif name not in turns:
            flat[name] = content
    return flat


def _unwrap(value: dict[str, Any], wrapper: str) -> dict[str, Any]:
    """Return the members of a pair, and those of the object around it."""
    flat: dict[str, Any] = {**value[wrapper]}
    for name, content in value.items():
        if name != wrapper:
            flat[name if name not in flat else f"{name}_2"] = content
    return flat


def _has_pair(value: dict[str, Any]) -> bool:
    return any(map(is_question_name, value)) and any(map(is_answer_name, value))


def _split_languages(
    value: dict[str, Any], members: Members
) -> Iterator[tuple[dict[str, Any], list[tuple[str, str]]]]:
    """Yield an object in each of its languages, with the language as metadata."""
    own = {name: value[name] for name in members[:2] if name is not None}
    languages = list_languages(*own.values())
    if languages is None:
        yield value, []
        return
    for language in languages:
        picked = {name: pick_language(content, language) for name, content in own.items()}
        yield value | picked, [("language", language)]


def _check_doubt(members: Members, value: dict[str, Any]) -> None:
    """Raise UnfitObject if it can't be told which answer belongs to which question."""
    question, answer = members.question, members.answer
    if question is None or answer is None:
        return
    if are_doubtful(question, value[question], answer, value[answer]):
        raise UnfitObject(
            say(
                "Its {question!r} and {answer!r} are lists of the same length: it can't be told "
                "whether each question has its own answer. Write an object for each question.",
                question=question,
                answer=answer,
            )
        )


def _read_phrasings(name: str, content: Any) -> list[str] | None:
    """Return the phrasings of a question that is no string. Raises UnfitObject."""
    if not content and isinstance(content, list | dict):
        raise UnfitObject(say("Its {name!r} is empty.", name=name))
    texts = None if is_blocks(content) else read_texts(content)
    if texts is None:
        text = _read_one(name, content)
        texts = [text]
    return texts


def _read_answer(name: str, content: Any, phrased: bool) -> tuple[str, list[str]]:
    """Return the answer of content that is no string, and other answers. Raises UnfitObject."""
    listed = content
    if isinstance(content, dict):
        listed = next(
            (content[key] for key in _ONE_ANSWER if isinstance(content.get(key), list)), None
        )
    if listed == [] and read_text(content) is None:
        return "", []
    if (phrased or normalise(name) in _PLURALS) and listed and not is_blocks(listed):
        texts = read_texts(listed)
        if texts:
            different = dict.fromkeys(text for text in texts[1:] if text and text != texts[0])
            return texts[0], list(different)
    return _read_one(name, content), []


def _read_one(name: str, content: Any) -> str:
    if isinstance(content, bool):
        return json.dumps(content)
    text = read_text(content)
    if text is None:
        shown = make_storable(json.dumps(content, ensure_ascii=False, default=float))[:_SHOWN_CHARS]
        raise UnfitObject(say("Its {name!r} is no text: {shown}", name=name, shown=shown))
    return text
