"""Notice edits of this project's code while a stage runs.

A file counts as edited if its time or its size differs from what it was when the process began.
An edit that was undone counts, too.

This module is imported before nearly all modules that could be edited, so it imports nothing
that takes time.
"""

from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).parents[1]  # the folder of dvc.yaml

# By its path in ROOT, the time of each file's last edit, in nanoseconds, and its size.
Snapshot = dict[Path, tuple[int, int]]

_code_at_start: Snapshot = {}


def remember_code() -> None:
    """Remember the code as it is now. Later calls change nothing."""
    if not _code_at_start:
        _code_at_start.update(take_snapshot())


def take_snapshot() -> Snapshot:
    """Return the times and sizes of all files of code, as they are now."""
    files = {}
    for folder in ["digits", "stages", "packages"]:
        for path in ROOT.glob(f"{folder}/**/*.py"):
            with suppress(FileNotFoundError):  # an editor may just replace the file
                status = path.stat()
                files[path.relative_to(ROOT)] = (status.st_mtime_ns, status.st_size)
    return files


def find_edited_code(dependencies: Collection[str]) -> list[str]:
    """Return the files that were edited, added or deleted since `remember_code` was called.

    Files that are not in `dependencies`, files and folders in ROOT, are left out.
    """
    now = take_snapshot()
    edited = []
    for path in sorted(_code_at_start.keys() | now.keys()):
        is_dependency = any(path.is_relative_to(place) for place in dependencies)
        if is_dependency and _code_at_start.get(path) != now.get(path):
            edited.append(path.as_posix())
    return edited
