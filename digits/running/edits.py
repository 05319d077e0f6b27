"""Notice edits of code and images while a stage runs, and let Ctrl-C end it.

A file counts as edited if its time or its size differs from what it was when the process began,
or, of images, when the stage began, even if the edit was undone.

This module is imported before nearly all modules that could be edited, so it imports nothing
that takes time.
"""

import signal
import sys
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

if sys.argv[0] == "-m":  # `python -m stages.NAME` imports this before all that takes time
    # Let Ctrl-C end the process at once. Python would handle it only after an import or
    # compiled code returns, possibly minutes later, and would print a traceback.
    signal.signal(signal.SIGINT, signal.SIG_DFL)

ROOT = Path(__file__).parents[2]  # the folder of dvc.yaml


def take_snapshot() -> dict[Path, tuple[int, int]]:
    """Return the time of the last edit, in nanoseconds, and the size of each file of code."""
    files = {}
    for folder in ["digits", "stages", "packages"]:
        for path in ROOT.glob(f"{folder}/**/*.py"):
            with suppress(FileNotFoundError):  # an editor may be replacing the file
                status = path.stat()
                files[path.relative_to(ROOT)] = (status.st_mtime_ns, status.st_size)
    return files


CODE_AT_START = take_snapshot()


def stat_data(dependencies: Collection[str]) -> dict[Path, tuple[int, int]]:
    """Return the time of the last edit, and the size, of each file that is no code."""
    files = {}
    for dependency in map(Path, dependencies):
        for path in dependency.rglob("*") if dependency.is_dir() else [dependency]:
            if path.suffix not in {".py", ".pyc"} and path.is_file():
                files[path] = (path.stat().st_mtime_ns, path.stat().st_size)
    return files


def find_edited_code(dependencies: Collection[str]) -> list[str]:
    """Return the files that were edited, added or deleted since this module was imported.

    Args:
        dependencies: files and folders in ROOT. Other files are left out.
    """
    now = take_snapshot()
    edited = []
    for path in sorted(CODE_AT_START.keys() | now.keys()):
        is_dependency = any(path.is_relative_to(each) for each in dependencies)
        if is_dependency and CODE_AT_START.get(path) != now.get(path):
            edited.append(path.as_posix())
    return edited
