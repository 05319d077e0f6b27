"""Decision thresholds: the score from which a detector says yes, chosen on out-of-fold scores and kept in the model."""

from typing import Any

from digits.core.errors import PipelineError
from digits.core.params import Experiment
from digits.core.tables import Scores, Vector
from digits.learning import scoring

import numpy as np
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import precision_recall_curve
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.pipeline import Pipeline


def require_rule(experiment: Experiment, classes: int) -> Any:
    """Return an experiment's `threshold`, None where it has none; a PipelineError if it cannot be applied."""
    rule = experiment.hyperparameters.threshold
    if rule is not None and (classes != 2 or (isinstance(rule, dict) and not experiment.folds)):
        raise PipelineError(f"threshold: {rule!r} needs two classes (not {classes}), and folds if it is to be chosen")
    return rule


def choose(rule: dict[str, Any], is_positive: Vector, scores: Scores) -> float:
    """Return the threshold that a rule chooses: midway between the lowest score that is a yes and the next one.

    `{"recall": r}` asks for the best precision with a recall of r or more, `{"precision": p}` for the best recall with
    a precision of p or more (a PipelineError if there is none), `{"f1": "max"}` for the best F1. `is_positive`, the
    true answers, and `scores`, higher for likelier ones, have the shape (rows,).
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
    best = np.flatnonzero(merit == merit.max())[-1]  # of equals the one with the fewest yeses
    return float(thresholds[[best, max(best - 1, 0)]].mean())


def predict_nested(model: Pipeline, rule: Any, y: Vector, scores: Scores, fold: Vector) -> Vector:
    """Return the out-of-fold predictions, shape (rows,), each fold's by a threshold chosen on the other folds."""
    if not isinstance(rule, dict):
        return scoring.predict(model, scores)
    is_positive = y == model.classes_[1]
    chosen = {i: choose(rule, is_positive[fold != i], scores[fold != i]) for i in np.unique(fold)}
    return model.classes_[(scores >= np.array([chosen[i] for i in fold])).astype(int)]


def apply(model: Pipeline, rule: Any, y: Vector, scores: Scores) -> Pipeline:
    """Return the model with the threshold of a rule, chosen on the training rows' labels and out-of-fold scores."""
    if rule is None:
        return model
    threshold = choose(rule, y == model.classes_[1], scores) if isinstance(rule, dict) else float(rule)
    frozen = FrozenEstimator(model[-1])  # so that `fit` fits nothing: it looks at the labels alone
    fixed = FixedThresholdClassifier(frozen, threshold=threshold, response_method=scoring.method(model))
    return Pipeline([*model.steps[:-1], ("classifier", fixed.fit(y[:, np.newaxis], y))])
