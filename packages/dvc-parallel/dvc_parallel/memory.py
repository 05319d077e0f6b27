"""The memory that a process may use, which a container or a cluster can limit."""

from __future__ import annotations

from pathlib import Path

import psutil

# The files with the limit of a control group: of version 2, and of version 1.
LIMIT_FILES = {"": "memory.max", "memory": "memory.limit_in_bytes"}


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
    for line in membership.read_text().splitlines():
        _, controllers, group = line.split(":", 2)  # such as `4:memory:/job` or `0::/job`
        for controller in controllers.split(","):
            if controller in LIMIT_FILES:
                top = root / "sys/fs/cgroup" / controller
                folder = top / group.lstrip("/")
                above = [each for each in folder.parents if each.is_relative_to(top)]
                files += [each / LIMIT_FILES[controller] for each in [folder, *above]]
    return files
