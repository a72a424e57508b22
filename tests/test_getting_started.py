"""The commands of docs/getting-started.md, run straight out of it, against a service that is there.

Installing and starting are left out: their blocks are of another kind (`console`). So is the
evaluation, which loads the real model; tests/test_cli.py runs it.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.support.service import PASSWORD, ROOT, USER, ServiceProcess

MANUAL = ROOT / "docs" / "getting-started.md"
TWIN = ROOT / "docs" / "pt-BR" / "getting-started.md"
ADDRESS = "http://127.0.0.1:5000"
EVALUATION = ".venv/bin/flask --app app evaluate asked.csv --collection shop\n"
# No command may wait for ever: a loop of the manual asks until a job has ended.
SECONDS = 120
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def read_commands(manual: Path) -> str:
    blocks: list[tuple[str, str]] = _BLOCK.findall(manual.read_text("utf-8"))
    return "".join(code for kind, code in blocks if kind == "sh")


def make_clone(folder: Path) -> None:
    """Put what the commands use of a clone into a folder, with an `.env` of its own."""
    (folder / ".env").write_text(f'API_USERNAME={USER}\nAPI_PASSWORD="{PASSWORD}"\n')
    for name in ("app.py", "samples"):
        (folder / name).symlink_to(ROOT / name)
    (folder / ".venv").symlink_to(sys.prefix)


def test_the_commands_do_what_the_manual_says(
    shared_service: ServiceProcess, shared_dsn: str, tmp_path: Path
) -> None:
    make_clone(tmp_path)
    commands = read_commands(MANUAL)
    assert commands.count(ADDRESS) == 1
    assert commands.count(EVALUATION) == 1
    commands = commands.replace(ADDRESS, shared_service.url).replace(EVALUATION, "")
    done = subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", commands],
        cwd=tmp_path,
        env=os.environ | {"DATABASE_URL": shared_dsn, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    said = done.stdout
    assert done.returncode == 0, said + done.stderr
    assert '"status":"ok"' in said
    assert '"message":"40 rows are stored' in said
    assert '"status":"succeeded"' in said
    assert '"inserted":40' in said
    assert '    "decision": "' in said
    assert re.search(r"chatbot  reader  shop +cpg_", said)
    assert "Wrote conector.zip: 40 items in 1 collections, 1 jobs" in said
    assert (tmp_path / "conector.zip").exists()


def test_the_twin_has_the_same_commands_and_answers() -> None:
    english, portuguese = (_BLOCK.findall(one.read_text("utf-8")) for one in (MANUAL, TWIN))
    assert portuguese == english
