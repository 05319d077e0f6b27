"""Decide whether the difference of two models is significant.

All commands and the report use this one rule. Two models are compared on their cross-validated
predictions of the same images in the same folds, or, without folds, on the test images. The
difference is significant if the p-value is below 0.01.

- Without groups, the p-value is that of McNemar's exact test.
- With six groups or more, it is that of a t-test of the differences of the groups.
- With fewer groups there is no test.

The 99 % confidence interval of the difference excludes 0 if and only if the difference is
significant. The tests compare two fitted models. They say nothing of models with other seeds.
"""

import math
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import binomtest, ttest_1samp

from digits.core import paths, tables
from digits.core.pixels import Vector
from digits.evaluation.intervals import MIN_GROUPS, linearized_values
from digits.messages.errors import UserError

SIGNIFICANCE_LEVEL = 0.01

Reader = Callable[[Path], pd.DataFrame]

# Two tables of predictions must agree in these columns, if they have them.
MATCHING_COLUMNS = ["row", "label", "fold", "group"]


class PairedTest(NamedTuple):
    """The result of a statistical test of a difference."""

    p_value: float
    low: float  # the ends of the 99 % confidence interval, in percentage points
    high: float


class Difference(NamedTuple):
    """The difference of two models on the same images.

    Attributes:
        subset: `cross_validation`, or `test` if the predictions are those of the test images.
        images: the number of images.
        accuracy_before: the accuracy of the first model, 0 to 1.
        accuracy_after: the accuracy of the second model, 0 to 1.
        difference: the accuracy after minus the accuracy before, in percentage points.
        fixed: the number of images that only the second model predicts correctly.
        broken: the number of images that only the first model predicts correctly.
        p_value: the p-value. Like `low` and `high`, it is NaN without a test.
        low: the lower end of the 99 % confidence interval, in percentage points.
        high: its upper end.
        is_significant: whether the difference is significant, or None without a test.
        points_of_groups: the difference of each group, in percentage points. It is empty if the
            images have no groups.
    """

    subset: str
    images: int
    accuracy_before: float
    accuracy_after: float
    difference: float
    fixed: int
    broken: int
    p_value: float
    low: float
    high: float
    is_significant: bool | None
    points_of_groups: list[float]


def is_significant(p_value: float) -> bool | None:
    """Return whether a difference is significant, or None if it was not tested."""
    return None if math.isnan(p_value) else p_value < SIGNIFICANCE_LEVEL


def compare_models(
    first: str, second: str, read_first: Reader = tables.read, read_second: Reader = tables.read
) -> Difference:
    """Compare two models.

    They are compared by their cross-validated predictions or, if one of the two has no folds,
    by their predictions of the test set.

    The readers read tables of the first and the second model, for example from a revision.

    Raises:
        UserError: the predictions cannot be read, or are of different images.
    """
    before = read_first(paths.cv_predictions(first))
    after = read_second(paths.cv_predictions(second))
    if "fold" not in before or "fold" not in after:
        before = read_first(paths.predictions(first))
        after = read_second(paths.predictions(second))
    return compare_predictions(before, after)


def compare_predictions(before: pd.DataFrame, after: pd.DataFrame) -> Difference:
    """Compare two tables of predictions.

    Raises:
        UserError: the tables differ in their images, labels, folds or groups.
    """
    images_before = before.filter(MATCHING_COLUMNS).reset_index(drop=True)
    images_after = after.filter(MATCHING_COLUMNS).reset_index(drop=True)
    if not images_before.equals(images_after):
        raise UserError(
            "the two have different images, labels or folds, so they cannot be compared"
        )
    is_correct_before = (before["label"] == before["prediction"]).to_numpy()
    is_correct_after = (after["label"] == after["prediction"]).to_numpy()
    changes = is_correct_after.astype(int) - is_correct_before.astype(int)
    points_of_groups: list[float] = []
    test = PairedTest(math.nan, math.nan, math.nan)  # if there are too few groups
    if "group" not in before:
        test = mcnemar_test(changes)
    else:
        groups = before["group"].to_numpy()
        points_of_groups = (100 * pd.Series(changes).groupby(groups).mean()).tolist()
        if len(points_of_groups) >= MIN_GROUPS:
            test = t_test(linearized_values(changes, groups))

    subset = "cross_validation" if "fold" in before else "test"
    accuracy_before = is_correct_before.mean()
    accuracy_after = is_correct_after.mean()
    return Difference(
        subset=subset,
        images=len(changes),
        accuracy_before=accuracy_before,
        accuracy_after=accuracy_after,
        difference=100 * (accuracy_after - accuracy_before),
        fixed=int((changes > 0).sum()),
        broken=int((changes < 0).sum()),
        **test._asdict(),
        is_significant=is_significant(test.p_value),
        points_of_groups=points_of_groups,
    )


def mcnemar_test(changes: Vector) -> PairedTest:
    """Return the result of McNemar's exact test.

    It is a binomial test: if the models do not differ, an image that changed is as likely to
    be fixed as to be broken.

    Args:
        changes: 1 for an image that only the second model predicts correctly, -1 for an image
            that only the first model predicts correctly, and 0 for all others, shape
            (n_images,).
    """
    n_changed = np.count_nonzero(changes)
    if n_changed == 0:
        return PairedTest(p_value=1.0, low=0.0, high=0.0)
    n_fixed = np.count_nonzero(changes > 0)
    test = binomtest(n_fixed, n_changed)
    proportion_fixed = test.proportion_ci(1 - SIGNIFICANCE_LEVEL)
    # The mean change is (n_fixed - n_broken) / n_images, where n_broken = n_changed - n_fixed.
    percent_changed = 100 * n_changed / len(changes)
    return PairedTest(
        p_value=float(test.pvalue),
        low=float((2 * proportion_fixed.low - 1) * percent_changed),
        high=float((2 * proportion_fixed.high - 1) * percent_changed),
    )


def t_test(differences: Vector) -> PairedTest:
    """Return the result of a t-test of the mean of differences of accuracies, -1 to 1.

    `differences` has the shape (n_differences,).
    """
    if np.allclose(differences, differences[0]):  # without variance there is no t statistic
        points = 100 * float(differences[0])
        return PairedTest(1.0 if np.isclose(points, 0) else 0.0, low=points, high=points)
    test = ttest_1samp(differences, popmean=0)
    interval = test.confidence_interval(1 - SIGNIFICANCE_LEVEL)
    return PairedTest(
        p_value=float(test.pvalue),
        low=100 * float(interval.low),
        high=100 * float(interval.high),
    )
