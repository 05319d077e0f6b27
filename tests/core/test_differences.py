"""How two models are compared on the same images, and when their difference is significant."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest, ttest_1samp

from digits.messages.errors import UserError
from digits.results.differences import (
    Difference,
    compare_models,
    compare_predictions,
    is_significant,
    t_test,
)
from digits.results.numbers import format_p_value, format_points
from digits.results.tables import format_rows
from digits.results.verdicts import format_significance, format_verdict


def make_predictions(is_correct: Any, **columns: Any) -> pd.DataFrame:
    """Return predictions of ten digits that are correct where `is_correct` is true."""
    rows = 1_000 + np.arange(len(is_correct))
    labels = rows % 10
    wrong = (labels + 1) % 10
    prediction = np.where(is_correct, labels, wrong)
    return pd.DataFrame({"row": rows, "label": labels, "prediction": prediction, **columns})


NUMBERS = np.arange(400)
BEFORE = NUMBERS % 40 > 1  # whether 400 predictions are correct
AFTER = NUMBERS % 80 > 0
FIXED = int((AFTER & ~BEFORE).sum())
BROKEN = int((BEFORE & ~AFTER).sum())


@pytest.mark.parametrize("without_folds", ["before", "after"])
def test_if_one_of_two_models_has_no_folds_they_are_compared_on_the_test_set(
    without_folds: str,
) -> None:
    def read(path: Path) -> pd.DataFrame:
        if "predictions" in path.parts:
            return make_predictions(NUMBERS < 7)
        table = make_predictions(BEFORE, fold=1)
        return table[["row", "label"]] if path.stem == without_folds else table

    difference = compare_models("before", "after", read, read)
    assert difference.subset == "test"
    assert difference.accuracy_after == 7 / 400


def test_a_difference_is_significant_below_a_p_value_of_0_01() -> None:
    assert is_significant(0.0099) is True
    assert is_significant(0.01) is False


def test_a_difference_is_tested_by_the_exact_test_of_these_images() -> None:
    difference = compare_predictions(make_predictions(BEFORE), make_predictions(AFTER))
    assert (difference.fixed, difference.broken) == (FIXED, BROKEN)
    assert difference.images == 400
    assert difference.accuracy_before == BEFORE.mean()
    assert difference.accuracy_after == AFTER.mean()
    test = binomtest(FIXED, FIXED + BROKEN)
    assert difference.p_value == pytest.approx(test.pvalue)
    assert difference.is_significant
    proportion_fixed = test.proportion_ci(0.99)
    points = 100 * (FIXED + BROKEN) / 400
    assert difference.low == pytest.approx((2 * proportion_fixed.low - 1) * points)
    assert difference.high == pytest.approx((2 * proportion_fixed.high - 1) * points)
    assert difference.low > 0  # the interval excludes 0, as the p-value says
    verdict = format_verdict(difference)
    start = "400 images of the test set: the difference is significant (99 % interval +"
    assert verdict.startswith(start)
    assert verdict.endswith(" points) in McNemar's exact test")


def test_the_same_predictions_have_a_p_value_of_1_and_an_interval_without_width() -> None:
    difference = compare_predictions(make_predictions(BEFORE), make_predictions(BEFORE))
    assert difference.p_value == 1
    interval = "99 % interval +0.00 to +0.00 points"
    significance = format_significance(difference.p_value, difference.low, difference.high)
    assert significance == f"no significant difference ({interval})"


RNG = np.random.default_rng(1)
GROUPED_BEFORE = RNG.random(240) < 0.7
GROUPED_AFTER = RNG.random(240) < 0.9
GROUPS = np.repeat(np.arange(12), 20)


def compare_groups(groups: Any) -> Difference:
    """Return the difference of two models on images of some groups."""
    before = make_predictions(GROUPED_BEFORE, group=groups)
    after = make_predictions(GROUPED_AFTER, group=groups)
    return compare_predictions(before, after)


def test_a_difference_on_groups_is_tested_by_a_t_test() -> None:
    difference = compare_groups(GROUPS)
    changes = GROUPED_AFTER.astype(int) - GROUPED_BEFORE
    test = ttest_1samp(changes.reshape(12, 20).mean(axis=1), 0)
    assert difference.p_value == pytest.approx(test.pvalue)
    interval = test.confidence_interval(0.99)
    assert difference.low == pytest.approx(100 * interval.low)
    assert difference.high == pytest.approx(100 * interval.high)
    assert format_verdict(difference).endswith(" points) in a t-test over 12 groups")


def test_the_interval_of_groups_of_different_sizes_is_around_the_difference() -> None:
    difference = compare_groups(np.minimum(GROUPS, 7))
    middle = (difference.low + difference.high) / 2
    assert middle == pytest.approx(difference.difference)


def test_a_difference_on_fewer_than_six_groups_is_not_tested() -> None:
    assert compare_groups(GROUPS // 2).is_significant is not None
    assert compare_groups(np.minimum(GROUPS // 2, 4)).is_significant is None
    difference = compare_groups(GROUPS // 4)
    assert difference.is_significant is None
    assert np.isnan([difference.p_value, difference.low, difference.high]).all()
    changes = GROUPED_AFTER.astype(int) - GROUPED_BEFORE
    points = 100 * changes.reshape(3, 80).mean(axis=1)
    assert difference.points_of_groups == pytest.approx(points.tolist())
    start = "240 images of the test set: too few groups for a test: 3 (differences "
    assert format_verdict(difference).startswith(start)


def test_a_difference_is_never_a_negative_zero() -> None:
    assert format_points(-0.001) == "+0.00"
    assert format_points(-0.01) == "-0.01"


@pytest.mark.parametrize(
    ("p_value", "text"),
    [(0.00099, "< 0.001"), (0.001, "0.001"), (0.0449, "0.045"), (1.0, "1"), (np.nan, "–")],
)
def test_a_p_value_has_two_digits(p_value: float, text: str) -> None:
    assert format_p_value(p_value) == text


@pytest.mark.parametrize(("difference", "p_value"), [(0.02, 0), (-0.02, 0), (0, 1)])
def test_differences_that_are_all_equal_have_no_variance(
    difference: float, p_value: float
) -> None:
    test = t_test(np.full(7, difference))
    assert test == (p_value, 100 * difference, 100 * difference)


@pytest.mark.parametrize("column", ["row", "label", "fold", "group"])
def test_other_images_labels_folds_or_groups_are_not_compared(column: str) -> None:
    one = make_predictions(np.ones(6), fold=1, group=1)
    other = one.copy()
    other[column] += np.arange(6) == 2
    with pytest.raises(UserError, match="different images, labels or folds"):
        compare_predictions(one, other)


def test_a_bar_or_a_new_line_in_a_cell_keeps_the_columns_of_markdown() -> None:
    text = format_rows(["class", "share"], [["a|b\nc", "1"]], "markdown")
    assert text.splitlines()[-1] == "| a\\|b c |     1 |"
