import numpy as np

from stages.binarize import binarize

CLASSES = np.array([0, 1, 2, 9, 2], dtype=np.uint8)


def test_positive_digits_are_one_and_all_others_zero() -> None:
    assert binarize(CLASSES, [2]).tolist() == [0, 0, 1, 0, 1]
    assert binarize(CLASSES, [0, 1]).tolist() == [1, 1, 0, 0, 0]


def test_without_positive_digits_the_label_is_the_digit() -> None:
    assert binarize(CLASSES, None).tolist() == [0, 1, 2, 9, 2]
