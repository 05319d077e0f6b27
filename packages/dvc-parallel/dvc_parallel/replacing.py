"""Write a file so that a kill or a full disk leaves the old file or the new one, never a half.

DVC writes dvc.lock and .gitignore in place.
"""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path


def replace_file(path: Path, content: bytes, temporary_folder: Path) -> None:
    """Write a new content into a file, or make the file.

    Args:
        path: the path of the file.
        content: the new content.
        temporary_folder: a folder that is usually on the same file system.
    """
    path = path.resolve()  # the file that a link refers to, so that the link stays
    name = f"{path.name}.{os.getpid()}"
    try:
        write_and_rename(Path(temporary_folder, name), path, content)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        # A file cannot be renamed across file systems, so it is written beside the old one.
        write_and_rename(path.with_name(f".{name}"), path, content)


def write_and_rename(unfinished: Path, path: Path, content: bytes) -> None:
    """Write a content under another name first.

    Args:
        unfinished: the path that the file has until it is complete.
        path: the path that it gets.
        content: the new content.
    """
    try:
        unfinished.write_bytes(content)
        if path.exists():
            shutil.copymode(path, unfinished)
        unfinished.replace(path)
    except OSError:
        unfinished.unlink(missing_ok=True)
        raise
