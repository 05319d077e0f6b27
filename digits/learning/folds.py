"""Folds of the cross-validation: nothing is fitted on rows that it will be judged on."""

from digits.core.errors import PipelineError
from digits.core.tables import Vector

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold


def fold_of_rows(y: Vector, folds: int, group: Vector | None = None) -> Vector | None:
    """Return the stratified fold of each row, from 1, of shape (rows,); None for no folds. A group is in one fold.

    A PipelineError if there are too few classes, or too few rows or groups of one.
    """
    classes, counts = np.unique(y, return_counts=True)
    if len(classes) < 2:
        raise PipelineError(f"all training rows have the label {y[0]}; a model needs two")
    if not folds:
        return None
    most = int(min(counts.min(), np.inf if group is None else len(np.unique(group))))
    if not 2 <= folds <= most:
        raise PipelineError(f"folds: {folds}; allowed: 0, or 2 to {most}, the rows of the rarest class, or the groups")
    fold = np.empty(len(y), np.uint8)
    folded = StratifiedKFold(folds) if group is None else StratifiedGroupKFold(folds)
    for i, (fitted, held_out) in enumerate(folded.split(y, y, group), 1):
        fold[held_out] = i
        if len(lacking := np.setdiff1d(classes, y[fitted])):
            raise PipelineError(f"folds: {folds}, but all groups with the label {lacking[0]} are in one; use others")
    return fold
