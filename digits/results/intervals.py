"""How sure an accuracy is, and a difference of two: intervals and tests for counts of right and wrong predictions."""

from math import sqrt
from typing import NamedTuple

from digits.io.tables import Vector

from scipy.stats import binomtest, norm


class Difference(NamedTuple):
    """Two models' predictions of the same images.

    Attributes:
        fixed: images that only the second is right about.
        broken: images that only the first is right about.
        gain: the second's accuracy minus the first's, -1 to 1.
        low, high: the 95 % interval of the gain.
        p: of the exact McNemar test, two-sided: how often as uneven a division would come of itself if both models
            were equally good.
    """

    fixed: int
    broken: int
    gain: float
    low: float
    high: float
    p: float


def accuracy_interval(right: int, images: int) -> tuple[float, float]:
    """Return the 95 % interval of an accuracy, 0 to 1 (E. Wilson, Probable inference, 1927)."""
    interval = binomtest(right, images).proportion_ci(method="wilson")
    return float(interval.low), float(interval.high)


def compare(before: Vector, after: Vector) -> Difference:
    """Compare two models on the same images.

    Only images that one model is right about and the other wrong tell them apart. If both are equally good, each such
    image may favour either like a coin: the exact test of Q. McNemar, Note on the sampling error of the difference
    between correlated proportions or percentages (1947). The interval is the adjusted Wald interval of D. Bonett and
    R. Price, Adjusted Wald confidence interval for a difference of binomial proportions based on paired data (2012).

    Args:
        before: shape (images,), whether the first model is right.
        after: the same of the second.
    """
    fixed, broken = int((after & ~before).sum()), int((before & ~after).sum())
    images = len(before)
    p_fixed, p_broken = (fixed + 1) / (images + 2), (broken + 1) / (images + 2)
    middle = p_fixed - p_broken
    reach = norm.ppf(0.975) * sqrt((p_fixed + p_broken - middle**2) / (images + 2))
    p = float(binomtest(fixed, fixed + broken).pvalue) if fixed + broken else 1.0
    return Difference(fixed, broken, (fixed - broken) / images, middle - reach, middle + reach, p)
