"""95 % intervals of shares: Wilson's, as if images were independent, or Student's of at least six groups."""

from digits.core.tables import Vector

import numpy as np
from scipy.stats import binomtest, ttest_1samp

FEWEST_GROUPS = 6  # fewer tell nothing of the next one
TINY = 1e-9


def interval(is_right: Vector, group: Vector | None = None) -> tuple[float, float] | None:
    """Return the ends of the interval of the share of rows that are right, two vectors of shape (rows,); 0 to 1.

    None where there are no rows, fewer than six groups, or no group differs from another.
    """
    if group is None:
        return (
            tuple(binomtest(int(is_right.sum()), len(is_right)).proportion_ci(method="wilson"))
            if len(is_right)
            else None
        )
    values = of_groups(is_right, group)
    if len(values) < FEWEST_GROUPS or np.ptp(values) < TINY:
        return None
    low, high = ttest_1samp(values, 0).confidence_interval()
    return max(float(low), 0.0), min(float(high), 1.0)


def of_groups(values: Vector, group: Vector) -> Vector:
    """Return a value for each group, shape (groups,), whose mean is that of all rows: a large group counts for more."""
    numbers, of_row = np.unique(group, return_inverse=True)
    mean = values.mean()
    return mean + np.bincount(of_row, values - mean) * len(numbers) / len(values)
