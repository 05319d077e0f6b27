"""Confidence intervals and tests of accuracies, from which predictions are right and wrong."""

from collections.abc import Sequence
from math import sqrt
from statistics import NormalDist
from typing import NamedTuple

from digits.io.tables import Vector

import numpy as np


class Difference(NamedTuple):
    """Two models' predictions of the same images."""

    fixed: int  # images that only the second is right about
    broken: int  # images that only the first is right about
    gain: float  # the second's accuracy minus the first's, -1 to 1
    low: float  # end of its 95 % interval
    high: float
    p: float  # of the exact McNemar test, two-sided; of the t-test of the groups where there are groups

    @property
    def margin(self) -> float:
        """How large a gain, 0 to 1, these images could have told from none."""
        return (self.high - self.low) / 2


def accuracy_interval(right: int, images: int) -> tuple[float, float]:
    """Return the 95 % interval of an accuracy, 0 to 1 (E. Wilson, Probable inference, 1927)."""
    from scipy.stats import binomtest  # half a second that `digits show` does not need

    interval = binomtest(right, images).proportion_ci(method="wilson")
    return float(interval.low), float(interval.high)


def compare(before: Vector, after: Vector, group: Vector | None = None) -> Difference:
    """Compare two models by which of the same images each is right about, all of shape (images,).

    Without groups, as if images were independent: the exact test of Q. McNemar, Note on the sampling error of the
    difference between correlated proportions or percentages (1947), and the interval of D. Bonett and R. Price,
    Adjusted Wald confidence interval for a difference of binomial proportions based on paired data (2012). With groups
    both are of the t-test of what each group adds to the difference (S.-Y. Liang and S. Zeger, 1986).
    """
    from scipy.stats import binomtest, t

    fixed, broken, images = int((after & ~before).sum()), int((before & ~after).sum()), len(before)
    gain = (fixed - broken) / images
    if group is not None:
        numbers, of_image = np.unique(group, return_inverse=True)
        sums = np.bincount(of_image, weights=(after.astype(int) - before - gain) / images)
        freedom = len(numbers) - 1
        error = sqrt((sums**2).sum() * len(numbers) / freedom) if freedom else np.inf
        reach = error * t.ppf(0.975, freedom) if freedom else 1.0
        p = float(2 * t.sf(abs(gain) / error, freedom)) if freedom and error else 1.0
        return Difference(fixed, broken, gain, max(gain - reach, -1.0), min(gain + reach, 1.0), p)
    p_fixed, p_broken = (fixed + 1) / (images + 2), (broken + 1) / (images + 2)
    middle = p_fixed - p_broken
    reach = NormalDist().inv_cdf(0.975) * sqrt((p_fixed + p_broken - middle**2) / (images + 2))
    p = float(binomtest(fixed, fixed + broken).pvalue) if fixed + broken else 1.0
    return Difference(fixed, broken, gain, middle - reach, middle + reach, p)


def holm(ps: Sequence[float]) -> list[float]:
    """Correct the p of several tests (S. Holm, A simple sequentially rejective multiple test procedure, 1979)."""
    order = np.argsort(ps)
    corrected = np.maximum.accumulate([(len(ps) - i) * ps[place] for i, place in enumerate(order)])
    return np.minimum(corrected, 1.0)[np.argsort(order)].tolist()
