"""schemathesis against the real service: every operation of the description, and chains of them.

It sends the examples, each border of each schema, random requests, and chains that follow links;
and holds each answer against the description. API_SECONDS and API_EXAMPLES set how long.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.service import PASSWORD, ROOT, USER, ServiceProcess

SECONDS = float(os.environ.get("API_SECONDS", "24"))
EXAMPLES = os.environ.get("API_EXAMPLES", "5")
# The phases in which requests stand alone, and the one of chains, with their parts of the time.
RUNS = {"examples,coverage,fuzzing": 1 / 2, "stateful": 1 / 2}
SEED = os.environ.get("API_SEED", "1")


@pytest.fixture(scope="module")
def service(shared_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceProcess]:
    """A service that lets wrong passwords come as often as schemathesis tries them."""
    service = ServiceProcess(
        tmp_path_factory.mktemp("service"), DATABASE_URL=shared_dsn, MAX_FAILURES="100000"
    )
    service.wait_until_ready()
    yield service
    service.kill()


@pytest.mark.parametrize("phases", RUNS)
def test_the_service_does_what_its_description_says(
    service: ServiceProcess, tmp_path: Path, phases: str
) -> None:
    program = Path(sys.executable).with_name("schemathesis")
    done = subprocess.run(
        [
            *(program, "--config-file", ROOT / "tests" / "schemathesis.toml"),
            *("run", f"{service.url}/openapi.json", "--auth", f"{USER}:{PASSWORD}"),
            *("--phases", phases, "--max-time", str(int(SECONDS * RUNS[phases]))),
            *("--max-examples", EXAMPLES, "--seed", SEED),
            *("--generation-database", "none", "--no-shrink", "--no-color"),
            # On a busy machine the drawing of data is slow, whatever is drawn.
            *("--suppress-health-check", "too_slow"),
        ],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    first = phases.partition(",")[0].capitalize()
    assert f"✅ {first}" in done.stdout, done.stdout
