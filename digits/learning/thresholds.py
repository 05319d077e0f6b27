"""Choose and set the decision threshold of a model with two classes.

The key `threshold` of params.yaml gives it as a number, or as a rule by which it is chosen on
cross-validated scores. scikit-learn's TunedThresholdClassifierCV would fit the folds once more.
"""

import numpy as np
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import precision_recall_curve
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.pipeline import Pipeline

from digits.core.pixels import Scores, Vector
from digits.learning.scores import predict_from_scores, response_method
from digits.messages.errors import UserError, prefix_errors
from digits.settings.params import MaxF1, MinRecall, Threshold

# The quality of a threshold that does not fulfil the rule. All others are at least 0.
NOT_ALLOWED = -1


def tune_threshold(
    model: Pipeline, rule: Threshold | None, y: Vector, cv_scores: Scores | None
) -> Pipeline:
    """Return a fitted model with the decision threshold that a rule gives.

    Without a rule, the model stays as it is. `choose_threshold` describes rules and scores.
    """
    if rule is None:
        return model
    is_positive = y == model.classes_[1]
    return set_threshold(model, choose_threshold(rule, is_positive, cv_scores))


def choose_threshold(rule: Threshold, is_positive: Vector, scores: Scores | None) -> float:
    """Return a decision threshold.

    A chosen threshold lies midway between two scores: the lowest score that is predicted
    positive, and the next lower score.

    Args:
        rule: the threshold itself, or a rule by which it is chosen (`threshold` in
            digits/settings/params.py).
        is_positive: whether the label is the second class, shape (n_images,).
        scores: cross-validated scores, shape (n_images,). They are not needed if the rule is
            the threshold itself.

    Raises:
        UserError: no threshold has the precision that the rule asks for.
    """
    if isinstance(rule, int | float):
        return float(rule)

    precision, recall, thresholds = precision_recall_curve(is_positive, scores)
    # The last point, with a recall of 0, has no threshold.
    precision = precision[:-1]
    recall = recall[:-1]
    if isinstance(rule, MaxF1):
        # If both are 0, F1 is 0, and not 0 / 0.
        quality = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
    elif isinstance(rule, MinRecall):
        quality = np.where(recall >= rule.recall, precision, NOT_ALLOWED)
    else:
        quality = np.where(precision >= rule.precision, recall, NOT_ALLOWED)
        if quality.max() == NOT_ALLOWED:
            raise UserError(
                f"threshold: none has a precision of {rule.precision}; "
                f"the best is {precision.max():.4f}"
            )

    # Thresholds increase. Of equally good ones, the last has the fewest positive predictions.
    is_best = quality == quality.max()
    best = np.flatnonzero(is_best)[-1]
    if best == 0:  # no score is below the first threshold
        return float(thresholds[0])
    return float((thresholds[best] + thresholds[best - 1]) / 2)


def set_threshold(model: Pipeline, threshold: float) -> Pipeline:
    """Return a fitted model that predicts with another decision threshold."""
    classifier = FixedThresholdClassifier(
        FrozenEstimator(model[-1]),  # it stays as it was fitted
        threshold=threshold,
        response_method=response_method(model),
    )
    # `fit` does not fit a frozen estimator, but takes the classes from y. Any X of the same
    # length will do.
    X = model.classes_[:, np.newaxis]
    classifier.fit(X, model.classes_)
    return Pipeline([*model.steps[:-1], ("classifier", classifier)])


def predict_cross_validated(
    rule: Threshold | None, model: Pipeline, y: Vector, scores: Scores, test_fold: Vector
) -> Vector:
    """Return the labels that follow from cross-validated scores, shape (n_images,).

    If a rule chooses the threshold, it is chosen for each fold on the cross-validated scores of
    the other folds.

    Args:
        rule: the `threshold` of the model, or None.
        model: the model, fitted on all images.
        y: the labels, shape (n_images,).
        scores: the score of each image by the model of its fold.
        test_fold: the fold in which each image was held out, shape (n_images,).
    """
    if rule is None:
        return predict_from_scores(model, scores)

    is_positive = y == model.classes_[1]
    is_predicted_positive = np.zeros(len(y), dtype=bool)
    for fold in np.unique(test_fold):
        is_test = test_fold == fold
        with prefix_errors(f"without fold {fold}"):
            threshold = choose_threshold(rule, is_positive[~is_test], scores[~is_test])
        is_predicted_positive[is_test] = scores[is_test] >= threshold
    return model.classes_[is_predicted_positive.astype(int)]
