"""Rows brought into an order on disk, where memory does not hold them."""

from pathlib import Path

from digits.scale import shuffle
from digits.support.parameters import Split
from stages.split import split_rows
from tests import tiny

import numpy as np
import pytest


@pytest.mark.parametrize("bucket", [1, 7, 1000], ids="buckets of {}".format)
def test_rows_come_in_the_order_that_is_wanted_whatever_fits_into_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bucket: int
) -> None:
    monkeypatch.setattr(shuffle, "BUCKET", bucket)
    table = np.random.RandomState(0).randint(0, 256, (100, 5)).astype(np.uint8)
    orders = split_rows(Split(dataset="tiny", test=0.3), 100, 42)
    blocks = (table[start : start + 9] for start in range(0, 100, 9))
    for order, given in zip(orders, shuffle.permute_rows(blocks, orders, tmp_path), strict=True):
        numbers, values = zip(*given, strict=True)
        assert np.array_equal(np.concatenate(numbers), order)
        assert np.array_equal(np.concatenate(values), table[order])
    assert list(tmp_path.iterdir()) == []


def test_a_split_on_disk_has_the_same_bytes_as_one_in_memory(made: Path, tmp_path: Path) -> None:
    orders = split_rows(Split(dataset="tiny", test=tiny.TEST), tiny.IMAGES, 42)
    names = ["train.parquet", "test.parquet"]
    shuffle.split_file(made / "data/raw/tiny.parquet", orders, [tmp_path / name for name in names])
    for name in names:
        assert (tmp_path / name).read_bytes() == (made / "data/split/tiny" / name).read_bytes()
