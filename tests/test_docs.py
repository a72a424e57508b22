"""What the manuals name is there: links, paths, settings; and each manual has a Portuguese twin."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

import cli.manual
from config import VERSION

ROOT = Path(__file__).parent.parent
MANUALS = sorted((ROOT / "docs").glob("*.md"))
PORTUGUESE = ROOT / "docs" / "pt-BR"
READMES = [ROOT / "README.md", ROOT / "README.pt-BR.md"]
DOCUMENTS = [
    *READMES,
    *MANUALS,
    *sorted(PORTUGUESE.glob("*.md")),
    ROOT / "CHANGELOG.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "SECURITY.md",
    ROOT / "bench" / "README.md",
]
# A newcomer reads it in ten minutes.
MAX_README_LINES = 200

_LINK = re.compile(r"\]\(([^)\s]+)\)")
_PATH = re.compile(r"`((?:[\w.-]+/)+(?:[\w-]+\.(?:py|md|sql|txt|csv))?)`")
_HEADING = re.compile(r"^#+ ", re.MULTILINE)
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_CAPITALS = re.compile(r"`([A-Z][A-Z_]+)[`=]")
_TITLE = re.compile(r"^#+ (.+)$", re.MULTILINE)


def named(document: Path) -> str:
    return document.relative_to(ROOT).as_posix()


def dead_links(document: Path) -> list[str]:
    """Return the links of a document to files that are not there."""
    links = [link.partition("#")[0] for link in _LINK.findall(document.read_text("utf-8"))]
    files = [link for link in links if link and "://" not in link]
    return [file for file in files if not (document.parent / file).exists()]


def make_anchor(heading: str) -> str:
    """Return what GitHub calls a heading in an address."""
    return re.sub(r"[^\w -]", "", heading.strip().lower()).replace(" ", "-")


def dead_anchors(document: Path) -> list[str]:
    """Return the links of a document to headings that are not there."""
    dead = []
    for link in _LINK.findall(document.read_text("utf-8")):
        file, _, anchor = link.partition("#")
        target = document.parent / file if file else document
        if anchor and "://" not in link and target.suffix == ".md" and target.exists():
            headings = _TITLE.findall(target.read_text("utf-8"))
            dead += [link] if anchor not in map(make_anchor, headings) else []
    return dead


def dead_paths(document: Path) -> list[str]:
    """Return the files and folders that a document names and the project does not have."""
    paths = _PATH.findall(document.read_text("utf-8"))
    return [path for path in paths if not (ROOT / path).exists()]


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_links_and_paths_lead_somewhere(document: Path) -> None:
    assert dead_links(document) == []
    assert dead_anchors(document) == []
    assert dead_paths(document) == []


def test_a_dead_link_and_a_dead_path_are_found(tmp_path: Path) -> None:
    document = tmp_path / "a.md"
    document.write_text(
        "# O topo: é aqui\n\n[here](a.md#o-topo-é-aqui) [there](#top) [web](https://example.com/x)"
        " [gone](b.md) `web/` `nil/a.py`"
    )
    assert dead_links(document) == ["b.md"]
    assert dead_anchors(document) == ["#top"]
    assert dead_paths(document) == ["nil/a.py"]


@pytest.mark.parametrize("folder", [ROOT / "docs", PORTUGUESE], ids=named)
def test_the_manual_names_every_setting(folder: Path) -> None:
    manual = (folder / "configuration.md").read_text("utf-8")
    example = (ROOT / ".env.example").read_text("utf-8")
    settings = re.findall(r"^#([A-Z_]+)=", example, re.MULTILINE)
    assert settings
    assert [name for name in settings if f"`{name}`" not in manual] == []


@pytest.mark.parametrize("manual", cli.manual.MANUALS, ids=named)
def test_defaults_and_bounds_in_the_manual_are_those_of_the_code(manual: Path) -> None:
    """Where this fails, `make configuration` mends it."""
    text = manual.read_text("utf-8")
    assert sorted(cli.manual.list_rows(text)) == sorted(cli.manual.list_settings())
    assert cli.manual.complete(text, cli.manual.MANUALS[manual]) == text


def test_a_wrong_default_and_a_missing_bound_are_mended() -> None:
    wrong = "| `PORT` | where it listens | 80 |\n| `API_USERNAME` | the admin | made for you |\n"
    assert cli.manual.complete(wrong, "to") == (
        "| `PORT` | where it listens | 5000 | 1 to 65535 |\n"
        "| `API_USERNAME` | the admin | made for you |  |\n"
    )


@pytest.mark.parametrize("manual", MANUALS, ids=named)
def test_every_manual_has_a_portuguese_twin(manual: Path) -> None:
    twin = PORTUGUESE / manual.name
    english, portuguese = manual.read_text("utf-8"), twin.read_text("utf-8")
    assert f"(pt-BR/{manual.name})" in english
    assert f"(../{manual.name})" in portuguese
    assert len(_HEADING.findall(english)) == len(_HEADING.findall(portuguese))
    for readme, path in zip(READMES, (manual, twin), strict=True):
        assert f"({named(path)})" in readme.read_text("utf-8")


def find_facts(document: Path) -> Counter[str]:
    """Return the numbers, without their points and commas, and the names of settings."""
    text = document.read_text("utf-8")
    numbers = [re.sub("[.,]", "", number) for number in _NUMBER.findall(text)]
    return Counter(numbers + _CAPITALS.findall(text))


@pytest.mark.parametrize(
    ("english", "portuguese"),
    [READMES, *((manual, PORTUGUESE / manual.name) for manual in MANUALS)],
    ids=named,
)
def test_twins_have_the_same_numbers_and_settings(english: Path, portuguese: Path) -> None:
    ours, theirs = find_facts(english), find_facts(portuguese)
    assert ours - theirs == Counter()
    # How to have Portuguese, only Portuguese readers are told.
    assert theirs - ours <= Counter({"LANGUAGE": 1})


def test_a_number_that_was_changed_in_one_twin_is_found(tmp_path: Path) -> None:
    english, portuguese = tmp_path / "a.md", tmp_path / "b.md"
    english.write_text("1,000 wrong passwords in 0.5 s, `PORT=80`: 30")
    portuguese.write_text("1.000 senhas erradas em 0,5 s, `PORT=80`: 60")
    assert find_facts(english) - find_facts(portuguese) == Counter({"30": 1})


def test_the_changelog_begins_with_the_version_of_the_code() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert re.findall(r"^## (\S+)", changelog, re.MULTILINE)[0] == VERSION


@pytest.mark.parametrize("readme", READMES, ids=named)
def test_the_readme_is_short(readme: Path) -> None:
    assert readme.read_text("utf-8").count("\n") <= MAX_README_LINES
