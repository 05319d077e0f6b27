"""Decision thresholds: the score from which a detector says yes.

scikit-learn's classifiers say yes above a decision value of 0 or a probability of 0.5, whatever a missed digit and a
false alarm cost. The hyperparameter `threshold` chooses another operating point, on the out-of-fold scores, and the
model keeps it (scikit-learn's user guide, "Tuning the decision threshold for class prediction").
"""

import math
from collections.abc import Mapping
from typing import Any

from digits.io.tables import Scores, Vector
from digits.learning import models
from digits.support.errors import ParameterError, show
from digits.support.parameters import Experiment

import numpy as np
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import precision_recall_curve
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.pipeline import Pipeline

NAME = "threshold"
ALLOWED = "a number, or one of {recall: share}, {precision: share}, {f1: max}"


def require_rule(experiment: Experiment, classes: int) -> Any:
    """Return an experiment's `threshold`, None where it has none.

    Raises:
        ParameterError: it is no rule, there are more than two classes, or a rule has no folds to be applied to.
    """
    rule = experiment.hyperparameters.get(NAME)
    if rule is None:
        return None
    match rule:
        case bool():
            valid = False
        case int() | float():
            valid = math.isfinite(rule)
        case {"recall": float() | int() as share, **others} | {"precision": float() | int() as share, **others}:
            valid = not others and 0 < share <= 1
        case _:
            valid = rule == {"f1": "max"}
    if not valid:
        raise ParameterError(f"{NAME}: must be {ALLOWED}, with a share above 0 and up to 1, not {show(rule)}")
    if classes != 2:
        raise ParameterError(f"{NAME}: is for tasks of two classes, this one has {classes}; leave it out")
    if isinstance(rule, Mapping) and not experiment.folds:
        raise ParameterError(f"{NAME}: {show(rule)} is chosen on out-of-fold scores; use folds, or give a number")
    return rule


def choose(rule: Mapping[str, Any], is_positive: Vector, scores: Scores) -> float:
    """Return the threshold that a rule chooses.

    Args:
        rule: `{"recall": r}` for the best precision with a recall of r or more, `{"precision": p}` for the best recall
            with a precision of p or more, `{"f1": "max"}` for the best F1. Shares from 0 to 1.
        is_positive: shape (rows,), the true answers.
        scores: shape (rows,), higher means more likely.

    Returns:
        A value midway between the lowest score that is a yes and the next, so that no score lies on it.

    Raises:
        ParameterError: no threshold has such a precision.
    """
    precision, recall, thresholds = precision_recall_curve(is_positive, scores)
    precision, recall = precision[:-1], recall[:-1]  # the last point belongs to no threshold
    ((figure, value),) = rule.items()
    match figure:
        case "recall":
            merit = np.where(recall >= value, precision, -1)
        case "precision":
            merit = np.where(precision >= value, recall, -1)
        case _:
            merit = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
    if merit.max() < 0:
        raise ParameterError(f"{NAME}: no threshold has a precision of {value}; the best is {precision.max():.4f}")
    best = np.flatnonzero(merit == merit.max())[-1]  # of equals the one with the fewest yeses
    return float(thresholds[[best, max(best - 1, 0)]].mean())


def apply(model: Pipeline, rule: Any, y: Vector, scores: Scores | None) -> Pipeline:
    """Return the model with a threshold by which it predicts.

    Args:
        model: fitted, of two classes.
        rule: of `require_rule`; None leaves the model as it is.
        y: labels of the training rows, shape (rows,).
        scores: their out-of-fold scores, shape (rows,), for a rule that is not a number.
    """
    if rule is None:
        return model
    if isinstance(rule, Mapping):
        assert scores is not None  # `require_rule` has seen to it
        rule = choose(rule, y == model.classes_[1], scores)
    frozen = FrozenEstimator(model[-1])  # so that `fit` fits nothing: it looks at the labels alone
    fixed = FixedThresholdClassifier(frozen, threshold=float(rule), response_method=models.method(model))
    return Pipeline([*model.steps[:-1], ("classifier", fixed.fit(y[:, np.newaxis], y))])
