from common import tables
from common.cli import ParameterError

import numpy as np
import pytest
from sklearn.model_selection import train_test_split

import tiny
from split import split_rows, take


def test_a_count_takes_the_last_rows_in_order_and_shuffles_the_others() -> None:
    train, test = split_rows(10, 3, seed=42)
    assert test.tolist() == [7, 8, 9]
    assert sorted(train.tolist()) == [0, 1, 2, 3, 4, 5, 6]
    assert train.tolist() != sorted(train.tolist())


def test_the_seed_alone_decides_the_order() -> None:
    first, again, other = (split_rows(1000, 100, seed)[0] for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize(("count", "share"), [(10, 0.2), (1797, 0.2), (70000, 0.2), (7, 0.33), (101, 0.99)])
def test_a_share_is_what_train_test_split_draws(count: int, share: float) -> None:
    train, test = train_test_split(np.arange(count), test_size=share, random_state=42)
    ours = split_rows(count, share, seed=42)
    assert np.array_equal(ours[0], train)
    assert np.array_equal(ours[1], test)


@pytest.mark.parametrize(("count", "test"), [(10, 10), (10, 11), (1, 0.5)])
def test_no_part_may_be_empty(count: int, test: int | float) -> None:
    with pytest.raises(ParameterError, match="leaves a part empty"):
        split_rows(count, test, seed=42)


def test_every_row_keeps_its_number_and_its_image() -> None:
    pixels, classes = tiny.digits()
    part = take(tables.image_table(pixels, classes, tiny.SHAPE), np.array([30, 2, 17]))
    assert part["row"].to_pylist() == [30, 2, 17]
    assert part["class"].to_pylist() == classes[[30, 2, 17]].tolist()
    assert part["pixel12"].to_pylist() == pixels[[30, 2, 17], 11].tolist()
