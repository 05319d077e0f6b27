"""The memory that a process may use, which a container or a cluster can limit."""

from __future__ import annotations

from pathlib import Path

import psutil

LIMIT_FILE = "memory.max"  # has the limit of a control group of version 2


def find_memory_limit(root: Path = Path("/")) -> int:
    """Return the memory of the machine in bytes, or less if a control group of Linux limits it.

    Args:
        root: the folder of `proc` and `sys`.
    """
    limits = [psutil.virtual_memory().total]
    for file in list_limit_files(root):
        try:
            limits.append(int(file.read_text()))
        except (OSError, ValueError):  # no such group in this container, or `max`: no limit
            continue
    return min(limits)


def list_limit_files(root: Path) -> list[Path]:
    """Return the files with the limits of the groups that this process is in.

    A group is limited by those that it is in, too.
    """
    membership = root / "proc/self/cgroup"
    if not membership.exists():  # on macOS and Windows
        return []
    files = []
    top = root / "sys/fs/cgroup"
    for line in membership.read_text().splitlines():
        if line.startswith("0::"):  # such as `0::/job`; other lines are of version 1
            folder = top / line.removeprefix("0::").lstrip("/")
            above = [each for each in folder.parents if each.is_relative_to(top)]
            files += [each / LIMIT_FILE for each in [folder, *above]]
    return files
