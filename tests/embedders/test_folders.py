"""Folders are made whole or not at all."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest

from embedders.folders import make_folder


def fill(folder: Path) -> None:
    (folder / "a").write_text("whole")


def test_a_folder_that_fails_half_way_is_never_there(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        fill(folder)
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        make_folder(tmp_path / "made", fail)
    assert list(tmp_path.iterdir()) == []


def test_processes_that_make_a_folder_at_once_all_have_it(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [
        context.Process(target=make_folder, args=(tmp_path / "made", fill)) for _ in range(3)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert [path.name for path in tmp_path.iterdir()] == ["made"]
    assert (tmp_path / "made" / "a").read_text() == "whole"
