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

    Args:
        path: the path of the file.
        ranks: the ranks of the lines, without the backslashes of DVC.
    """
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    ranked = {}
    for place, line in enumerate(lines):
        rank = ranks.get(line.strip().replace("\\", ""))
        if rank is not None:
            ranked[place] = rank
    in_order = sorted(ranked, key=ranked.__getitem__)
    if in_order == list(ranked):
        return
    sorted_lines = [*lines]
    for place in ranked:
        sorted_lines[place] = lines[in_order.pop(0)]
    path.write_text("".join(sorted_lines), encoding="utf-8", newline="")
