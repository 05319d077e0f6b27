"""Confidence intervals of proportions, with and without groups."""

import numpy as np
import pandas as pd
from scipy.stats import binomtest, ttest_1samp

from digits.core.pixels import Vector

MIN_GROUPS = 6  # with fewer groups there is no confidence interval


def confidence_interval(
    is_correct: Vector, groups: Vector | None = None
) -> tuple[float, float]:
    """Return the 95 % confidence interval of a proportion.

    Without groups it is Wilson's interval. The images of one group, such as a writer, are not
    independent. With groups it is therefore a cluster-robust t interval, which is approximate.

    Args:
        is_correct: whether each prediction is correct, shape (n_images,).
        groups: the group of each image, shape (n_images,), or None.

    Returns:
        Its lower and upper end, 0 to 1. They are NaN without images, with fewer than six
        groups, or if all groups have the same accuracy, so that the interval would have no
        width.
    """
    if len(is_correct) == 0:
        return np.nan, np.nan
    if groups is None:
        test = binomtest(int(is_correct.sum()), len(is_correct))
        wilson = test.proportion_ci(method="wilson")
        return wilson.low, wilson.high

    values = linearized_values(is_correct, groups)
    if len(values) < MIN_GROUPS or np.allclose(values, values[0]):
        return np.nan, np.nan
    test = ttest_1samp(values, popmean=0)  # only its interval is of interest
    interval = test.confidence_interval()
    return max(interval.low, 0.0), min(interval.high, 1.0)


def linearized_values(values: Vector, groups: Vector) -> Vector:
    """Return the Taylor-linearized values of the ratio estimator, shape (n_groups,).

    Each group's value is m + (sum of its deviations from m) / (mean group size), where m is the
    mean of all values and of the result. A large group therefore counts more than a small one.
    Source: W. Cochran, "Sampling techniques", 1977, the ratio estimate of cluster samples.

    Args:
        values: shape (n_images,).
        groups: the group of each image, shape (n_images,).
    """
    deviations = pd.Series(values - values.mean()).groupby(np.asarray(groups)).sum()
    mean_size = len(values) / len(deviations)
    return values.mean() + deviations.to_numpy() / mean_size
