"""Notice edits of this project's code while a stage runs.

A file counts as edited if its time or its size is not what it was when the process began. An
edit that was undone therefore counts, too, and a clock that is ahead does not matter.

This module imports nothing that takes time, because it is imported before all modules that
could be edited.
"""

from collections.abc import Collection
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]  # the folder of dvc.yaml

SUFFIXES = {".py", ".txt"}  # of modules, and of environment.txt

# The time of the last edit in nanoseconds and the size of each file, by its path in ROOT.
Files = dict[Path, tuple[int, int]]


@cache
def code_at_start() -> Files:
    """Return the files of this project's code as they were at the first call.

    stages/__init__.py makes the first call, before a stage imports the modules that compute.
    """
    return list_code()


def list_code() -> Files:
    """Return the files of this project's code as they are."""
    files = {}
    for folder in ["digits", "stages"]:
        for path in ROOT.glob(f"{folder}/**/*"):
            if path.suffix in SUFFIXES:
                status = path.stat()
                files[path.relative_to(ROOT)] = (status.st_mtime_ns, status.st_size)
    return files


def find_edited_code(dependencies: Collection[Path]) -> list[Path]:
    """Return the files that were edited, added or deleted since the process began.

    Args:
        dependencies: files and folders in ROOT. Files that are not in any of them are left out.
    """
    before, now = code_at_start(), list_code()
    return [
        path
        for path in sorted({*before, *now})
        if before.get(path) != now.get(path)
        and not {path, *path.parents}.isdisjoint(dependencies)
    ]
