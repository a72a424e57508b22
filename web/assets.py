"""The files of the page that a browser may keep: scripts, styles, words and the sample.

They are read and compressed once. Their addresses name a version that changes when any of them
does, so that a browser asks for each only once; a file may import another by a relative address.
"""

from __future__ import annotations

import gzip
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parent / "static"
# Outside the folder, and under this name in it.
SAMPLE = Path(__file__).parent.parent / "samples" / "faq_pt.csv"
SAMPLE_NAME = "sample/faq_pt.csv"
TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".csv": "text/csv; charset=utf-8",
    ".svg": "image/svg+xml",
}


class Asset(NamedTuple):
    """A file as it is sent, plain or compressed."""

    plain: bytes
    zipped: bytes
    mimetype: str
    digest: str


class Assets(NamedTuple):
    """All files by their names in the folder, and the version of them together."""

    files: dict[str, Asset]
    version: str

    def address(self, name: str) -> str:
        """Return where a browser finds a file."""
        return f"/static/{self.version}/{name}"


@lru_cache(1)
def read_assets() -> Assets:
    """Return the page's files. Raises OSError where they are missing."""
    paths = {
        path.relative_to(FOLDER).as_posix(): path
        for path in sorted(FOLDER.rglob("*"))
        if path.suffix in TYPES
    }
    files = {name: _read_asset(path) for name, path in paths.items()}
    files[SAMPLE_NAME] = _read_asset(SAMPLE)
    together = "".join(f"{name} {asset.digest}\n" for name, asset in files.items())
    return Assets(files, _digest(together.encode()))


def _read_asset(path: Path) -> Asset:
    plain = path.read_bytes()
    # Without the time of day, so that the same file is the same bytes.
    return Asset(plain, gzip.compress(plain, mtime=0), TYPES[path.suffix], _digest(plain))


def _digest(data: bytes) -> str:
    return sha256(data).hexdigest()[:12]
