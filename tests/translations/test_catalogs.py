"""Every sentence of the code is in the catalog, with the same values in it."""

from __future__ import annotations

import ast
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from messages import cite, join, say, say_count
from translations.catalogs import FOLDER, find_language, translate
from translations.collect import ROOT, SAYING, collect_sentences, find_calls, find_modules

# Errors and rejections whose sentence is an argument, by its place. Their parameters are of the
# type Message, so that mypy finds a text; this finds a message that is made without `say`.
SENTENCES = {
    "ApiError": 2,
    "BundledModelError": 0,
    "ConfigError": 0,
    "DatabaseUnavailable": 0,
    "EmbedderBusy": 0,
    "EmbeddedPostgresError": 0,
    "EmbeddingFailed": 0,
    "FileError": 1,
    "ModelLoadError": 0,
    "Refused": 2,
    "Rejection": 2,
    "SchemaError": 0,
    "UnfitObject": 0,
    "WrongAnswer": 0,
    "busy": 0,
    "invalid_request": 0,
    "not_found": 0,
    "reject": 2,
    "unsupported_media_type": 0,
}


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    with (FOLDER / "pt" / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, "pt")


def _names(template: str) -> set[str]:
    """Return the values in a template, each with its conversion and format."""
    return {f"{n}!{c}:{s}" for _, n, s, c in Formatter().parse(template) if n is not None}


def test_every_sentence_of_the_code_has_a_translation_and_no_other_is_kept(
    catalog: Catalog,
) -> None:
    collected = collect_sentences()
    assert len(collected) > 300
    kept = {message.id: message for message in catalog if message.id}
    assert {m.id for m in collected if m.id} == kept.keys(), "make messages, and translate"
    for message in kept.values():
        forms = message.string if isinstance(message.string, tuple) else (message.string,)
        assert all(forms), f"{message.id} has no translation"
        assert not message.fuzzy, message.id
    assert not catalog.obsolete


def test_every_translation_has_the_values_of_its_sentence(catalog: Catalog) -> None:
    for message in catalog:
        if not message.id:
            continue
        template = message.id if isinstance(message.id, str) else message.id[0]
        forms = message.string if isinstance(message.string, tuple) else (message.string,)
        for form in forms:
            assert _names(str(form)) == _names(template), template


def test_every_template_is_a_literal() -> None:
    calls = [call for path in find_modules() for call in find_calls(path)]
    assert [call[:2] for call in calls if call.template is None] == []


def test_every_sentence_is_said() -> None:
    """No text and no f-string is given where a sentence belongs."""
    found = [f"{path}:{line}" for path in find_modules() for line in _find_texts(path.read_text())]
    assert found == []


def _find_texts(source: str) -> list[int]:
    """Return the lines where a text is given for a sentence, or a message made without `say`."""
    lines = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        place = SENTENCES.get(name)
        if place is None or len(node.args) <= place or name in SAYING:
            continue
        given = node.args[place]
        if isinstance(given, ast.Constant | ast.JoinedStr | ast.BinOp):
            lines.append(node.lineno)
    return lines


@pytest.mark.parametrize(
    "source",
    [
        'FileError("no_rows", "Nothing is in it.")',
        'files.errors.FileError("no_rows", f"Nothing is in {name}.")',
        'reject(line, "empty_answer", "The answer " + "is empty.", fields)',
        'ConfigError("%s is wrong" % name)',
    ],
)
def test_a_text_in_the_place_of_a_sentence_is_found(source: str) -> None:
    assert _find_texts(source) == [1]


def test_a_message_is_rendered_with_all_that_is_in_it() -> None:
    inner = say("Lines {line} to {end}", line=3, end=1_000)
    message = say("{lines}: the row is too long to be taken.", lines=inner)
    assert translate(message, "en") == "Lines 3 to 1000: the row is too long to be taken."
    assert translate(message, "pt").startswith("Linhas 3 a 1000: ")
    both = join(message, say("The answer is empty."))
    assert translate(both, "pt").endswith(" A resposta está vazia.")


def test_numbers_are_written_as_the_language_does() -> None:
    many = say("has {count:,} members; at most {most:,} are taken", count=20_000, most=1_000)
    assert translate(many, "pt") == "tem 20.000 membros; são aceitos no máximo 1.000"


def test_the_grammatical_number_is_that_of_the_count() -> None:
    template = "{rows} rows are stored and will be embedded."
    one, two = (say_count(template, "rows", rows=n) for n in (1, 2))
    assert translate(one, "pt") == "1 linha foi guardada e será transformada em vetores."
    assert translate(two, "pt") == "2 linhas foram guardadas e serão transformadas em vetores."


def test_what_has_no_translation_stays_as_it_is() -> None:
    assert translate(cite("{Não} é 100 %"), "pt") == "{Não} é 100 %"
    assert translate("a plain text", "pt") == "a plain text"


@pytest.mark.parametrize(
    ("names", "language"),
    [
        ("pt", "pt"),
        ("en", "en"),
        ("pt_BR.UTF-8", "pt"),
        ("PT-br", "pt"),
        ("de_DE:pt_BR:en", "pt"),
        ("en_US:en", "en"),
        ("de", None),
        ("", None),
        ("ptolemaic", None),
    ],
)
def test_a_language_is_found_as_gettext_finds_it(names: str, language: str | None) -> None:
    assert find_language(names) == language


def test_the_modules_are_those_of_the_service() -> None:
    named = {path.relative_to(ROOT) for path in find_modules()}
    assert {Path("app.py"), Path("files/rows.py"), Path("web/errors.py")} <= named
    assert not any(path.parts[0] in ("tests", "bench", "translations") for path in named)
