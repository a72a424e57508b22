"""The examples of docs/api.md, run straight out of it by what their readers run them with.

An interpreter that is missing is skipped; curl and Python are always there.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.service import PASSWORD, ROOT, USER, ServiceProcess

MANUAL = ROOT / "docs" / "api.md"
TWIN = ROOT / "docs" / "pt-BR" / "api.md"
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# The heading of each language, the kind of its block, its program, the name that a file must have.
LANGUAGES = {
    "curl": ("sh", ["bash", "-e"], "faq.sh"),
    "Python": ("python", [sys.executable], "faq.py"),
    "JavaScript": ("js", ["node"], "faq.mjs"),
    "PHP": ("php", ["php"], "faq.php"),
    "Java": ("java", ["java"], "Faq.java"),
}
ALWAYS = ("curl", "Python")


def read_section(manual: Path, heading: str) -> str:
    return manual.read_text("utf-8").split(f"\n## {heading}\n")[1].split("\n## ")[0]


def read_block(text: str, kind: str) -> str:
    blocks: list[tuple[str, str]] = _BLOCK.findall(text)
    return next(code for found, code in blocks if found == kind)


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_example_does_the_main_job(
    shared_service: ServiceProcess, tmp_path: Path, language: str
) -> None:
    kind, program, name = LANGUAGES[language]
    if language not in ALWAYS and not shutil.which(program[0]):
        pytest.skip(f"{program[0]} is missing")
    (tmp_path / "faq.csv").write_text(read_block(MANUAL.read_text("utf-8"), "csv"))
    (tmp_path / name).write_text(read_block(read_section(MANUAL, language), kind))
    done = subprocess.run(
        [*program, name],
        cwd=tmp_path,
        env=os.environ
        | {"API_URL": shared_service.url, "API_USERNAME": USER, "API_PASSWORD": PASSWORD},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    said = done.stdout.replace('"', "")
    assert "succeeded" in said
    assert "empty_answer" in said
    assert re.search("Answer: By card|answer:By card", said), said


def test_the_twin_has_the_same_examples() -> None:
    english, portuguese = (_BLOCK.findall(one.read_text("utf-8")) for one in (MANUAL, TWIN))
    assert portuguese == english
