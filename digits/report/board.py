"""The leaderboard as a picture: where errors and their intervals lie on a logarithmic axis."""

import math
from collections.abc import Sequence
from itertools import groupby
from typing import Any, NamedTuple

from digits.results.intervals import accuracy_interval
from digits.results.measured import Results


class Errors(NamedTuple):
    """The errors of an experiment, all 0 to 1; `out_of_fold` is None where there are no folds."""

    test: float
    low: float
    high: float
    baseline: float
    out_of_fold: float | None

    @classmethod
    def of(cls, result: Results, tested: int) -> "Errors":
        """Return the errors of an experiment, with the 95 % interval that follows from the number of test images."""
        low, high = accuracy_interval(round((1 - result.accuracy) * tested), tested)
        out_of_fold = None if result.cv_accuracy is None else 1 - result.cv_accuracy
        return cls(1 - result.accuracy, low, high, 1 - result.baseline, out_of_fold)


def draw(experiments: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the picture's axis and its rows.

    Args:
        experiments: `name`, `task` and `errors` of each, in the leaderboard's order.

    Returns:
        `decades`, their number, from the first tick to 100 %; `ticks`, in percent; `groups`, each with `task` and
        `rows`, which have the places of an experiment's errors in percent of the axis. What is 0 lies on its left end.
    """
    shares = [share for each in experiments for share in (each["errors"].low, each["errors"].test) if share > 0]
    decades = max(1, math.ceil(-math.log10(min(shares, default=0.1)) - 1e-9))

    def place(share: float) -> float:
        return round(max(0.0, 100 * (1 + math.log10(share) / decades)), 2) if share > 0 else 0.0

    rows = [
        {"name": each["name"], "task": each["task"], "error": each["errors"].test}
        | {name: place(share) for name, share in each["errors"]._asdict().items() if share is not None}
        for each in experiments
    ]
    return {
        "decades": decades,
        "ticks": [f"{100 / 10**i:g}" for i in range(decades, -1, -1)],
        "groups": [{"task": task, "rows": list(of_task)} for task, of_task in groupby(rows, lambda row: row["task"])],
    }
