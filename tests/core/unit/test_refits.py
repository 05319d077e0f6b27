"""Accuracies over seeds and folds, compared as models and not as fits."""

from digits.results.refits import compare

import numpy as np
import pytest
from scipy.stats import t

SEEDS, FOLDS = 5, 3


def test_where_the_seed_changes_nothing_it_is_nadeau_and_bengio_s_test_of_the_folds() -> None:
    before, after = np.full((SEEDS, FOLDS), 0.9), np.tile([0.92, 0.91, 0.93], (SEEDS, 1))
    error = np.std([0.02, 0.01, 0.03], ddof=1) * np.sqrt(1 / FOLDS + 1 / (FOLDS - 1))
    found = compare(before, after)
    assert found.gain == pytest.approx(0.02)
    assert found.p == pytest.approx(2 * t.sf(0.02 / error, FOLDS - 1))
    assert found.low == pytest.approx(0.02 - error * t.ppf(0.975, FOLDS - 1))
    assert compare(before, before).p == 1


def test_pairs_that_differ_by_seeds_and_folds_alone_are_seldom_called_different_and_a_point_is_found() -> None:
    random, called, found = np.random.RandomState(0), 0, 0
    for _ in range(400):
        folds = random.normal(0, 0.003, FOLDS)
        one, other = (0.96 + folds + random.normal(0, 0.005, (SEEDS, FOLDS)) for _ in range(2))
        called += compare(one, other).p < 0.05
        found += compare(one, other + 0.01).p < 0.05
    assert called / 400 < 0.05
    assert found / 400 > 0.8
