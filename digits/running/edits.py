"""Notice edits of what a stage depends on while it runs, and let Ctrl-C end it.

A file counts as edited if its time or its size has changed, even if the edit was undone.

This module is imported before nearly all modules that could be edited, so it imports nothing
that takes time.
"""

import signal
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

if sys.argv[0] == "-m":  # `python -m stages.NAME` imports this before all that takes time
    # Let Ctrl-C end the process at once. Python would handle it only after an import or
    # compiled code returns, possibly minutes later, and would print a traceback.
    signal.signal(signal.SIGINT, signal.SIG_DFL)

# The time of the last edit of a file, in nanoseconds, and its size, by its absolute path.
Snapshot = dict[Path, tuple[int, int]]


def take_snapshot(paths: Iterable[str], pattern: str = "*") -> Snapshot:
    """Return the state of files, and of all files in folders whose name matches a pattern.

    Code that Python has compiled is left out.
    """
    snapshot = {}
    for path in map(Path, paths):
        for file in path.rglob(pattern) if path.is_dir() else [path]:
            with suppress(FileNotFoundError):  # it may be missing, or being replaced
                status = file.stat()
                if file.is_file() and file.suffix != ".pyc":
                    snapshot[file.absolute()] = (status.st_mtime_ns, status.st_size)
    return snapshot


# The code in the folder of dvc.yaml, as it was before it was imported.
CODE_AT_START = take_snapshot(["digits", "own", "packages", "stages"], "*.py")


def select_code_at_start(paths: Iterable[str]) -> Snapshot:
    """Return the state in which this process has imported the code at some paths."""
    folders = [Path(path).absolute() for path in paths]
    return {
        file: state
        for file, state in CODE_AT_START.items()
        if any(file.is_relative_to(folder) for folder in folders)
    }


def find_edited(before: Snapshot, after: Snapshot) -> list[str]:
    """Return the files that were edited, added or deleted."""
    edited = [file for file in before | after if before.get(file) != after.get(file)]
    return sorted(file.relative_to(Path.cwd()).as_posix() for file in edited)
