"""Put the lines that DVC adds to .gitignore files into an order that does not vary.

DVC adds a line for each output of a stage when the stage has ended. With several jobs, stages
end in any order, so the files would differ between runs, and from those of `dvc repro`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from .replacing import replace_file


class IgnoredOutputs:
    """The outputs that a run has added to .gitignore files."""

    def __init__(self, temporary_folder: Path) -> None:
        """Remember nothing yet.

        Args:
            temporary_folder: DVC's folder for temporary files.
        """
        self._temporary_folder = temporary_folder
        # For each file: the lines that DVC has added, with their places in its order
        self._places: dict[Path, dict[bytes, tuple[int, int]]] = {}

    def add(self, paths: Iterable[str], stage_place: int) -> None:
        """Put the lines that DVC has just added for the outputs of a stage in their places.

        A file that cannot be read or written keeps the order of DVC.

        Args:
            paths: the paths of the outputs, in the order of the stage.
            stage_place: the place of the stage in the order of `dvc repro`.
        """
        changed = set()
        for out_place, path in enumerate(map(Path, paths)):
            file = path.parent / ".gitignore"
            line = b"/" + os.fsencode(path.name)
            self._places.setdefault(file, {})[line] = (stage_place, out_place)
            changed.add(file)
        for file in changed:
            with suppress(OSError):
                self._sort(file)

    def _sort(self, file: Path) -> None:
        """Sort the lines of this run in a file, and write the file if that changes it."""
        old = file.read_bytes()
        new = sort_lines(old, self._places[file])
        if new != old:
            replace_file(file, new, self._temporary_folder)


def sort_lines(content: bytes, places: dict[bytes, tuple[int, int]]) -> bytes:
    """Sort some lines of a .gitignore file among themselves. All other lines stay as they are.

    Two runs at the same time can add the same line. It stays once.

    Args:
        content: the content of the file, in any encoding and with any line ends.
        places: the places of the lines to sort, without the backslashes that DVC writes before
            special characters.
    """
    lines: list[bytes] = []
    to_sort: dict[bytes, tuple[int, int]] = {}
    for line in content.splitlines(keepends=True):
        place = places.get(line.strip().replace(b"\\", b""))
        if place is None:
            lines.append(line)
        elif line not in to_sort:
            to_sort[line] = place
            lines.append(line)
    in_order = iter(sorted(to_sort, key=to_sort.__getitem__))
    return b"".join(next(in_order) if line in to_sort else line for line in lines)
