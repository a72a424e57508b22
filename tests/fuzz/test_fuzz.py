"""Each reader on what fuzzing found before, and on new inputs for a moment."""

from __future__ import annotations

import importlib.util
import os
import re
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.targets import CORPUS, TARGETS
from tests.support.service import ROOT

SECONDS = int(os.environ.get("FUZZ_SECONDS", "4"))


@pytest.mark.parametrize("reader", TARGETS)
def test_what_was_found_before(reader: str) -> None:
    inputs = sorted((CORPUS / reader).iterdir())
    assert inputs
    for path in inputs:
        TARGETS[reader](path.read_bytes())


def inherited_mb() -> int:
    """Return the peak of this process: Linux counts it as the peak of a program that it starts."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


@pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="atheris has no build here")
@pytest.mark.parametrize("reader", TARGETS)
def test_new_inputs(reader: str, tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "tests.fuzz", reader, f"-max_total_time={SECONDS}",
         "-timeout=60", f"-rss_limit_mb={inherited_mb() + 2_500}", f"-artifact_prefix={tmp_path}/"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    said = result.stdout + result.stderr
    assert result.returncode == 0, said[-3_000:]
    done = re.search(r"Done (\d+) runs", said)
    assert done, said[-3_000:]
    assert int(done[1]) > 0
    print(f"\n{reader}: {done[1]} executions in {SECONDS} s")
