"""Folds, so that no model is judged on rows that it was fitted on, and thresholds chosen on out-of-fold scores."""

from typing import Any

from digits.core.errors import PipelineError
from digits.core.params import Experiment
from digits.core.tables import Group, Scores, Vector
from digits.learning import scoring

import numpy as np
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import precision_recall_curve
from sklearn.model_selection import FixedThresholdClassifier, StratifiedGroupKFold, StratifiedKFold
from sklearn.pipeline import Pipeline


def fold_of_rows(y: Vector, folds: int, group: Group = None) -> Vector:
    """Return the stratified fold of each row, from 1, of shape (rows,); all 1 for no folds. A group is in one fold."""
    classes, counts = np.unique(y, return_counts=True)
    if len(classes) < 2:
        raise PipelineError(f"all training rows have the label {y[0]}; a model needs two")
    fold = np.ones(len(y), np.uint8)
    if not folds:
        return fold
    most = int(min(counts.min(), np.inf if group is None else len(np.unique(group))))
    if not 2 <= folds <= most:
        raise PipelineError(f"folds: {folds}; allowed: 0, or 2 to {most}, the rows of the rarest class, or the groups")
    folded = StratifiedKFold(folds) if group is None else StratifiedGroupKFold(folds)
    for i, (fitted, held_out) in enumerate(folded.split(y, y, group), 1):
        fold[held_out] = i
        if len(lacking := np.setdiff1d(classes, y[fitted])):
            raise PipelineError(f"folds: {folds}, but all groups with the label {lacking[0]} are in one; use others")
    return fold


def require_threshold_rule(experiment: Experiment, classes: int) -> Any:
    """Return an experiment's `threshold`, None where it has none; a PipelineError if it cannot be applied."""
    rule = experiment.hyperparameters.threshold
    if rule is not None and (classes != 2 or (isinstance(rule, dict) and not experiment.folds)):
        raise PipelineError(f"threshold: {rule!r} needs two classes (not {classes}), and folds if it is to be chosen")
    return rule


def choose_threshold(rule: dict[str, Any], is_positive: Vector, scores: Scores) -> float:
    """Return the threshold that a rule chooses: midway between the lowest score predicted positive and the next.

    `{"recall": r}` asks for the best precision with a recall of r or more, `{"precision": p}` for the best recall with
    a precision of p or more (a PipelineError if none has), `{"f1": "max"}` for the best F1. Vectors have the shape
    (rows,); scores are higher for likelier rows.
    """
    precision, recall, thresholds = precision_recall_curve(is_positive, scores)
    precision, recall = precision[:-1], recall[:-1]  # the last point belongs to no threshold
    ((figure, least),) = rule.items()
    if figure == "f1":
        merit = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
    else:
        reached, merit = (recall, precision) if figure == "recall" else (precision, recall)
        merit = np.where(reached >= least, merit, -1)
    if merit.max() < 0:
        raise PipelineError(f"threshold: none has a precision of {least}; the best is {precision.max():.4f}")
    best = np.flatnonzero(merit == merit.max())[-1]  # of several, the one with the fewest positives
    return float(thresholds[[best, max(best - 1, 0)]].mean())


def apply_rule(rule: Any, model: Pipeline, y: Vector, scores: Scores, fold: Vector) -> tuple[Pipeline, Vector]:
    """Return a model with the threshold of a rule, if any, and its out-of-fold predictions, shape (rows,).

    It is chosen on the labels and out-of-fold scores of all rows; for a fold's predictions, on those of the others.
    """
    if rule is None:
        return model, scoring.predict(model, scores)
    is_positive = y == model.classes_[1]
    threshold = choose_threshold(rule, is_positive, scores) if isinstance(rule, dict) else float(rule)
    frozen = FrozenEstimator(model[-1])  # so that `fit` fits nothing: it looks at the labels alone
    fixed = FixedThresholdClassifier(frozen, threshold=threshold, response_method=scoring.method(model))
    model = Pipeline([*model.steps[:-1], ("classifier", fixed.fit(y[:, np.newaxis], y))])
    if not isinstance(rule, dict):
        return model, scoring.predict(model, scores)
    chosen = {i: choose_threshold(rule, is_positive[fold != i], scores[fold != i]) for i in np.unique(fold)}
    return model, model.classes_[(scores >= np.array([chosen[i] for i in fold])).astype(int)]
