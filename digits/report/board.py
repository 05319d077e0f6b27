"""The leaderboard as a picture: where errors and their intervals lie on a logarithmic axis."""

import math
from collections.abc import Sequence
from typing import NamedTuple

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


class Axis(NamedTuple):
    """A logarithmic axis of so many decades, the last of which ends at 100 %."""

    decades: int

    @classmethod
    def of(cls, experiments: Sequence[Errors]) -> "Axis":
        """Return the axis that has every error but 0 on it."""
        smallest = min([share for each in experiments for share in (each.low, each.test) if share > 0], default=0.1)
        return cls(max(1, math.ceil(-math.log10(smallest) - 1e-9)))

    @property
    def ticks(self) -> list[str]:
        """One a decade, in percent."""
        return [f"{100 / 10**i:g}" for i in range(self.decades, -1, -1)]

    def place(self, share: float) -> float:
        """Return where a share of 0 to 1 lies, in percent of the axis; what is 0 lies on its left end."""
        return round(max(0.0, 100 * (1 + math.log10(share) / self.decades)), 2) if share > 0 else 0.0
