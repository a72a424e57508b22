"""The files that put the service onto a machine name only what is there."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

import pytest
import yaml

from config import VERSION, DatabaseParts, Settings

ROOT = Path(__file__).parent.parent.parent
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8").replace("\\\n", "")
COMPOSE_TEXT = (ROOT / "compose.yaml").read_text("utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load(COMPOSE_TEXT)
UNITS = sorted((ROOT / "deploy" / "systemd").glob("*.service"))
# Variables of Python, of the system and of the image's build.
OTHERS = {"PATH", "PYTHONUNBUFFERED", "HOME", "TMPDIR", "PIP_NO_CACHE_DIR"} | {
    "PIP_DISABLE_PIP_VERSION_CHECK"
}
# What compose.yaml asks `.env` for beside settings of the service.
COMPOSE_VARIABLES = {"CONECTOR_VERSION", "PUBLISHED_PORT"}


def settings() -> set[str]:
    fields = [*Settings.model_fields.values(), *DatabaseParts.model_fields.values()]
    return {str(field.validation_alias) for field in fields}


def instructions(name: str) -> list[str]:
    return re.findall(rf"^{name} +(.*)$", DOCKERFILE, re.MULTILINE)


def copied() -> set[str]:
    """Return the files and folders of the project that the image gets."""
    lines = [line.split() for line in instructions("COPY") if not line.startswith("--from")]
    return {name for *sources, _ in lines for name in sources}


def imported_parts() -> set[str]:
    """Return the modules and packages of the service, as they lie in the root."""
    tools = {
        "demo.py",
        "gunicorn.conf.py",
        "local_service.py",
        "bench",
        "tests",
        "audit",
        "docs",
        "deploy",
        "data",
    }
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    return ({path.name for path in ROOT.glob("*.py")} | packages) - tools


def test_the_image_has_all_of_the_service_and_nothing_that_is_not_there() -> None:
    assert [name for name in copied() if not (ROOT / name).exists()] == []
    assert imported_parts() <= copied()
    assert {"schema.sql", "migrations", "samples", "requirements.txt"} <= copied()


def test_the_build_sees_what_it_copies_and_no_secret() -> None:
    lines = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    assert lines[1] == "*"
    assert {line[1:] for line in lines if line.startswith("!")} == copied()


def test_the_image_names_settings_that_exist() -> None:
    named = {name for line in instructions("ENV") for name in re.findall(r"(\w+)=", line)}
    assert named - settings() - OTHERS == set()
    assert {"HOST", "DATA_DIR", "MODEL_DIR"} <= named


def test_the_image_runs_programs_that_exist_as_nobody_special() -> None:
    assert instructions("CMD")[-1] == '["python", "app.py"]'
    assert instructions("USER")[-1] == "10001:10001"
    assert "/readyz" in DOCKERFILE
    assert "python -m embedders " in DOCKERFILE
    assert (ROOT / "embedders" / "__main__.py").exists()


def test_the_image_s_user_may_read_what_only_the_checkout_s_owner_may() -> None:
    build = DOCKERFILE.partition("\nFROM ")[2].partition("\nFROM ")[0]
    assert build.rstrip().endswith("&& chmod -R a+rX .")


class Answering(BaseHTTPRequestHandler):
    status: ClassVar[int]

    def do_GET(self) -> None:
        self.send_response(self.status if self.path == "/readyz" else 404)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Write nothing."""


@pytest.mark.parametrize(("status", "end"), [(200, 0), (503, 1)])
def test_the_health_check_asks_the_container_itself_and_no_proxy(
    status: int, end: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    (check,) = re.findall(r"CMD (\[\"python\", \"-c\".*)", DOCKERFILE)
    monkeypatch.setattr(Answering, "status", status, raising=False)
    # Docker hands the host's proxy to its containers.
    environ = os.environ | dict.fromkeys(("HTTP_PROXY", "http_proxy"), "http://127.0.0.1:9")
    with HTTPServer(("127.0.0.1", 0), Answering) as server:
        Thread(target=server.handle_request, daemon=True).start()
        done = subprocess.run(
            [sys.executable, *yaml.safe_load(check)[1:]],
            env=environ | {"PORT": str(server.server_port)},
            capture_output=True,
            timeout=60,
        )
    assert done.returncode == end, done.stderr


def test_the_version_is_that_of_the_service() -> None:
    assert f"ARG VERSION={VERSION}" in DOCKERFILE
    assert set(re.findall(r"CONECTOR_VERSION:-([^}]+)", COMPOSE_TEXT)) == {VERSION}


def test_hadolint_finds_nothing() -> None:
    hadolint = shutil.which("hadolint", path=str(ROOT / ".venv" / "bin")) or shutil.which(
        "hadolint"
    )
    if hadolint is None:
        pytest.skip("hadolint has no build for this machine")
    done = subprocess.run([hadolint, str(ROOT / "Dockerfile")], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


def test_compose_names_settings_files_and_programs_that_exist() -> None:
    for name in ("service", "worker"):
        service = COMPOSE["services"][name]
        assert service["environment"].keys() - settings() == set()
        assert service["env_file"] == ".env"
        assert service["read_only"] is True
    assert COMPOSE["services"]["worker"]["command"] == ["python", "worker.py"]
    used = set(re.findall(r"\$\{(\w+)", COMPOSE_TEXT))
    assert used - settings() == COMPOSE_VARIABLES


def test_compose_has_no_default_password() -> None:
    passwords = re.findall(r"PASSWORD: (.*)", COMPOSE_TEXT)
    assert len(passwords) >= 3
    assert [
        text for text in passwords if not re.match(r"\$\{\w+:\?set \w+ in \.env\}$", text)
    ] == []


def test_compose_waits_bounds_and_publishes_to_this_host_alone() -> None:
    services = COMPOSE["services"]
    assert all("mem_limit" in one and "restart" in one for one in services.values())
    # Docker's usual driver for logs keeps all of them.
    assert all(one["logging"] == {"driver": "local"} for one in services.values())
    assert services["service"]["ports"] == ["127.0.0.1:${PUBLISHED_PORT:-5000}:5000"]
    assert "ports" not in services["postgres"]
    assert "healthcheck" in services["postgres"]
    for name in ("service", "worker"):
        assert services[name]["depends_on"]["postgres"] == {"condition": "service_healthy"}
    volumes = {text.partition(":")[0] for one in services.values() for text in one["volumes"]}
    assert volumes == COMPOSE["volumes"].keys()
    # Building the index in parallel takes its memory from /dev/shm.
    assert int(services["postgres"]["shm_size"].removesuffix("m")) > Settings().index_build_mb


def unit_values(unit: Path, name: str) -> list[str]:
    return re.findall(rf"^{name}=(.*)$", unit.read_text("utf-8"), re.MULTILINE)


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_names_programs_and_settings_that_exist(unit: Path) -> None:
    (command,) = unit_values(unit, "ExecStart")
    python, program = shlex.split(command)
    assert python == "/opt/conector/.venv/bin/python"
    assert (ROOT / program).exists()
    assert unit_values(unit, "WorkingDirectory") == ["/opt/conector"]
    (variables,) = unit_values(unit, "Environment")
    names = {text.partition("=")[0] for text in variables.split()}
    assert names - settings() - OTHERS == set()
    (document,) = unit_values(unit, "Documentation")
    assert (ROOT / document.removeprefix("file:///opt/conector/")).exists()


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_systemd_understands_a_unit_and_finds_it_closed(unit: Path, tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd is not installed")
    # The program is not where the unit says on this machine.
    here = tmp_path / unit.name
    here.write_text(re.sub(r"(?m)^ExecStart=\S+", "ExecStart=/bin/true", unit.read_text("utf-8")))
    verified = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(here)], capture_output=True, text=True
    )
    assert unit.name not in verified.stderr
    judged = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", str(here)],
        capture_output=True,
        text=True,
    )
    if judged.returncode:
        pytest.skip(f"this systemd can't judge a file: {judged.stderr}")
    # From 0, closed, to 10.
    (exposure,) = re.findall(r"exposure level for \S+: ([\d.]+)", judged.stdout)
    assert float(exposure) < 2.0


def test_proxies_and_compose_agree_with_the_service() -> None:
    for name in ("nginx/conector.conf", "caddy/Caddyfile"):
        text = (ROOT / "deploy" / name).read_text("utf-8")
        assert f"127.0.0.1:{Settings().port}" in text
        (size,) = re.findall(r"^\s*(?:client_max_body_size|max_size) (\d+)m", text, re.M | re.I)
        assert 0 < int(size) - Settings().max_upload_mb < 20
