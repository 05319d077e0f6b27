"""Full and read-only disks, mounted over folders of a test's own project: real ones, which bind root as well."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

MUCH = 1 << 26  # bytes
PAGE = 4096  # bytes: the smallest disk, as a size of 0 would mean one without a limit


def _may_mount() -> bool:
    command = ["unshare", "--mount", "true"]
    return sys.platform == "linux" and os.geteuid() == 0 and subprocess.run(command, check=False).returncode == 0


needs_mounts = pytest.mark.skipif(not _may_mount(), reason="needs root on Linux, to mount a small or read-only disk")


@contextmanager
def full_disk(folder: Path, room: int = 0) -> Iterator[Callable[[], None]]:
    """Put a folder, and what is in it, on a disk of its own with `room` bytes left; what is given makes more room."""
    with tempfile.TemporaryDirectory() as aside:
        shutil.copytree(folder, aside, symlinks=True, dirs_exist_ok=True)
        _run("mount", "-t", "tmpfs", "-o", f"size={MUCH}", "none", str(folder))
        try:
            shutil.copytree(aside, folder, symlinks=True, dirs_exist_ok=True)
            disk = os.statvfs(folder)
            used = (disk.f_blocks - disk.f_bfree) * disk.f_frsize
            _run("mount", "-o", f"remount,size={max(used + room, PAGE)}", str(folder))
            yield lambda: _run("mount", "-o", f"remount,size={used + MUCH}", str(folder))
        finally:
            _run("umount", "--lazy", str(folder))


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Let nobody write to a folder."""
    _run("mount", "--bind", str(folder), str(folder))
    try:
        _run("mount", "-o", "remount,bind,ro", str(folder))
        yield
    finally:
        _run("umount", "--lazy", str(folder))


def _run(*command: str) -> None:
    subprocess.run(command, check=True)
