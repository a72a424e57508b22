"""Whether there may be a GPU is known without importing torch, where it can be."""

from __future__ import annotations

from pathlib import Path

import pytest

from embedders.devices import may_have_gpu


@pytest.mark.parametrize(
    ("version", "platform", "device", "expected"),
    [
        ("2.13.0+cpu", "linux", "dev/nvidiactl", False),
        ("2.13.0", "linux", None, False),
        ("2.13.0", "linux", "dev/nvidiactl", True),
        ("2.13.0+cu130", "linux", "dev/dxg", True),
        ("2.13.0+rocm7.0", "linux", "dev/kfd", True),
        ("2.13.0+rocm7.0", "linux", None, False),
        ("2.13.0+xpu", "linux", None, True),
        ("2.13.0", "darwin", None, True),
        ("2.13.0+cpu", "win32", None, True),
    ],
)
def test_torch_is_asked_only_where_it_may_know_a_gpu(
    version: str, platform: str, device: str | None, expected: bool, tmp_path: Path
) -> None:
    (tmp_path / "dev").mkdir()
    if device is not None:
        (tmp_path / device).touch()
    assert may_have_gpu(version, platform, tmp_path) is expected
