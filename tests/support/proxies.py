"""nginx and Caddy with the project's own files, a certificate of their own, and free ports."""

from __future__ import annotations

import json
import os
import shutil
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path
from typing import Any

import pytest

from local_service import ROOT, free_port

NAME = "faq.example.com"
START_SECONDS = 60
CALL_SECONDS = 120


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class _Https(HTTPSConnection):
    """A connection to 127.0.0.1 that asks for NAME, as if a name server had led it there."""

    def __init__(self, port: int, certificate: Path, source: str) -> None:
        super().__init__("127.0.0.1", port, timeout=CALL_SECONDS, source_address=(source, 0))
        self._trusted = ssl.create_default_context(cafile=certificate)

    def connect(self) -> None:
        HTTPConnection.connect(self)
        self.sock = self._trusted.wrap_socket(self.sock, server_hostname=NAME)


@dataclass(frozen=True)
class Proxy:
    """A running proxy: its ports with and without TLS, and the certificate that it shows."""

    kind: str
    https: int
    plain: int
    certificate: Path

    def open(
        self, method: str, path: str, headers: dict[str, str], *, source: str = "127.0.0.1"
    ) -> HTTPSConnection:
        """Send the head of a request. The caller sends the body, and closes the connection."""
        connection = _Https(self.https, self.certificate, source)
        connection.putrequest(method, path, skip_host=True)
        for name, value in {"Host": NAME, **headers}.items():
            connection.putheader(name, value)
        connection.endheaders()
        return connection

    def ask(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        *,
        source: str = "127.0.0.1",
        **headers: str,
    ) -> Reply:
        """Return the answer; underscores in the headers' names are hyphens."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if body or method == "POST":
            named["Content-Length"] = str(len(body))
        with closing(self.open(method, path, named, source=source)) as connection:
            if body:
                connection.send(body)
            return read_reply(connection)

    def ask_without_tls(self, method: str, path: str) -> Reply:
        with closing(HTTPConnection("127.0.0.1", self.plain)) as connection:
            connection.request(method, path, headers={"Host": NAME})
            return read_reply(connection)


def read_reply(connection: HTTPConnection) -> Reply:
    response = connection.getresponse()
    return Reply(response.status, dict(response.getheaders()), response.read())


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """Return the files of a self-signed certificate for NAME and of its key."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    names = ["-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run(
        ["openssl", "req", "-x509", *kind, *names, *files], check=True, capture_output=True
    )
    return certificate, key


@contextmanager
def run_proxy(kind: str, service_port: int, folder: Path) -> Iterator[Proxy]:
    """Run "nginx" or "caddy" with its file of `deploy/`; skip the test where it is missing."""
    for program in (kind, "openssl"):
        if shutil.which(program, path=_path()) is None:
            pytest.skip(f"{program} is not installed")
    certificate, key = make_certificate(folder)
    proxy = Proxy(kind, free_port(), free_port(), certificate)
    command = _COMMANDS[kind](proxy, service_port, folder, key)
    log = folder / f"{kind}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            env={**os.environ, "PATH": _path(), "HOME": str(folder)},
            stdout=output,
            stderr=output,
        )
    try:
        _wait_until_it_listens(proxy, process, log)
        yield proxy
    finally:
        process.terminate()
        process.wait(START_SECONDS)


def _path() -> str:
    # Debian has nginx where only root looks for programs.
    return os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"])


def _wait_until_it_listens(proxy: Proxy, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            proxy.ask("GET", "/livez")
            proxy.ask_without_tls("GET", "/livez")
            return
        except OSError:
            time.sleep(0.05)
    raise AssertionError(f"{proxy.kind} does not listen: {log.read_text()}")


def _replace(text: str, changes: dict[str, str]) -> str:
    """Return the file with what belongs to one machine exchanged; all of it must be there."""
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, new)
    return text


def _nginx_command(proxy: Proxy, service_port: int, folder: Path, key: Path) -> list[str]:
    changes = {
        "listen 80;": f"listen 127.0.0.1:{proxy.plain};",
        "listen 443 ssl http2;": f"listen 127.0.0.1:{proxy.https} ssl http2;",
        "    listen [::]:80;\n": "",
        "    listen [::]:443 ssl http2;\n": "",
        "127.0.0.1:5000": f"127.0.0.1:{service_port}",
        "/etc/ssl/certs/faq.example.com.pem": str(proxy.certificate),
        "/etc/ssl/private/faq.example.com.key": str(key),
    }
    site = folder / "conector.conf"
    site.write_text(_replace((ROOT / "deploy/nginx/conector.conf").read_text(), changes))
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root;\n" if os.geteuid() == 0 else ""
    main = folder / "nginx.conf"
    main.write_text(
        f"{user}daemon off;\npid {folder}/nginx.pid;\nerror_log stderr;\nworker_processes 1;\n"
        "events { worker_connections 256; }\n"
        f"http {{\naccess_log off;\n{temporary}include {site};\n}}\n"
    )
    return ["nginx", "-e", "stderr", "-p", str(folder), "-c", str(main)]


def _caddy_command(proxy: Proxy, service_port: int, folder: Path, key: Path) -> list[str]:
    changes = {
        "{\n\tservers {": (
            f"{{\n\tadmin off\n\tstorage file_system {folder}/caddy\n\thttp_port {proxy.plain}\n"
            f"\thttps_port {proxy.https}\n\tdefault_bind 127.0.0.1\n"
            "\tskip_install_trust\n\tservers {"
        ),
        "faq.example.com {\n": f"faq.example.com {{\n\ttls {proxy.certificate} {key}\n",
        "127.0.0.1:5000": f"127.0.0.1:{service_port}",
    }
    site = folder / "Caddyfile"
    site.write_text(_replace((ROOT / "deploy/caddy/Caddyfile").read_text(), changes))
    return ["caddy", "run", "--adapter", "caddyfile", "--config", str(site)]


_COMMANDS: dict[str, Callable[[Proxy, int, Path, Path], list[str]]] = {
    "nginx": _nginx_command,
    "caddy": _caddy_command,
}
