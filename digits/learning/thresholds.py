"""Decision thresholds: the score from which a detector says yes, chosen on out-of-fold scores and kept in the model."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from digits.io.tables import Scores, Vector
from digits.learning import models
from digits.support.errors import ParameterError, show
from digits.support.parameters import Experiment

import numpy as np
from pydantic import Field, FiniteFloat, TypeAdapter, ValidationError
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import precision_recall_curve
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.pipeline import Pipeline

NAME = "threshold"
ALLOWED = "a number, or one of {recall: share}, {precision: share}, {f1: max}, with a share above 0 and up to 1"

Share = Annotated[float, Field(gt=0, le=1)]
Least = Annotated[dict[Literal["recall", "precision"], Share], Field(min_length=1, max_length=1)]
Best = Annotated[dict[Literal["f1"], Literal["max"]], Field(min_length=1)]
RULE: TypeAdapter[Any] = TypeAdapter(FiniteFloat | Least | Best | None)


def require_rule(experiment: Experiment, classes: int) -> Any:
    """Return an experiment's `threshold`, None where it has none; a ParameterError if it cannot be applied."""
    rule = experiment.hyperparameters.get(NAME)
    try:
        RULE.validate_python(rule, strict=True)
    except ValidationError:
        raise ParameterError(f"{NAME}: must be {ALLOWED}, not {show(rule)}") from None
    if rule is not None and classes != 2:
        raise ParameterError(f"{NAME}: is for tasks of two classes, this one has {classes}; leave it out")
    if isinstance(rule, Mapping) and not experiment.folds:
        raise ParameterError(f"{NAME}: {show(rule)} is chosen on out-of-fold scores; use folds, or give a number")
    return rule


def choose(rule: Mapping[str, Any], is_positive: Vector, scores: Scores) -> float:
    """Return the threshold that a rule chooses: midway between the lowest score that is a yes and the next one.

    Args:
        rule: `{"recall": r}` for the best precision with a recall of r or more, `{"precision": p}` for the best recall
            with a precision of p or more (a ParameterError if there is none), `{"f1": "max"}` for the best F1.
        is_positive: shape (rows,), the true answers.
        scores: shape (rows,), higher means more likely.
    """
    precision, recall, thresholds = precision_recall_curve(is_positive, scores)
    precision, recall = precision[:-1], recall[:-1]  # the last point belongs to no threshold
    ((figure, value),) = rule.items()
    if figure == "recall":
        merit = np.where(recall >= value, precision, -1)
    elif figure == "precision":
        merit = np.where(precision >= value, recall, -1)
    else:
        merit = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
    if merit.max() < 0:
        raise ParameterError(f"{NAME}: no threshold has a precision of {value}; the best is {precision.max():.4f}")
    best = np.flatnonzero(merit == merit.max())[-1]  # of equals the one with the fewest yeses
    return float(thresholds[[best, max(best - 1, 0)]].mean())


def predict_nested(model: Pipeline, rule: Any, y: Vector, scores: Scores, fold: Vector) -> Vector:
    """Return the out-of-fold predictions, shape (rows,), each fold's by a threshold chosen on the other folds."""
    if not isinstance(rule, Mapping):
        return models.predict(model, scores)
    is_positive = y == model.classes_[1]
    chosen = {i: choose(rule, is_positive[fold != i], scores[fold != i]) for i in np.unique(fold)}
    return model.classes_[(scores >= np.array([chosen[i] for i in fold])).astype(int)]


def apply(model: Pipeline, rule: Any, y: Vector, scores: Any) -> Pipeline:
    """Return the model with the threshold of a rule, chosen on the training rows' labels and out-of-fold scores."""
    if rule is None:
        return model
    threshold = choose(rule, y == model.classes_[1], scores) if isinstance(rule, Mapping) else float(rule)
    frozen = FrozenEstimator(model[-1])  # so that `fit` fits nothing: it looks at the labels alone
    fixed = FixedThresholdClassifier(frozen, threshold=threshold, response_method=models.method(model))
    return Pipeline([*model.steps[:-1], ("classifier", fixed.fit(y[:, np.newaxis], y))])
