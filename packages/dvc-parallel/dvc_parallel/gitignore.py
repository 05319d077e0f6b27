"""The order of the lines of .gitignore, to which DVC adds the outputs of a stage."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


class IgnoredOutputs:
    """The outputs that a run has added to .gitignore files.

    Their lines are in the order in which `dvc repro` would have added them, not in the order in
    which the stages ended.
    """

    def __init__(self) -> None:
        """Remember nothing yet."""
        self._ranks: dict[Path, dict[str, tuple[int, int]]] = {}

    def add(self, paths: Sequence[str], stage_rank: int) -> None:
        """Put the lines that DVC has just added for the outputs of a stage in their places.

        Args:
            paths: the paths of the outputs.
            stage_rank: the place of the stage in the order of `dvc repro`.
        """
        for rank, path in enumerate(paths):
            file = Path(path).parent / ".gitignore"
            self._ranks.setdefault(file, {})[f"/{Path(path).name}"] = (stage_rank, rank)
        for file in {Path(path).parent / ".gitignore" for path in paths}:
            sort_lines(file, self._ranks[file])


def sort_lines(path: Path, ranks: dict[str, tuple[int, int]]) -> None:
    """Sort some lines of a file among themselves, and leave all other lines where they are.

    A line that another process has added, too, stays once.

    Args:
        path: the path of the file.
        ranks: the ranks of the lines, without the backslashes of DVC.
    """
    old_lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    lines = []
    ranked: dict[str, tuple[int, int]] = {}
    for line in old_lines:
        rank = ranks.get(line.strip().replace("\\", ""))
        if line in ranked:
            continue
        if rank is not None:
            ranked[line] = rank
        lines.append(line)
    in_order = iter(sorted(ranked, key=ranked.__getitem__))
    lines = [next(in_order) if line in ranked else line for line in lines]
    if lines != old_lines:
        path.write_text("".join(lines), encoding="utf-8")
