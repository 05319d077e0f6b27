"""Choose which images of a dataset go into the training set, and which into the test set."""

import math
from collections.abc import Sequence
from hashlib import sha256

import numpy as np
import pandas as pd

from digits.core.images import Images, checksum_prefixes
from digits.core.pixels import Vector
from digits.messages.errors import UserError
from digits.settings.params import ChecksumShare, LastGroups, TestSize


def split_rows(images: Images, test: TestSize, seed: int) -> tuple[Vector, Vector]:
    """Return the row numbers of the training set, shuffled, and of the test set.

    No group is in both sets.

    Args:
        images: the images.
        test: which images are the test set.

            - `given`: the test set that came with the images.
            - an integer n: the last n images, in their order.
            - a fraction: random images, shuffled, or random groups if the images have groups.
            - LastGroups: the last groups.
            - ChecksumShare: a share of each class, or of the groups, chosen by checksums. An
              added image moves at most one other image, or group, between the sets.
        seed: the seed of the random numbers.

    Raises:
        UserError: a group would be in both sets.
    """
    rows = np.arange(len(images), dtype=np.uint32)
    # Random splits equal those of scikit-learn's `train_test_split` and `GroupShuffleSplit`.
    # They are computed here, so that a new version of scikit-learn cannot change them. NumPy
    # guarantees RandomState's numbers (NEP 19).
    rng = np.random.RandomState(seed)
    if test == "given":
        is_test = select_given_images(images)
    elif isinstance(test, int):
        is_test = select_last_images(images, test)
    elif images.groups is None:
        match test:
            case float():
                n_test = count_test_items(test, len(rows))
                shuffled = rng.permutation(rows)
                return shuffled[n_test:], shuffled[:n_test]
            case LastGroups():
                raise UserError("test: the dataset has no groups; use a number of images")
            case ChecksumShare():
                is_test = select_images_by_checksum(images, test.share)
    elif isinstance(test, ChecksumShare):
        is_test = select_groups_by_checksum(images.groups, images.group_names, test.share)
    else:
        is_test = select_groups(images.groups, test, rng)
    return rng.permutation(rows[~is_test]), rows[is_test]


def count_test_items(fraction: float, n_items: int) -> int:
    """Return how many items are the test set, rounded up. At least one is left to train on."""
    return min(math.ceil(fraction * n_items), n_items - 1)


def select_given_images(images: Images) -> Vector:
    """Return a mask of the test set that came with the images, shape (n_images,)."""
    if "test" not in images.table:
        raise UserError("test: the dataset came without a test set; use {share: 0.25}")
    is_test: Vector = images.table["test"].to_numpy()
    check_no_group_is_divided(images, is_test, "use {share: 0.25}, or remove the groups")
    return is_test


def select_last_images(images: Images, n_test: int) -> Vector:
    """Return a mask of the last images, shape (n_images,)."""
    check_train_set_not_empty(n_test, len(images), "images")
    is_test = np.arange(len(images)) >= len(images) - n_test
    check_no_group_is_divided(images, is_test, "use {groups: 1}, or another number")
    return is_test


def check_no_group_is_divided(images: Images, is_test: Vector, advice: str) -> None:
    """Raise a UserError if a group is in both sets. `advice` is what to do then."""
    if images.groups is None:
        return
    in_both_sets = np.intersect1d(images.groups[is_test], images.groups[~is_test])
    if len(in_both_sets):
        first = in_both_sets[0]
        name = images.group_names[first] if images.group_names else first
        raise UserError(
            f"test: {len(in_both_sets)} groups would be in both the training set and the test "
            f"set, first {name}; {advice}"
        )


def check_train_set_not_empty(n_test: int, total: int, unit: str) -> None:
    """Raise a UserError if no images or groups are left to train on."""
    if n_test >= total:
        raise UserError(f"test: {n_test} of {total} {unit} leaves none to train on; use fewer")


def select_groups(
    groups: pd.Series, test: float | LastGroups, rng: np.random.RandomState
) -> Vector:
    """Return a mask of the images of random groups or of the last groups, shape (n_images,)."""
    unique_groups = np.unique(groups)
    # The last groups do not need the permutation. Drawing it keeps the published order of the
    # training rows, which the next random numbers shuffle.
    shuffled_groups = rng.permutation(unique_groups)
    if isinstance(test, LastGroups):
        check_train_set_not_empty(test.groups, len(unique_groups), "groups")
        test_groups = unique_groups[-test.groups :]
    else:
        test_groups = shuffled_groups[: count_test_items(test, len(unique_groups))]
    return np.isin(groups, test_groups)


def select_images_by_checksum(images: Images, share: float) -> Vector:
    """Return a mask of a share of the images of each class, those with the lowest checksums."""
    checksums = checksum_prefixes(images)
    is_test = np.zeros(len(images), dtype=bool)
    for class_number in np.unique(images.classes):
        is_of_class = images.classes == class_number
        sorted_checksums = np.sort(checksums[is_of_class])
        n_test = count_test_items(share, len(sorted_checksums))
        # The test set is every image below the first checksum of the training set. Duplicates
        # have the same checksum, so they are never divided.
        first_train_checksum = sorted_checksums[n_test]
        is_test |= is_of_class & (checksums < first_train_checksum)
    return is_test


def select_groups_by_checksum(
    groups: pd.Series, names: Sequence[str] | None, share: float
) -> Vector:
    """Return a mask of the images of a share of the groups, those with the lowest checksums.

    Args:
        groups: the number of each image's group.
        names: the names of the groups, or None if they have only numbers.
        share: the share of the groups, 0 to 1.
    """
    unique_groups = np.unique(groups)
    checksums = []
    for group in unique_groups:
        name = names[group] if names else str(group)
        checksums.append(sha256(name.encode()).hexdigest())
    groups_by_checksum = unique_groups[np.argsort(checksums)]
    n_test = count_test_items(share, len(unique_groups))
    return np.isin(groups, groups_by_checksum[:n_test])
