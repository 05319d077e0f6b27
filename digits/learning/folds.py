"""The folds of the cross-validation."""

import numpy as np
from sklearn.model_selection import StratifiedKFold

from digits.common.cli import ParameterError
from digits.common.tables import Vector


def split(labels: Vector, folds: int) -> list[tuple[Vector, Vector]]:
    """Return the rows to fit on and the rows held out, for each of several stratified folds.

    Raises:
        ParameterError: a class has fewer rows than there are folds.
    """
    classes, counts = np.unique(labels, return_counts=True)
    if counts.min() < folds:
        rarest = classes[counts.argmin()]
        raise ParameterError(
            f"folds: {folds}, but only {counts.min()} training rows have the label {rarest}; use fewer"
        )
    return list(StratifiedKFold(folds).split(labels, labels))


def fold_of_each_row(parts: list[tuple[Vector, Vector]]) -> Vector:
    """Return the fold of each row, from 1, of shape (rows,), from what `split` gives."""
    fold = np.empty(sum(len(held_out) for _, held_out in parts), np.uint8)
    for i, (_, held_out) in enumerate(parts, 1):
        fold[held_out] = i
    return fold
