"""promtool, which checks what deploy/ has for Prometheus, where it is installed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

DEPLOY = Path(__file__).parents[2] / "deploy"
ALERTS = DEPLOY / "prometheus" / "alerts.yml"


def run_promtool(*arguments: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed (Debian's package prometheus has it)")
    return subprocess.run(
        [promtool, *arguments],
        input=text, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
