"""IDX files, and what is wrong with those that are none."""

import gzip

from tests import tiny

import numpy as np
import pytest

TWO_IMAGES = bytes([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 3]) + bytes(range(12))
ZIPPED = gzip.compress(TWO_IMAGES, mtime=0)


def test_images_come_row_by_row() -> None:
    assert tiny.idx_array(TWO_IMAGES, (2, 3), 2).tolist() == [[[0, 1, 2], [3, 4, 5]], [[6, 7, 8], [9, 10, 11]]]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\0\0\x08\xff" + bytes(2000), "with 3 dimensions"),
        (bytes([0, 0, 13, 3]) + TWO_IMAGES[4:], "not an IDX file of bytes"),
        (TWO_IMAGES[:-1], "11 values, not the 12"),
        (TWO_IMAGES + b"\0", "13 values, not the 12"),
        (ZIPPED + b"and no more gzip", "damaged or cut off"),
        (ZIPPED[:-9], "damaged or cut off"),
        (bytes([0, 0, 8, 3, 255, 255, 255, 255]) + TWO_IMAGES[8:], "promises 4294967295 items"),
        (bytes([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 2]) + bytes(12), "shape"),
    ],
)
def test_what_is_wrong_is_reported(content: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        tiny.idx_array(content, (2, 3), 2)


def test_a_file_may_be_zipped_in_parts() -> None:
    parts = gzip.compress(TWO_IMAGES[:9]) + gzip.compress(TWO_IMAGES[9:]) + gzip.compress(b"")
    assert np.array_equal(tiny.idx_array(parts, (2, 3), 2), tiny.idx_array(TWO_IMAGES, (2, 3), 2))
