"""Assign the training images to the folds of a cross-validation."""

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from digits.core.pixels import Vector
from digits.messages.errors import UserError


def assign_folds(y: Vector, groups: pd.Series | None, n_folds: int) -> Vector | None:
    """Return the fold in which each image is held out, from 1 to `n_folds`, shape (n_images,).

    The folds are stratified by label. No group is in two folds.

    Args:
        y: the labels, shape (n_images,).
        groups: the group of each image, or None.
        n_folds: the number of folds. With 0, None is returned: there is no cross-validation.

    Raises:
        UserError: there are too few images or groups, or one fold has all of a label.
    """
    if n_folds == 0:
        return None
    check_counts(y, n_folds, groups)
    # The splitters do not shuffle, because the training images are already shuffled.
    splitter_class = StratifiedKFold if groups is None else StratifiedGroupKFold
    splits = splitter_class(n_folds).split(y, y, groups)  # an X is required, but not used

    test_fold = np.zeros(len(y), dtype=np.uint8)
    for fold, (train_rows, test_rows) in enumerate(splits, start=1):
        test_fold[test_rows] = fold
        missing = np.setdiff1d(y, y[train_rows])  # may happen only with groups
        if len(missing):
            raise UserError(
                f"folds: {n_folds}, but all groups with the label {missing[0]} are in one "
                "fold; use another number"
            )
    return test_fold


def check_counts(y: Vector, n_folds: int, groups: pd.Series | None) -> None:
    """Check that there are enough images of each label, and enough groups."""
    _, label_counts = np.unique(y, return_counts=True)
    max_folds = label_counts.min()
    if groups is not None:
        max_folds = min(max_folds, groups.nunique())
    if n_folds > max_folds:
        raise UserError(
            f"folds: {n_folds}; at most {max_folds}, the number of images of the rarest label, "
            "or of groups; 0 for no cross-validation"
        )
