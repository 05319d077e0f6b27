"""The predictions of a model, as arrays from which the metrics are computed."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd

from digits.core.pixels import Scores, Vector
from digits.core.predictions import read_scores
from digits.evaluation.calibration import calibrate, fit_temperature, to_logits


@dataclass
class Predictions:
    """The predictions of the test images, or the cross-validated ones of the training images.

    Attributes:
        classes: the labels of the task, sorted, shape (n_classes,).
        class_names: their names.
        y_true: the labels, shape (n_images,).
        y_pred: the predicted labels, shape (n_images,).
        scores: as digits/core/pixels.py describes them.
        probabilities: calibrated, 0 to 1, shape (n_images, n_classes).
        folds: the fold of each image, shape (n_images,), or None.
        groups: the group of each image, shape (n_images,), or None.
        group_names: the names of the groups, or None.
        majority_label: the most frequent label of the training images.
        has_positive: whether the label 1 is positive and the label 0 negative. Otherwise all
            labels are treated alike.
    """

    classes: Vector
    class_names: list[str]
    y_true: Vector
    y_pred: Vector
    scores: Scores
    probabilities: Scores
    folds: Vector | None
    groups: Vector | None
    group_names: list[str] | None
    majority_label: int
    has_positive: bool

    @classmethod
    def from_table(
        cls,
        table: pd.DataFrame,
        classes: Vector,
        majority_label: int,
        temperature: float | Vector | None,
    ) -> Self:
        """Convert a table of predictions, and calibrate the probabilities.

        Args:
            table: predictions, as `make_predictions_table` in digits/core returns them.
            classes: the labels of the task, sorted.
            majority_label: the most frequent label of the training images.
            temperature: the temperature of the calibration, or that of each image, shape
                (n_images, 1), or None for no calibration.
        """
        names = table.attrs.get("label_names")
        class_names = [names[label] if names else str(label) for label in classes]
        scores, response_method = read_scores(table)
        logits = to_logits(scores, response_method)
        return cls(
            classes=classes,
            class_names=class_names,
            y_true=table["label"].to_numpy(),
            y_pred=table["prediction"].to_numpy(),
            scores=scores,
            probabilities=calibrate(logits, temperature),
            folds=table["fold"].to_numpy() if "fold" in table else None,
            groups=table["group"].to_numpy() if "group" in table else None,
            group_names=table.attrs.get("group_names"),
            majority_label=majority_label,
            has_positive=table.attrs["has_positive"],
        )

    @property
    def y_index(self) -> Vector:
        """The index in `classes` of each label, shape (n_images,)."""
        return np.searchsorted(self.classes, self.y_true)

    @property
    def is_correct(self) -> Vector:
        """Whether each prediction is correct, shape (n_images,)."""
        return self.y_true == self.y_pred

    def one_vs_rest(self) -> list[tuple[str, Vector, Vector]]:
        """Return the name of each class, a mask of its images, and the scores of all images.

        A class that no image has, or every image, is omitted because it has no curve. If the
        label 1 is positive, the class with the label 0 is omitted, too.
        """
        if self.scores.ndim == 2:  # one column of scores per class
            scores_by_index = dict(enumerate(self.scores.T))
        elif self.has_positive:
            scores_by_index = {1: self.scores}
        else:  # a high score of the second class is a low score of the first
            scores_by_index = {0: -self.scores, 1: self.scores}
        classes = []
        for index, scores in scores_by_index.items():
            is_class = self.y_true == self.classes[index]
            if is_class.any() and not is_class.all():
                classes.append((self.class_names[index], is_class, scores))
        return classes


def calibrate_predictions(
    test_predictions: pd.DataFrame, cv_predictions: pd.DataFrame, classes: Vector
) -> tuple[dict[str, Predictions], float | None]:
    """Convert tables of predictions, and calibrate their probabilities by temperature scaling.

    Args:
        test_predictions: the predictions of the test images.
        cv_predictions: the labels of all training images and, if the model was cross-validated,
            their predictions.
        classes: the labels of the task, sorted.

    Returns:
        - The predictions by their subset: `test` and, if the model was cross-validated,
          `cross_validation`.
        - The temperature of the test images, or None without cross-validation.
    """
    majority_label = int(cv_predictions["label"].mode()[0])
    if "fold" not in cv_predictions:
        test = Predictions.from_table(test_predictions, classes, majority_label, None)
        return {"test": test}, None

    temperature = fit_temperature_to_table(cv_predictions, classes)
    temperatures = fit_temperatures_of_folds(cv_predictions, classes)
    test = Predictions.from_table(test_predictions, classes, majority_label, temperature)
    cross_validated = Predictions.from_table(
        cv_predictions, classes, majority_label, temperatures
    )
    return {"test": test, "cross_validation": cross_validated}, temperature


def fit_temperature_to_table(cv_predictions: pd.DataFrame, classes: Vector) -> float:
    """Return the temperature that calibrates cross-validated predictions best."""
    scores, response_method = read_scores(cv_predictions)
    logits = to_logits(scores, response_method)
    y_index = np.searchsorted(classes, cv_predictions["label"])
    return fit_temperature(logits, y_index)


def fit_temperatures_of_folds(cv_predictions: pd.DataFrame, classes: Vector) -> Vector:
    """Return the temperature that calibrates each fold, fitted on the other folds.

    A temperature fitted on all folds would be judged on the predictions it was fitted on.

    Returns:
        The temperature of each image, shape (n_images, 1).
    """
    folds = cv_predictions["fold"].to_numpy()
    temperatures = np.empty((len(folds), 1))  # one column, for the logits of all classes
    for fold in np.unique(folds):
        other_folds = cv_predictions[folds != fold]
        temperatures[folds == fold] = fit_temperature_to_table(other_folds, classes)
    return temperatures
