"""Intervals and tests of accuracies: against published and hand-counted figures."""

from fractions import Fraction
from math import comb

from digits.io.tables import Vector
from digits.results.intervals import accuracy_interval, compare

import numpy as np
import pytest


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
    assert (change.fixed, change.broken, change.gain) == (86, 150, -0.04)
    assert [change.low, change.high] == pytest.approx([-0.0587, -0.0213], abs=2e-4)
    assert change.p < 0.0001
    assert compare(*right(0, 0, 98, 2)).p == 1


def test_the_interval_of_an_accuracy_is_wilson_s() -> None:
    """R. Newcombe, Two-sided confidence intervals for the single proportion (1998): the table's method 3."""
    assert accuracy_interval(15, 148) == pytest.approx((0.0624, 0.1605), abs=5e-5)
    assert accuracy_interval(0, 20) == pytest.approx((0, 0.1611), abs=5e-5)
