"""Measure how far MNIST's test images are from independent, and write the table of docs/plots.md.

Reads the predictions of `make repro`. Of each experiment that is tested on the dataset's order: the errors of the two
halves, which are by different people, and how many times the variance of blocks of 500 images that stand beside each
other, within the halves, is that of 500 independent ones. In some seconds.
"""

from pathlib import Path

from bench import measuring
from digits.evaluation.intervals import wilson
from digits.io import parquet, paths, tables
from digits.io.tables import PREDICTIONS
from digits.support import parameters
from digits.support.parameters import Experiment

import numpy as np

PAGE = Path("docs", "plots.md")
BLOCK = 500
HEADER = ["experiment", "error of all, %", "of the first half", "of the second half", f"variance of blocks of {BLOCK}"]


def lines(folder: Path, quick: bool) -> list[str]:
    """Return the table, of the first experiment alone if `quick`."""
    rows = []
    for name, experiment in parameters.load().blocks(Experiment).items():
        if experiment.split != "mnist" or not paths.predictions(name).exists():
            continue
        table = parquet.read(paths.predictions(name), PREDICTIONS)
        wrong = tables.column(table, "label") != tables.column(table, "prediction")
        halves = np.array_split(wrong, 2)
        blocks = [half[: len(half) // BLOCK * BLOCK].reshape(-1, BLOCK).mean(axis=1) for half in halves]
        independent = [half.mean() * (1 - half.mean()) / BLOCK for half in halves]
        times = np.mean([each.var(ddof=1) for each in blocks]) / np.mean(independent) if len(blocks[0]) > 1 else None
        errors = []
        for part in (wrong, *halves):
            low, high = wilson(part.mean(), len(part))
            errors.append(f"{100 * part.mean():.2f} ({100 * low:.2f} to {100 * high:.2f})")
        rows.append([f"`{name}`", *errors, None if times is None else f"{times:.1f} ×"])
    return measuring.table(HEADER, rows[: 1 if quick else None])


if __name__ == "__main__":
    measuring.main(__doc__, PAGE, {"blocks": lines})
