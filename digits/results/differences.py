"""The one rule for "these two differ", which leaderboard, compare, runs and report say in the same words.

Two fits differ if p is below 0.01, out of fold, on the same images and folds; without folds, on the test part. p is of
the exact test of the images that one alone gets right (Q. McNemar, 1947), or, with six groups or more, of the t-test of
the groups' differences. The 99 % interval beside it leaves out 0 where they differ. Another seed is another fit.
"""

from typing import NamedTuple

from digits.core import paths
from digits.core.errors import PipelineError
from digits.core.tables import Group, Vector
from digits.evaluation.metrics import FEWEST_GROUPS, TINY, of_groups
from digits.results import read

import numpy as np
import pandas as pd
from scipy.stats import binomtest, ttest_1samp

LEVEL = 0.01
SAME = ["row", "label", "fold", "group"]  # columns that must be alike
HEADER = ["experiment", "before", "after", "points", "p", "fixed", "broken"]


class Difference(NamedTuple):
    """Two fits' accuracies on the same images."""

    part: str  # `out of fold` or `of the test part`
    before: float  # accuracies, 0 to 1
    after: float
    fixed: Vector  # row numbers of the images that the second alone gets right
    broken: Vector  # and of those that the first alone does
    rows: int
    p: float | None  # None with too few groups
    points: list[float]  # the ends of the 99 % interval of the gain in points; else the gain of each of few groups

    @property
    def differs(self) -> bool:
        """Whether the two fits differ."""
        return self.p is not None and self.p < LEVEL

    @property
    def gain(self) -> str:
        """The accuracy after minus that before, in points."""
        return f"{100 * (self.after - self.before):+.2f}"

    @property
    def shown_p(self) -> str:
        """P with two digits."""
        return "–" if self.p is None else "< 0.001" if self.p < 0.001 else f"{self.p:.2g}"

    @property
    def cells(self) -> list[str]:
        """What stands below all of `HEADER` but the first, the name."""
        accuracies = [f"{accuracy:.4f}" for accuracy in (self.before, self.after)]
        return [*accuracies, self.gain, self.shown_p, str(len(self.fixed)), str(len(self.broken))]

    @property
    def verdict(self) -> str:
        """What may be said of the two fits, in words."""
        shown = [f"{point:+.2f}" for point in self.points]
        if self.p is None:
            return f"{len(shown)} groups are too few to tell ({', '.join(shown)} points)"
        return f"{'the fits differ' if self.differs else 'not told apart'} ({' to '.join(shown)} points)"


def compare(before: pd.DataFrame, after: pd.DataFrame) -> Difference:
    """Compare two tables of predictions of the same images; a PipelineError if they are of other images or labels."""
    one, other = (each[[name for name in SAME if name in each]].reset_index(drop=True) for each in (before, after))
    if not one.equals(other):
        raise PipelineError("the two have other images, labels or folds, so they cannot be compared")
    was, now = ((each["label"] == each["prediction"]).to_numpy() for each in (before, after))
    change, rows = now.astype(int) - was, before["row"].to_numpy()
    p, points = p_and_points(change, before.get("group"))
    part = "out of fold" if "fold" in before else "of the test part"
    return Difference(part, was.mean(), now.mean(), rows[change > 0], rows[change < 0], len(rows), p, points)


def p_and_points(change: Vector, group: Group) -> tuple[float | None, list[float]]:
    """Return p, and the 99 % interval in points of the mean of `change`, 1, 0 or -1; of few groups None and means."""
    if group is not None:
        values = of_groups(change, group)
        if len(values) < FEWEST_GROUPS:
            return None, [100 * float(change[group == each].mean()) for each in np.unique(group)]
        return t_test(values)
    if not (discordant := np.count_nonzero(change)):
        return 1.0, [0.0, 0.0]
    found = binomtest(int((change > 0).sum()), discordant)
    ends = found.proportion_ci(1 - LEVEL)
    return float(found.pvalue), [100 * (2 * end - 1) * discordant / len(change) for end in (ends.low, ends.high)]


def t_test(gains: Vector) -> tuple[float, list[float]]:
    """Return p and the ends of the 99 % interval, in points, of the mean of some gains, -1 to 1, shape (gains,)."""
    if np.ptp(gains) < TINY:
        return float(abs(gains.mean()) < TINY), [100 * float(gains.mean())] * 2
    found = ttest_1samp(gains, 0)
    ends = found.confidence_interval(1 - LEVEL)
    return float(found.pvalue), [100 * float(ends.low), 100 * float(ends.high)]


def between(one: str, other: str) -> Difference:
    """Compare two experiments here: out of fold where both have folds, else on the test part."""
    have_folds = all("cv_accuracy" in read.metrics(name) and paths.out_of_fold(name).exists() for name in (one, other))
    return compare(*(read.predictions(name, "train" if have_folds else "test") for name in (one, other)))
