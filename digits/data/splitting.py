"""Choose which images of a dataset are the training set, and which are the test set."""

import hashlib
import math
from typing import Any

from digits.core.errors import UserError
from digits.core.params import LastGroups, TestSize
from digits.core.tables import Groups, Pixels, Vector, pixels

import numpy as np
import pandas as pd


def split_rows(images: pd.DataFrame, test: TestSize, seed: int) -> tuple[Vector, Vector]:
    """Return the row numbers of the training set, shuffled, and of the test set.

    No group is in both sets.

    Args:
        images: a table of images.
        test: which images are the test set.

            - an integer n: the last n images, in their order.
            - a fraction: random images, or random groups if the images have groups.
            - LastGroups: the last groups.
            - ChecksumShare: a share of each class, or of the groups, chosen by checksums, so
              that a new image hardly changes the test set.
        seed: the seed of the random numbers.

    Raises:
        UserError: a number of images would put a group into both sets.
    """
    rows = np.arange(len(images), dtype=np.uint32)
    groups: Any = images.get("group")  # None if the dataset has no groups
    rng = np.random.RandomState(seed)
    if isinstance(test, float) and groups is None:
        # The same rows as scikit-learn's train_test_split, whose import takes a second.
        shuffled = rng.permutation(rows)
        n_test = math.ceil(test * len(rows))
        return shuffled[n_test:], shuffled[:n_test]

    if isinstance(test, int):
        is_test = select_last_images(len(rows), test, groups)
    elif isinstance(test, float):
        is_test = select_random_groups(groups, test, rng)
    elif isinstance(test, LastGroups):
        is_test = select_last_groups(groups, test.groups, rng)
    # What remains is a ChecksumShare.
    elif groups is None:
        is_test = select_images_by_checksum(pixels(images), images["class"], test.share)
    else:
        is_test = select_groups_by_checksum(pixels(images), groups, test.share)
    train_rows = rows[~is_test]
    rng.shuffle(train_rows)
    return train_rows, rows[is_test]


def select_last_images(n_images: int, n_test: int, groups: Groups) -> Vector:
    """Return a mask of the last images, shape (n_images,).

    Raises:
        UserError: a group would be in both sets.
    """
    is_test = np.arange(n_images) >= n_images - n_test
    if groups is not None:
        in_both_sets = np.intersect1d(groups[is_test], groups[~is_test])
        if len(in_both_sets):
            raise UserError(
                f"test: {n_test} cuts group {in_both_sets[0]} in two; use {{groups: 1}}, "
                "or another count"
            )
    return is_test


def select_random_groups(
    groups: pd.Series, fraction: float, rng: np.random.RandomState
) -> Vector:
    """Return a mask of the images of random groups, chosen as GroupShuffleSplit does."""
    shuffled_groups = rng.permutation(np.unique(groups))
    n_test = math.ceil(fraction * len(shuffled_groups))
    return np.isin(groups, shuffled_groups[:n_test])


def select_last_groups(groups: pd.Series, n_test: int, rng: np.random.RandomState) -> Vector:
    """Return a mask of the images of the last groups."""
    unique_groups = np.unique(groups)
    # The result is unused, but without this call the training images would be shuffled into
    # another order than in the published results.
    rng.permutation(unique_groups)
    return np.isin(groups, unique_groups[-n_test:])


def select_images_by_checksum(X: Pixels, classes: pd.Series, share: float) -> Vector:
    """Return a mask of a share of the images of each class, those with the lowest numbers.

    At least one image of each class stays in the training set.
    """
    numbers = checksum_numbers(X)
    is_test = np.zeros(len(X), dtype=bool)
    for class_number in np.unique(classes):
        of_class = (classes == class_number).to_numpy()
        sorted_numbers = np.sort(numbers[of_class])
        n_images = len(sorted_numbers)
        n_test = min(math.ceil(share * n_images), n_images - 1)
        # Images with the same pixels have the same number, and stay together.
        is_test[of_class] = numbers[of_class] < sorted_numbers[n_test]
    return is_test


def select_groups_by_checksum(X: Pixels, groups: pd.Series, share: float) -> Vector:
    """Return a mask of the images of a share of the groups, those with the lowest numbers.

    The number of a group is that of its first image.
    """
    unique_groups, first_rows = np.unique(groups, return_index=True)
    from_lowest = np.argsort(checksum_numbers(X[first_rows]))
    n_test = math.ceil(share * len(unique_groups))
    return np.isin(groups, unique_groups[from_lowest[:n_test]])


def checksum_numbers(X: Pixels) -> Vector:
    """Return a number from 0 to 1 for each image, which depends on its pixels alone."""
    numbers = np.zeros(len(X))
    for row, image in enumerate(X):
        first_bytes = hashlib.sha256(image).digest()[:8]
        numbers[row] = int.from_bytes(first_bytes, "big")
    return numbers / 2**64
