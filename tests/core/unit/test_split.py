"""Which rows each part has, and what a label means."""

from digits.io.tables import Vector
from digits.support.parameters import Split
from stages.binarize import binarize
from stages.split import split_rows

import numpy as np
import pytest
from sklearn.model_selection import train_test_split


def rows(count: int, test: int | float, seed: int = 42) -> tuple[Vector, Vector]:
    """Split so many rows."""
    return split_rows(Split(dataset="tiny", test=test), count, seed)


def test_a_count_takes_the_last_rows_in_order_and_shuffles_the_others() -> None:
    train, test = rows(10, 3)
    assert test.tolist() == [7, 8, 9]
    assert sorted(train.tolist()) == [0, 1, 2, 3, 4, 5, 6]
    assert train.tolist() != sorted(train.tolist())


@pytest.mark.parametrize(("count", "share"), [(1797, 0.2), (7, 0.33), (101, 0.99)])
def test_a_share_is_what_train_test_split_draws(count: int, share: float) -> None:
    train, test = train_test_split(np.arange(count), test_size=share, random_state=42)
    assert all(map(np.array_equal, rows(count, share), (train, test)))


def test_positive_digits_are_one_and_all_others_zero() -> None:
    classes = np.array([0, 1, 2, 9, 2], np.uint8)
    assert binarize(classes, [2]).tolist() == [0, 0, 1, 0, 1]
    assert binarize(classes, [0, 1]).tolist() == [1, 1, 0, 0, 0]
    assert binarize(classes, []).tolist() == [0, 1, 2, 9, 2]
