"""Whether torch would compute on a GPU, without importing torch where that can be known."""

from __future__ import annotations

import sys
from importlib.metadata import version
from pathlib import Path

# The devices of NVIDIA's driver, of the same in WSL, and of AMD's.
_GPU_DEVICES = ("/dev/nvidiactl", "/dev/dxg", "/dev/kfd")


def has_gpu() -> bool:
    """Return whether SentenceTransformer would choose another device than the processor."""
    if not may_have_gpu(version("torch"), sys.platform):
        return False
    from sentence_transformers.util import get_device_name

    return get_device_name() != "cpu"


def may_have_gpu(torch_version: str, platform: str, root: Path = Path("/")) -> bool:
    """Return False where torch has no code for a GPU, or the machine has none that torch knows.

    A build's version says what it is for: 2.13.0+cpu, 2.13.0+rocm7.0, 2.13.0+xpu. On Linux, the
    build without such a mark is for CUDA.
    """
    if not platform.startswith("linux"):
        return True
    mark = torch_version.partition("+")[2]
    if mark == "cpu":
        return False
    if mark and not mark.startswith(("cu", "rocm")):
        return True
    return any((root / device.removeprefix("/")).exists() for device in _GPU_DEVICES)
