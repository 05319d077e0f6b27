"""95 % intervals of metrics: by group where there are groups, else as if the images were independent.

An `Estimate` says how far each image moves its metric: the derivative by the image's weight (L. Jaeckel, The
infinitesimal jackknife, 1972). Images of a group err together, so their shares are added up before they are squared:
that is the variance by linearization of D. Binder (1983). The interval is Wilson's (1927) for as many independent
images as would vary as much, fewer where there are few groups (E. Korn and B. Graubard, Confidence intervals for
proportions with small expected number of positive counts estimated from survey data, 1998; N. Dean and M. Pagano,
Evaluating confidence interval methods for binomial proportions in clustered surveys, 2015). Of an accuracy without
groups it is Wilson's own.
"""

from math import sqrt
from statistics import NormalDist
from typing import NamedTuple

from digits.io.tables import Vector

import numpy as np
from scipy.special import stdtrit

Z = NormalDist().inv_cdf(0.975)


class Estimate(NamedTuple):
    """A metric of some rows, 0 to 1."""

    value: float
    influence: Vector  # shape (rows,): how fast it grows with the weight of each row; the sum is 0
    rows: int  # that it is about, such as those of one class


def share(is_right: Vector, among: Vector | None = None) -> Estimate:
    """Return the share of rows that are right, among all or some; two vectors of bool, shape (rows,)."""
    among = np.ones(len(is_right), bool) if among is None else among
    count = int(among.sum())
    value = float((is_right & among).sum() / max(count, 1))
    return Estimate(value, among * (is_right - value) / max(count, 1), count)


def mean(estimates: list[Estimate]) -> Estimate:
    """Return the mean of estimates of the same rows."""
    values, influences, rows = zip(*estimates, strict=True)
    return Estimate(float(np.mean(values)), np.mean(influences, axis=0), sum(rows))


def interval(estimate: Estimate, group: Vector | None = None) -> tuple[float, float]:
    """Return the ends of the 95 % interval: 0 and 1 where all rows are of one group, or there are none."""
    value, sums, freedom = estimate.value, estimate.influence, np.inf
    if group is not None:
        sums = np.bincount(np.unique(group, return_inverse=True)[1], weights=estimate.influence)
        freedom = len(sums) - 1
    if not freedom or not estimate.rows:
        return 0.0, 1.0
    variance = float((sums**2).sum()) * (1 if np.isinf(freedom) else (freedom + 1) / freedom)
    images = value * (1 - value) / variance if variance else estimate.rows
    if group is not None:  # by chance few groups may seem to vary less than independent images
        images = min(images, estimate.rows) * (Z / stdtrit(freedom, 0.975)) ** 2
    return wilson(value, images)


def wilson(share: float, images: float) -> tuple[float, float]:
    """Return the ends of the 95 % interval of a share of so many independent images, 0 to 1."""
    middle = (share + Z**2 / (2 * images)) / (1 + Z**2 / images)
    reach = Z / (1 + Z**2 / images) * sqrt(share * (1 - share) / images + (Z / (2 * images)) ** 2)
    return max(middle - reach, 0.0), min(middle + reach, 1.0)
