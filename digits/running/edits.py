"""Notice edits of what a stage depends on while it runs, and let Ctrl-C end it.

A file counts as edited if its time or its size has changed, even if the edit was undone.

Imported first, so that the snapshot precedes the imports. Keep its own imports few.
"""

import signal
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

# The time of the last edit of a file, in nanoseconds, and its size, by its absolute path.
Snapshot = dict[Path, tuple[int, int]]

# The code in the folder of dvc.yaml, as it was before it was imported. `record_code` fills it.
CODE_AT_START: Snapshot = {}


def end_on_ctrl_c() -> None:
    """Let Ctrl-C end the process of a stage at once.

    Python would handle Ctrl-C only after an import or compiled code returns, possibly minutes
    later, and would print a traceback.
    """
    if sys.argv[0] == "-m":  # as `python -m stages.NAME` sets it during the imports
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def record_code() -> None:
    """Take the snapshot CODE_AT_START."""
    CODE_AT_START.update(take_snapshot(["digits", "own", "packages", "stages"], "*.py"))


def take_snapshot(paths: Iterable[str], pattern: str = "*") -> Snapshot:
    """Return the state of files, and of all files in folders whose name matches a pattern.

    Code that Python has compiled is left out.
    """
    snapshot = {}
    for path in map(Path, paths):
        files: Iterable[Path] = path.rglob(pattern) if path.is_dir() else [path]
        for file in files:
            with suppress(FileNotFoundError):  # it may be missing, or being replaced
                status = file.stat()
                if file.is_file() and file.suffix != ".pyc":
                    snapshot[file.absolute()] = (status.st_mtime_ns, status.st_size)
    return snapshot


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
