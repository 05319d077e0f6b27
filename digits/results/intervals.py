"""Tests of the difference of two accuracies, with its confidence interval."""

from collections.abc import Sequence
from math import sqrt
from statistics import NormalDist
from typing import NamedTuple

from digits.io.tables import Vector

import numpy as np


class Difference(NamedTuple):
    """Two models' accuracies, 0 to 1, and what may be said of their difference."""

    before: float
    after: float
    low: float  # end of the 95 % interval of the difference
    high: float
    p: float  # two-sided

    @property
    def gain(self) -> float:
        """The accuracy after minus that before, -1 to 1."""
        return self.after - self.before

    def cells(self) -> list[str]:
        """Return the cells of a table: both accuracies, and the difference in points with its interval."""
        gain, low, high = (100 * each for each in (self.gain, self.low, self.high))
        return [f"{self.before:.4f}", f"{self.after:.4f}", f"{gain:+.2f} ({low:+.2f} to {high:+.2f})"]

    def shown_p(self, equals: str = "") -> str:
        """Return p with two digits, after the sign `equals`, or `< 0.001`."""
        return "< 0.001" if self.p < 0.001 else f"{equals}{self.p:.2g}"

    def verdict(self, cause: str) -> str:
        """Return in words what may be concluded; `cause`, such as "chance does", might explain a difference."""
        if self.p >= 0.05:
            detectable = f"{50 * (self.high - self.low):.2f} points"
            return f"no evidence of a difference; one of {detectable} would have been detected."
        return f"the second is {'better' if self.gain > 0 else 'worse'}; {cause} not explain the difference."


def compare(before: Vector, after: Vector, group: Vector | None = None) -> Difference:
    """Compare two models by which of the same images each is right about, all of shape (images,).

    Without groups, as if images were independent: the exact test of Q. McNemar, Note on the sampling error of the
    difference between correlated proportions or percentages (1947), and the interval of D. Bonett and R. Price,
    Adjusted Wald confidence interval for a difference of binomial proportions based on paired data (2012). With groups
    both are of the t-test of what each group adds to the difference (S.-Y. Liang and S. Zeger, 1986).
    """
    from scipy.special import bdtr, stdtr, stdtrit  # scipy.stats has them too, and takes half a second more

    fixed, broken, images = int((after & ~before).sum()), int((before & ~after).sum()), len(before)
    accuracies, gain = (float(before.mean()), float(after.mean())), (fixed - broken) / images
    if group is not None:
        numbers, of_image = np.unique(group, return_inverse=True)
        sums = np.bincount(of_image, weights=(after.astype(int) - before - gain) / images)
        freedom = len(numbers) - 1
        error = sqrt((sums**2).sum() * len(numbers) / freedom) if freedom else np.inf
        reach = error * stdtrit(freedom, 0.975) if freedom else 1.0
        p = float(2 * stdtr(freedom, -abs(gain) / error)) if freedom and error else 1.0
        return Difference(*accuracies, max(gain - reach, -1.0), min(gain + reach, 1.0), p)
    p_fixed, p_broken = (fixed + 1) / (images + 2), (broken + 1) / (images + 2)
    middle = p_fixed - p_broken
    reach = NormalDist().inv_cdf(0.975) * sqrt((p_fixed + p_broken - middle**2) / (images + 2))
    p = min(2 * float(bdtr(min(fixed, broken), fixed + broken, 0.5)), 1.0)
    return Difference(*accuracies, middle - reach, middle + reach, p)


def holm(ps: Sequence[float]) -> list[float]:
    """Correct the p of several tests (S. Holm, A simple sequentially rejective multiple test procedure, 1979)."""
    order = np.argsort(ps)
    corrected = np.maximum.accumulate(np.array(ps)[order] * np.arange(len(ps), 0, -1))
    return np.minimum(corrected, 1.0)[np.argsort(order)].tolist()
