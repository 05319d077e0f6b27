"""Full and read-only disks, mounted over folders of a test's own project: real ones, which bind root as well."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

MUCH = 1 << 26  # bytes
PAGE = 4096  # bytes: the smallest disk, as a size of 0 would mean one without a limit


def _may_mount() -> bool:
    return sys.platform == "linux" and os.geteuid() == 0 and subprocess.call(["unshare", "--mount", "true"]) == 0


needs_mounts = pytest.mark.skipif(not _may_mount(), reason="needs root on Linux, to mount a small or read-only disk")


@contextmanager
def full_disk(folder: Path) -> Iterator[Callable[[], None]]:
    """Put an empty disk of a page over a folder, which holds no output; what is given makes room."""
    with _mounted(folder, "-t", "tmpfs", "-o", f"size={PAGE}", "none"):
        yield lambda: _mount(folder, "-o", f"remount,size={MUCH}")


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Let nobody write to a folder."""
    with _mounted(folder, "--bind", str(folder)):
        _mount(folder, "-o", "remount,bind,ro")
        yield


@contextmanager
def _mounted(folder: Path, *arguments: str) -> Iterator[None]:
    _mount(folder, *arguments)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _mount(folder: Path, *arguments: str) -> None:
    subprocess.run(["mount", *arguments, str(folder)], check=True)
