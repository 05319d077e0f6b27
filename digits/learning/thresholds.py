"""Choose and set the decision threshold of a model with two classes.

The key `threshold` of params.yaml, called `setting` here, is the threshold itself, or a rule by
which it is chosen on cross-validated scores. scikit-learn's TunedThresholdClassifierCV has no
rule such as a minimal recall, and would fit the folds once more.
"""

import numpy as np
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import precision_recall_curve
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.pipeline import Pipeline

from digits.core.pixels import Scores, Vector
from digits.learning.fitting import CrossValidatedScores, Fitted
from digits.learning.scores import predict_from_scores, response_method
from digits.messages.errors import UserError, prefix_errors
from digits.settings.params import MaxF1, MinRecall, Threshold


def check_two_labels(setting: Threshold | None, y: Vector) -> None:
    """Raise a UserError, before the fit, if a model has a `threshold`, but not two labels."""
    n_labels = len(np.unique(y))
    if setting is not None and n_labels != 2:
        raise UserError(f"`threshold` needs two labels; the task has {n_labels}")


def tune_threshold(fitted: Fitted, setting: Threshold | None, y: Vector) -> Fitted:
    """Return the model with the decision threshold that `choose_threshold` chooses.

    Args:
        fitted: the model, and its scores in cross-validation.
        setting: the `threshold` of the model, or None. With None, the model stays as it is.
        y: the labels, shape (n_images,).
    """
    if setting is None:
        return fitted
    scores = fitted.cross_validation.scores if fitted.cross_validation else None
    is_positive = y == fitted.model.classes_[1]
    threshold = choose_threshold(setting, is_positive, scores)
    return fitted._replace(model=set_threshold(fitted.model, threshold))


def choose_threshold(setting: Threshold, is_positive: Vector, scores: Scores | None) -> float:
    """Return a decision threshold.

    A chosen threshold lies between two scores: the lowest score that is predicted positive, and
    the next lower score.

    Args:
        setting: the threshold itself, or one of three rules: the best F1 score, the best
            precision of all thresholds with a minimal recall, or the best recall of all with a
            minimal precision.
        is_positive: whether the label is the second class, shape (n_images,).
        scores: cross-validated scores, shape (n_images,). They are not needed if the
            setting is the threshold itself.

    Raises:
        UserError: no threshold has the minimal precision.
    """
    if isinstance(setting, int | float):
        return float(setting)

    precision, recall, thresholds = precision_recall_curve(is_positive, scores)
    # The last point, with a recall of 0, has no threshold.
    precision, recall = precision[:-1], recall[:-1]
    if isinstance(setting, MaxF1):
        # The maximum avoids 0 / 0.
        quality = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
    elif isinstance(setting, MinRecall):
        quality = np.where(recall >= setting.recall, precision, -np.inf)
    else:  # MinPrecision
        quality = np.where(precision >= setting.precision, recall, -np.inf)
        if quality.max() == -np.inf:
            raise UserError(
                f"threshold: none has a precision of {setting.precision}; "
                f"the best is {precision.max():.4f}"
            )

    # Thresholds increase. Of equally good ones, the last has the fewest positive predictions.
    last_best = np.flatnonzero(quality == quality.max())[-1]
    if last_best == 0:  # no score is below the first threshold
        return float(thresholds[0])
    lower, lowest_positive = thresholds[last_best - 1], thresholds[last_best]
    midpoint = (lower + lowest_positive) / 2
    # The midpoint of two neighbouring floats is rounded to one of them, perhaps to the lower.
    return float(midpoint if midpoint > lower else lowest_positive)


def set_threshold(model: Pipeline, threshold: float) -> Pipeline:
    """Return a fitted model that predicts with another decision threshold."""
    classifier = FixedThresholdClassifier(
        FrozenEstimator(model[-1]), threshold=threshold, response_method=response_method(model)
    )
    # FrozenEstimator is not fitted again; `fit` only reads the classes.
    classifier.fit(model.classes_[:, np.newaxis], model.classes_)
    return Pipeline([*model.steps[:-1], ("classifier", classifier)])


def predict_cross_validated(
    model: Pipeline, setting: Threshold | None, y: Vector, cv_scores: CrossValidatedScores
) -> Vector:
    """Return the labels that follow from cross-validated scores, shape (n_images,).

    If a rule chooses the threshold, it is chosen for each fold on the scores of the other
    folds. The score of an image then does not influence its own threshold.

    Args:
        model: the model, fitted on all images.
        setting: the `threshold` of the model, or None.
        y: the labels, shape (n_images,).
        cv_scores: the scores of the images in cross-validation.
    """
    test_fold, scores = cv_scores
    if setting is None:
        return predict_from_scores(model, scores)

    is_positive = y == model.classes_[1]
    is_predicted_positive = np.zeros(len(y), dtype=bool)
    for fold in np.unique(test_fold):
        is_test = test_fold == fold
        with prefix_errors(f"without fold {fold}"):
            threshold = choose_threshold(setting, is_positive[~is_test], scores[~is_test])
        is_predicted_positive[is_test] = scores[is_test] >= threshold
    return model.classes_[is_predicted_positive.astype(int)]
