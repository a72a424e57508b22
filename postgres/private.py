"""The data folder belongs to our user alone: nobody else can read, lock or fill what lies in it.

Folders that an earlier version made are closed as well. Windows has no such modes; there a folder
of a user is closed to others already.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

# Any user who can read a file can hold a lock on it.
LOCKS = ("postgres.lock", "postgres.users")
FILES = (*LOCKS, "postgres.password")
# Converted models are no secret, but others must not change them.
FOLDERS = ("postgres", "models", "openvino")


def close_data_folder(data_dir: Path) -> None:
    """Make the folder if it is missing, and close it and our files in it to other users."""
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    if os.name == "nt":
        return
    for name in LOCKS:
        _make_file(data_dir / name)
    for name in FILES:
        _close(data_dir / name, 0o600)
    for name in FOLDERS:
        _close(data_dir / name, 0o700)
    if _is_ours_alone(data_dir):
        _close(data_dir, 0o700)


def let_group_enter(data_dir: Path, gid: int) -> None:
    """Let the server's user, who is in the group, pass through a folder that only root may enter.

    That user can't list it. Another group that somebody gave the folder stays.
    """
    status = data_dir.stat()
    if status.st_uid == os.geteuid() and status.st_gid == os.getegid() and _is_closed(status):
        os.chown(data_dir, -1, gid)
        data_dir.chmod(0o710)


def _make_file(path: Path) -> None:
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        return


def _close(path: Path, mode: int) -> None:
    """Take from other users what an earlier version gave them, where the path is ours."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError:
        return  # missing, a link, or another user's
    try:
        status = os.fstat(descriptor)
        if status.st_uid == os.geteuid() and not _is_closed(status):
            os.fchmod(descriptor, status.st_mode & mode)
    finally:
        os.close(descriptor)


def _is_closed(status: os.stat_result) -> bool:
    return not status.st_mode & 0o077


def _is_ours_alone(data_dir: Path) -> bool:
    """Return whether a folder was made for this service, and not for others besides.

    A folder with a group of its own, with files of others or with the sticky bit stays as it is:
    somebody chose its mode.
    """
    status = data_dir.stat()
    if status.st_gid != os.getegid() or status.st_mode & stat.S_ISVTX:
        return False
    known = {*FILES, *FOLDERS}
    return all(
        path.name in known or path.name.startswith("postgres.partial-")
        for path in data_dir.iterdir()
    )
