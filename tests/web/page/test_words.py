"""The page's texts: each in both languages, each used, and none anywhere else."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from web.assets import FOLDER
from web.pages import VIEWS

MODULES = sorted(path for path in FOLDER.rglob("*.js") if "vendor" not in path.parts)
TEMPLATE = FOLDER.parent / "templates" / "page.html"
LANGUAGES = ("pt", "en")
# Names of languages are in the language itself; the others are marks, not words.
SAME_EVERYWHERE = {"Português", "English"}
# Attributes that a person reads or hears.
READ = "aria-label|title|placeholder|alt|label|caption"


def read_words(language: str) -> dict[str, Any]:
    words = json.loads((FOLDER / f"words.{language}.json").read_text("utf-8"))
    return dict(flatten(words))


def read_code(path: Path) -> str:
    """Return a module without its comments."""
    return re.sub(r"^\s*//[^\n]*$|/\*\*.*?\*/", "", path.read_text("utf-8"), flags=re.M | re.S)


def flatten(words: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield keys and texts; the forms of a text by number are one text."""
    for name, inside in words.items():
        if isinstance(inside, dict) and "other" not in inside:
            yield from flatten(inside, f"{prefix}{name}.")
        else:
            yield prefix + name, inside


def name_places(text: Any) -> set[str]:
    forms = text.values() if isinstance(text, dict) else [text]
    return {name for form in forms for name in re.findall(r"\{(\w+)\}", form)}


def find_keys(source: str) -> Iterator[str]:
    """Yield a pattern for each text that a module asks for, or may ask for."""
    for literal in re.findall(r"""["'`]([a-z_]+\.[^"'`\s]+)["'`]""", source):
        yield r"\w+".join(re.escape(piece) for piece in re.split(r"\$\{[^}]*\}", literal))


def find_asked(source: str) -> Iterator[str]:
    """Yield the whole keys that are given to `say`."""
    yield from re.findall(r"""\bsay\(\s*["'`]([\w.]+)["'`]""", source)


def read_templates(source: str) -> Iterator[str]:
    """Yield what stands in html`…` outside of ${…}, `$` for each of those; templates may nest."""
    stack: list[list[str]] = []
    depths: list[int] = []
    place = 0
    while place < len(source):
        inside = len(stack) > len(depths)
        if not inside and source.startswith("html`", place):
            stack.append([])
            place += 5
        elif inside and source[place] == "`":
            yield "".join(stack.pop())
            place += 1
        elif inside and source.startswith("${", place):
            stack[-1].append("$")
            depths.append(0)
            place += 2
        elif inside:
            stack[-1].append(source[place])
            place += 1
        else:
            place = step(source, place, depths)


def step(source: str, place: int, depths: list[int]) -> int:
    """Pass over a character of code, or a whole text in it; return the next place."""
    quoted = re.compile(r"""(["'`])(?:\\.|(?!\1).)*?\1|//[^\n]*""", re.DOTALL).match(source, place)
    if quoted:
        return quoted.end()
    if depths:
        depths[-1] += {"{": 1, "}": -1}.get(source[place], 0)
        if depths[-1] < 0:
            depths.pop()
    return place + 1


def find_literals(template: str) -> Iterator[str]:
    """Yield what a person would read of a template."""
    for text in re.findall(r">([^<]*)<", f">{template}<"):
        yield text.strip()
    for text in re.findall(rf"""(?:{READ})=["']([^"']*)["']""", template):
        yield text.strip()


def test_both_languages_have_the_same_texts() -> None:
    first, second = (read_words(language) for language in LANGUAGES)
    assert first.keys() == second.keys()
    for key in first:
        assert name_places(first[key]) == name_places(second[key]), key
        assert isinstance(first[key], dict) == isinstance(second[key], dict), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_empty(language: str) -> None:
    for key, text in read_words(language).items():
        assert all(text.values() if isinstance(text, dict) else [text]), key


def test_each_text_is_used() -> None:
    patterns = {pattern for path in MODULES for pattern in find_keys(read_code(path))}
    asked = re.compile("|".join(sorted(patterns)))
    template = TEMPLATE.read_text("utf-8")
    unused = {
        key
        for key in read_words("en")
        if not asked.fullmatch(key)
        and f"words.{key}" not in template
        and not key.startswith("nav.")
    }
    assert unused == set()


def test_each_view_has_its_word() -> None:
    assert {f"nav.{view.name}" for view in VIEWS} <= read_words("en").keys()


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_a_module_asks_for_texts_that_there_are(path: Path) -> None:
    assert set(find_asked(read_code(path))) <= read_words("en").keys()


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_no_text_stands_in_a_module(path: Path) -> None:
    found = {
        text
        for template in read_templates(read_code(path))
        for text in find_literals(template)
        if re.search(r"[^\W\d_]{2}", text) and text not in SAME_EVERYWHERE
    }
    assert found == set()


def test_a_text_in_a_module_is_found() -> None:
    source = (
        "html`<p>${on && html`<b title=\"Hello\">${'x'}</b>`}</p> ${say(`a.${b}`)} Yes, <i>no</i>`"
    )
    found = {text for one in read_templates(source) for text in find_literals(one)}
    assert {"Hello", "$ Yes,", "no"} <= found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_what_a_module_imports_is_there(path: Path) -> None:
    imported = re.findall(r"""\bfrom ["'](\.[^"']+)["']""", read_code(path))
    assert [name for name in imported if not (path.parent / name).is_file()] == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_a_module_is_small_and_writes_no_markup(path: Path) -> None:
    source = read_code(path)
    assert path.read_text("utf-8").count("\n") <= 300
    for unsafe in (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        " style=",
        "eval(",
    ):
        assert unsafe not in source, unsafe
    assert not re.search(r"""\son[a-z]+=""", source)
