"""Knows the chats in JSON: lists of turns, each with who speaks and what is said.

| the chat | is |
|---|---|
| `messages` with turns of `role` and `content` (OpenAI) | a chat |
| `conversations` with turns of `from` and `value` (ShareGPT), `contents` with turns of `role` and `parts` (Gemini), and the like | a chat |
| a list of turns in a list, without a name | a chat |
| `conversations` of lists of texts (ChatterBot) | a question and its answer for each; a list of any other length is none |
| one turn of a user and one of an assistant | question and answer; the turns of others are metadata, by their role |
| more turns of one role, or a turn without text | none: it is not one question and one answer |
"""  # noqa: E501

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from files.json_text import read_text

# The members that may hold a chat.
CHATS = (
    *("messages", "conversations", "conversation", "conversa", "conversas", "conversación"),
    *("dialog", "dialogue", "dialogs", "diálogo", "dialogo", "chat", "turns", "history"),
    *("contents",),
)
_SPEAKERS = ("role", "from", "speaker", "sender", "author", "autor", "papel", "de")
_SAID = ("content", "value", "text", "message", "parts", "texto", "mensagem", "conteudo")
_USERS = {
    *("user", "human", "prompter", "customer", "client", "cliente", "usuario", "usuário", "q"),
    *("utilizador", "kunde", "visitor", "humano", "question", "pergunta"),
}
_ASSISTANTS = {
    *("assistant", "gpt", "chatgpt", "bot", "chatbot", "model", "ai", "agent", "atendente", "a"),
    *("assistente", "asistente", "agente", "bard", "bing", "claude", "robot", "answer", "resposta"),
}


def find_chat(value: dict[str, Any]) -> str | None:
    """Return the name of the member of an object that holds a chat; None if it has none."""
    for name in CHATS:
        turns = value.get(name)
        if not isinstance(turns, list):
            continue
        if is_chat(turns) or (name == "messages" and not (turns and all(map(_is_said, turns)))):
            return name
    return None


def list_conversations(value: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the pairs of a corpus of ChatterBot, or the object itself if it is none.

    If a conversation has not one answer, its answer is no text. Questions with the same only answer
    are phrasings of one.
    """
    found: Any = value.get("conversations")
    categories: Any = value.get("categories")
    if not _is_list_of(found, list) or not all(_is_list_of(texts, str) for texts in found):
        return [value]
    more = {"categories": ", ".join(categories)} if _is_list_of(categories, str) else {}
    pairs: list[dict[str, Any]] = []
    asked: dict[str, list[str]] = {}
    for question, *answers in found:
        if len(answers) != 1:
            pairs.append({"question": question, "answer": {"turns": answers}} | more)
        elif answers[0] in asked:
            asked[answers[0]].append(question)
        else:
            asked[answers[0]] = phrasings = [question]
            pairs.append({"question": phrasings, "answer": answers[0]} | more)
    return pairs


def is_chat(value: Any) -> bool:
    """Return whether a value is a list of turns."""
    return isinstance(value, list) and bool(value) and all(map(_is_turn, value))


def is_turn(names: Iterable[str]) -> bool:
    """Return whether an object with these names is a turn of a chat."""
    own = set(names)
    return not own.isdisjoint(_SPEAKERS) and not own.isdisjoint(_SAID)


def read_chat(turns: list[Any]) -> dict[str, str] | None:
    """Return a chat's question and answer, and the texts of others by their role.

    Return None if the chat has not one text of a user and one of an assistant.
    """
    texts: dict[str, str] = {}
    for turn in turns:
        if not isinstance(turn, dict):
            return None
        speaker = next((turn[name] for name in _SPEAKERS if isinstance(turn.get(name), str)), None)
        said = next((read_text(turn[name]) for name in _SAID if name in turn), None)
        if speaker is None or said is None:
            return None
        role = _name_role(speaker)
        if role in texts:
            return None
        texts[role] = said
    if not {"question", "answer"} <= texts.keys():
        return None
    question, answer = texts.pop("question"), texts.pop("answer")
    return {"question": question, "answer": answer} | texts


def _is_said(value: Any) -> bool:
    """Return whether a value may be what a chatbot answers: nobody is said to say it."""
    return isinstance(value, str) or (
        isinstance(value, dict) and value.keys().isdisjoint(_SPEAKERS)
    )


def _is_list_of(value: Any, kind: type) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(v, kind) for v in value)


def _is_turn(value: Any) -> bool:
    return isinstance(value, dict) and is_turn(value)


def _name_role(speaker: str) -> str:
    plain = speaker.strip().casefold()
    if plain in _USERS:
        return "question"
    return "answer" if plain in _ASSISTANTS else speaker
