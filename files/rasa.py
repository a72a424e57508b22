"""Turns the training data of a Rasa assistant into questions and answers.

An intent's answer is the response that a rule or a story gives after it; else the one that is named
after it, `utter_hours` or `utter_faq/hours`. If a response has several texts, the first counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from files.errors import FileError
from messages import say

# An entity in an example: [tomorrow](day), or [tomorrow]{"entity": "day"}.
_ENTITY = re.compile(r"\[([^\]]+)\](?:\([^)]*\)|\{[^}]*\})")
_UTTER = "utter_"


def convert_rasa(document: dict[str, Any]) -> Any:
    """Return a list of objects, or the document if it is none of Rasa's.

    Raises FileError (no_rows) if it has intents without responses, or responses without intents.
    """
    intents = [i for i in _list(document.get("nlu")) if isinstance(i, dict) and "intent" in i]
    given = document.get("responses")
    responses: dict[Any, Any] = given if isinstance(given, dict) else {}
    named = any(str(name).startswith(_UTTER) for name in responses)
    if not intents and not named:
        return document
    if not intents or not named:
        raise FileError(
            "no_rows",
            say(
                "The file has intents of a Rasa assistant, but no responses: put both into one "
                "file."
            )
            if intents
            else say(
                "The file has responses of a Rasa assistant, but no intents (nlu): put both into "
                "one file."
            ),
        )
    texts = {name: text for name, r in responses.items() if (text := _find_text(r))}
    actions = dict(_find_actions(document, texts))
    return [_make_object(intent, actions, texts) for intent in intents]


def _make_object(
    intent: dict[str, Any], actions: dict[str, str], texts: dict[str, str]
) -> dict[str, Any]:
    name = str(intent["intent"])
    action = actions.get(name) or actions.get(name.partition("/")[0]) or f"{_UTTER}{name}"
    answer = texts.get(action) or texts.get(f"{_UTTER}{name}", "")
    return {"intent": name, "question": list(_read_examples(intent)), "answer": answer}


def _read_examples(intent: dict[str, Any]) -> Iterator[str]:
    """Yield the examples of an intent, without the marks of entities."""
    examples = intent.get("examples")
    if isinstance(examples, str):
        lines = (line.strip() for line in examples.splitlines())
        texts = [line.removeprefix("- ") for line in lines if line]
    else:
        found = (e.get("text") if isinstance(e, dict) else e for e in _list(examples))
        texts = [text for text in found if isinstance(text, str)]
    for text in texts:
        yield _ENTITY.sub(r"\1", text).strip()


def _find_text(response: Any) -> str | None:
    """Return the first text of a response."""
    for variant in _list(response):
        text = variant.get("text") if isinstance(variant, dict) else None
        if isinstance(text, str) and text.strip():
            return text
    return None


def _find_actions(document: dict[str, Any], texts: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Yield (intent, action) where a rule or a story answers an intent; rules come last."""
    for tale in (*_list(document.get("stories")), *_list(document.get("rules"))):
        intent = None
        for step in _list(tale.get("steps") if isinstance(tale, dict) else None):
            if not isinstance(step, dict):
                continue
            action = step.get("action")
            if isinstance(step.get("intent"), str):
                intent = step["intent"]
            elif intent is not None and isinstance(action, str) and action in texts:
                yield intent, action
                intent = None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
