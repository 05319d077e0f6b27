"""Confidence intervals and tests of accuracies, from counts of right and wrong predictions."""

from math import sqrt
from statistics import NormalDist
from typing import NamedTuple

from digits.io.tables import Vector


class Difference(NamedTuple):
    """Two models' predictions of the same images."""

    fixed: int  # images that only the second is right about
    broken: int  # images that only the first is right about
    gain: float  # the second's accuracy minus the first's, -1 to 1
    low: float  # end of its 95 % interval
    high: float
    p: float  # of the exact McNemar test, two-sided


def accuracy_interval(right: int, images: int) -> tuple[float, float]:
    """Return the 95 % interval of an accuracy, 0 to 1 (E. Wilson, Probable inference, 1927)."""
    from scipy.stats import binomtest  # half a second that `digits show` does not need

    interval = binomtest(right, images).proportion_ci(method="wilson")
    return float(interval.low), float(interval.high)


def compare(before: Vector, after: Vector) -> Difference:
    """Compare two models by which of the same images each is right about, both of shape (images,).

    The test is the exact one of Q. McNemar, Note on the sampling error of the difference between correlated proportions
    or percentages (1947). The interval is that of D. Bonett and R. Price, Adjusted Wald confidence interval for a
    difference of binomial proportions based on paired data (2012).
    """
    from scipy.stats import binomtest

    fixed, broken, images = int((after & ~before).sum()), int((before & ~after).sum()), len(before)
    p_fixed, p_broken = (fixed + 1) / (images + 2), (broken + 1) / (images + 2)
    middle = p_fixed - p_broken
    reach = NormalDist().inv_cdf(0.975) * sqrt((p_fixed + p_broken - middle**2) / (images + 2))
    p = float(binomtest(fixed, fixed + broken).pvalue) if fixed + broken else 1.0
    return Difference(fixed, broken, (fixed - broken) / images, middle - reach, middle + reach, p)
