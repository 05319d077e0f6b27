"""Measure how far MNIST's test images are from independent, and write the table of docs/plots.md.

Reads the predictions of `make repro`. Of each experiment that is tested on the dataset's order: the errors of the two
halves, which are by different people, and how many times the variance of blocks of 500 images that stand beside each
other, within the halves, is that of 500 independent ones. In some seconds.
"""

from pathlib import Path

from bench import measuring
from digits.core import params, paths
from digits.evaluation.metrics import interval
from digits.results import read

import numpy as np

PAGE = Path("docs", "plots.md")
BLOCK = 500
HEADER = ["experiment", "error of all, %", "of the first half", "of the second half", f"variance of blocks of {BLOCK}"]


def lines(folder: Path, quick: bool) -> list[str]:
    """Return the table, of the first experiment alone if `quick`."""
    settings = params.load()
    rows = []
    for name, experiment in settings.experiments.items():
        if settings.tasks[experiment.task].split != "mnist" or not paths.predictions(name).exists():
            continue
        predictions = read.predictions(name)
        wrong = (predictions["label"] != predictions["prediction"]).to_numpy()
        halves = np.array_split(wrong, 2)
        errors = []
        for part in (wrong, *halves):
            low, high = interval(part) or (0, 1)
            errors.append(f"{100 * part.mean():.2f} ({100 * low:.2f} to {100 * high:.2f})")
        blocks = [half[: len(half) // BLOCK * BLOCK].reshape(-1, BLOCK).mean(axis=1) for half in halves]
        independent = [half.mean() * (1 - half.mean()) / BLOCK for half in halves]
        times = np.mean([each.var(ddof=1) for each in blocks]) / np.mean(independent) if len(blocks[0]) > 1 else None
        rows.append([f"`{name}`", *errors, None if times is None else f"{times:.1f} ×"])
    return measuring.table(HEADER, rows[: 1 if quick else None])


if __name__ == "__main__":
    measuring.main(__doc__, PAGE, {"blocks": lines})
