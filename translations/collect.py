"""The program `python -m translations.collect`: puts the sentences of the code into the catalogs.

New ones come without a translation, and those that are gone are taken out. Sentences are found
without running the code: the first argument of each call that says one is a literal.
"""

from __future__ import annotations

import ast
import io
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from translations.catalogs import FOLDER, LANGUAGES

ROOT = FOLDER.parent
PARTS = ("cli", "embedders", "files", "postgres", "services", "store", "web")
# The functions that say a sentence, and whether it has a grammatical number.
SAYING = {"say": False, "say_count": True, "say_in_sql": False}
LINE = 100
HEADER = """# What the service says, by the English sentences. `make messages` adds new ones.
msgid ""
msgstr ""
"Language: {language}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: {plurals}\\n"

"""


class Call(NamedTuple):
    """A call that says something, and its template if that is a literal."""

    module: str
    line: int
    template: str | None
    counted: bool


def find_modules() -> list[Path]:
    """Return the modules that say something."""
    found = sorted(ROOT.glob("*.py"))
    return found + [path for part in PARTS for path in sorted((ROOT / part).rglob("*.py"))]


def find_calls(path: Path) -> Iterator[Call]:
    """Yield the calls of a module that say something."""
    name = path.relative_to(ROOT).as_posix()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        # A child process also says dictionaries to its parent (files/sandboxed.py).
        if node.func.id in SAYING and not isinstance(node.args[0], ast.Dict):
            said = node.args[0]
            literal = isinstance(said, ast.Constant) and isinstance(said.value, str)
            template = said.value if literal else None  # type: ignore[attr-defined]
            yield Call(name, node.lineno, template, SAYING[node.func.id])


def collect_sentences() -> Catalog:
    """Return the sentences of the code, each with the modules that say it."""
    catalog = Catalog()
    for path in find_modules():
        for call in sorted(find_calls(path), key=lambda call: call.line):
            if call.template is not None:
                template = call.template
                sentence = (template, template) if call.counted else template
                catalog.add(sentence, locations=[(call.module, 1)])
    return catalog


def main() -> None:
    """Write the catalogs anew."""
    sentences = collect_sentences()
    for language in LANGUAGES:
        path = FOLDER / language / "LC_MESSAGES" / "messages.po"
        if path.exists():
            path.write_text("".join(_update(path, language, sentences)), "utf-8")


def _update(path: Path, language: str, sentences: Catalog) -> Iterator[str]:
    """Yield the text of a catalog with the sentences of today, and with what it has of them."""
    with path.open("rb") as file:
        catalog = read_po(file, language)
    catalog.update(sentences, no_fuzzy_matching=True)
    written = io.BytesIO()
    write_po(
        written,
        catalog,
        width=LINE,
        omit_header=True,
        sort_by_file=True,
        ignore_obsolete=True,
        include_lineno=False,
    )
    yield HEADER.format(language=language, plurals=catalog.plural_forms)
    yield written.getvalue().decode()


if __name__ == "__main__":
    main()
