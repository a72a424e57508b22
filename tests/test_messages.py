"""Messages: English texts that know of what they are made."""

from __future__ import annotations

import json
import pickle

import pytest

from messages import Explained, Message, cite, explain, join, name_choices, restore, say, say_count

INNER = say("Line {line}", line=7)
MESSAGES = [
    say("The file is empty."),
    say("Column {name!r} has {count:,} of {share:.1f}.", name="a 'b'", count=1000, share=0.5),
    say("{lines}: a quote is {{open}}.", lines=INNER),
    say_count("{rows} rows are stored.", "rows", rows=1),
    join(INNER, cite("{x} %"), between=": "),
]


def test_a_message_is_its_english_text() -> None:
    assert [*map(str, MESSAGES)] == [
        "The file is empty.",
        "Column \"a 'b'\" has 1,000 of 0.5.",
        "Line 7: a quote is {open}.",
        "1 rows are stored.",
        "Line 7: {x} %",
    ]


@pytest.mark.parametrize("message", MESSAGES)
def test_a_message_comes_through_json_and_pickle_as_it_is(message: Message) -> None:
    for copy in (
        Message.from_json(json.loads(json.dumps(message.as_json()))),
        pickle.loads(pickle.dumps(message)),
    ):
        assert copy == message
        assert copy.as_json() == message.as_json()


def test_what_was_stored_is_the_message_again() -> None:
    for message in MESSAGES:
        assert restore(str(message), message.as_json()).as_json() == message.as_json()


def test_a_text_that_was_changed_alone_is_what_counts() -> None:
    made = say("The model fails.").as_json()
    for parts in (made, None):
        restored = restore("The {model} is away.", parts)
        assert restored == "The {model} is away."
        assert restored.template == "{text}"


def test_errors_say_their_message() -> None:
    assert explain(Explained(INNER)) is INNER
    assert explain(TimeoutError(INNER)) is INNER
    assert explain(OSError(2, "No such file")) == "[Errno 2] No such file"
    assert explain(ZeroDivisionError()) == ""


def test_choices_are_named() -> None:
    assert name_choices("'a', 'b' or 'c'") == "'a', 'b' or 'c'"
    assert name_choices("'a', 'b' or 'c'").values == {"choices": "'a', 'b'", "last": "'c'"}
    assert name_choices("'a'") == "'a'"
