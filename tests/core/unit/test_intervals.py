"""Intervals and tests of accuracies: against published and hand-counted figures."""

from fractions import Fraction
from math import comb

from digits.evaluation.intervals import wilson
from digits.io.tables import Vector
from digits.results.intervals import compare, holm

import numpy as np
import pytest
from scipy.stats import ttest_1samp


def right(fixed: int, broken: int, both: int, neither: int = 0) -> tuple[Vector, Vector]:
    """Return what two models are right about, from the four counts."""
    before = np.repeat([False, True, True, False], [fixed, broken, both, neither])
    after = np.repeat([True, False, True, False], [fixed, broken, both, neither])
    return before, after


@pytest.mark.parametrize(("fixed", "broken"), [(6, 11), (1, 0)])
def test_p_is_that_of_the_exact_mcnemar_test(fixed: int, broken: int) -> None:
    """In whole numbers: how many of all ways to divide the images are as uneven."""
    images = fixed + broken
    as_uneven = sum(comb(images, k) for k in range(images + 1) if abs(2 * k - images) >= abs(fixed - broken))
    assert compare(*right(fixed, broken, 100)).p == pytest.approx(float(Fraction(as_uneven, 2**images)))


def test_the_approval_of_a_prime_minister() -> None:
    """A. Agresti, Categorical data analysis: of 1 600 voters 0.04 fewer approve, standard error 0.0095."""
    change = compare(*right(fixed=86, broken=150, both=794, neither=570))
    assert change.gain == pytest.approx(-0.04)
    assert [change.low, change.high] == pytest.approx([-0.0587, -0.0213], abs=2e-4)
    assert change.p < 0.0001
    assert compare(*right(0, 0, 98, 2)).p == 1


def test_the_interval_of_an_accuracy_is_wilson_s() -> None:
    """R. Newcombe, Two-sided confidence intervals for the single proportion (1998): the table's method 3."""
    assert wilson(15 / 148, 148) == pytest.approx((0.0624, 0.1605), abs=5e-5)
    assert wilson(0, 20) == pytest.approx((0, 0.1611), abs=5e-5)


def test_with_groups_it_is_the_t_test_of_what_each_adds() -> None:
    """Groups of one size: scikit-learn's digits have such forms. Then it is the t-test of the groups' differences."""
    random = np.random.RandomState(0)
    group, before = np.repeat(np.arange(8), 50), random.random(400) < 0.8
    after = before ^ (random.random(400) < 0.1)
    by_group = (after.astype(int) - before).reshape(8, 50).mean(axis=1)
    expected = ttest_1samp(by_group, 0)
    change = compare(before, after, group)
    assert change.p == pytest.approx(expected.pvalue)
    assert change[2:4] == pytest.approx((expected.confidence_interval().low, expected.confidence_interval().high))
    assert compare(before, after, np.zeros(400)).p == compare(before, before, group).p == 1


def test_the_p_of_several_tests_are_corrected() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == []
