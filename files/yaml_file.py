"""Reads YAML as the JSON that says the same.

| the file has | becomes |
|---|---|
| lists and objects of questions and answers (`_data/faq.yml`) | what the same JSON becomes (json_file.py) |
| `nlu` with `intent` and `examples`, and `responses` (Rasa) | a row for each example, with the first text of its response; the intent is metadata |
| `conversations` of a question and an answer (ChatterBot) | a row for each; `categories` are metadata |
| a text, a number, a date, `yes` and `no` | the text as it is written |
| nothing, `~` or `null` | nothing |
| a key twice in an object | FileError malformed_csv: one of the values would be lost |
| several documents | all of them |
"""  # noqa: E501

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from typing import Any, BinaryIO

import yaml

from files.encoding import Encoding, text_chunks
from files.errors import FileError
from files.json_chats import list_conversations
from files.json_file import write_json
from files.options import Column
from files.rasa import convert_rasa
from files.row_stream import RowWriter
from messages import Message, say

_NULL, _MERGE = "tag:yaml.org,2002:null", "tag:yaml.org,2002:merge"
_SafeLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_SafeLoader):  # type: ignore[misc]
    """A safe loader that leaves numbers, dates and words such as `yes` as they are written."""

    yaml_implicit_resolvers = {  # noqa: RUF012
        first: [(tag, pattern) for tag, pattern in resolvers if tag in (_NULL, _MERGE)]
        for first, resolvers in _SafeLoader.yaml_implicit_resolvers.items()
    }


for _tag in ("bool", "int", "float", "binary", "timestamp"):
    # A value is a text even if the file says that it is a number.
    _Loader.add_constructor(f"tag:yaml.org,2002:{_tag}", _SafeLoader.construct_yaml_str)


# The commonest of what the library says.
_PROBLEMS: dict[str, str] = {
    problem: problem
    for problem in (
        say("could not find expected ':'"),
        say("did not find expected <document start>"),
        say("found character '\\t' that cannot start any token"),
        say("found unexpected end of stream"),
        say("invalid indentation or unclosed '[' or '{{'"),
        say("mapping keys are not allowed here"),
        say("mapping values are not allowed here"),
        say("sequence entries are not allowed here"),
    )
}


def write_yaml(
    file: BinaryIO,
    writer: RowWriter,
    _say: object = None,
    *,
    encoding: str,
    bom: int = 0,
    question: Column | None = None,
    answer: Column | None = None,
    alternatives: Sequence[Column] = (),
) -> dict[str, Any]:
    """Write the rows of a file; return what json_file.Objects holds. Raises FileError."""
    text = "".join(text_chunks(file, Encoding(encoding, bom)))
    try:
        documents = _read_documents(text)
        value = documents[0] if len(documents) == 1 else documents
        value = _convert(value)
        document = json.dumps(value, ensure_ascii=False, default=str)
    except yaml.YAMLError as error:
        raise _explain_malformed(error) from error
    except (RecursionError, ValueError) as error:
        message = say("The YAML is nested too deep, or refers to itself.")
        raise FileError("malformed_csv", message, line=1) from error
    kind: Any = "object" if isinstance(value, dict) else "array"
    packed = io.BytesIO(document.encode("utf-8", "surrogatepass"))
    try:
        return write_json(
            packed,
            writer,
            kind=kind,
            encoding="utf-8",
            question=question,
            answer=answer,
            alternatives=alternatives,
        )
    except FileError as error:
        raise FileError(error.code, _name_yaml(error.message), **error.details) from error


def _name_yaml(message: Message) -> Message:
    """Return what is said of a document of JSON, said of YAML."""
    values = {
        name: _name_yaml(value) if isinstance(value, Message) else value
        for name, value in message.values.items()
    }
    if "format" in values:
        values["format"] = "YAML"
    return Message(message.template, values, message.counted)


def _read_documents(text: str) -> list[Any]:
    loader = _Loader(text)
    documents = []
    try:
        while loader.check_node():
            node = loader.get_node()
            _check_keys(node)
            documents.append(loader.construct_document(node))
    finally:
        loader.dispose()
    return documents


def _check_keys(document: yaml.Node) -> None:
    """Raise FileError if an object has a key twice."""
    waiting, seen = [document], {id(document)}
    while waiting:
        node = waiting.pop()
        children = node.value if isinstance(node, yaml.SequenceNode) else []
        if isinstance(node, yaml.MappingNode):
            lines: dict[str, int] = {}
            for key, _ in node.value:
                line = key.start_mark.line + 1
                if isinstance(key, yaml.ScalarNode) and lines.setdefault(key.value, line) != line:
                    raise FileError(
                        "malformed_csv",
                        say(
                            "The file reads as YAML, but its key {key!r} is in line "
                            "{first} and again in line {line}: begin each question with "
                            "'- ' and the line of its answer with two spaces, or save a table as "
                            "CSV.",
                            key=key.value[:60],
                            first=lines[key.value],
                            line=line,
                        ),
                        line=line,
                    )
            children = [value for _, value in node.value]
        # A node that aliases point to is looked at once.
        new = [child for child in children if id(child) not in seen]
        seen.update(map(id, new))
        waiting += new


def _convert(value: Any) -> Any:
    """Return what the files of chatbots say as a list of questions and answers."""
    if not isinstance(value, dict):
        return value
    pairs = list_conversations(value)
    return convert_rasa(value) if pairs[0] is value else pairs


def _explain_malformed(error: yaml.YAMLError) -> FileError:
    mark = getattr(error, "problem_mark", None)
    line = 1 if mark is None else mark.line + 1
    said = getattr(error, "problem", None)
    problem = _PROBLEMS.get(said, said) if said else say("it can't be read")
    return FileError(
        "malformed_csv",
        say("The YAML is malformed in line {line}: {problem}.", line=line, problem=problem),
        line=line,
    )
