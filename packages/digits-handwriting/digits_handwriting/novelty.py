"""Detect novelties: images that do not resemble the training images of a model.

The normality of an image is the share of the training images with the same predicted label
whose prediction, in cross-validation, is no more probable. If a model of the same task fits a
Gaussian to each class, as `digit-density` does, this share is multiplied by the share of the
same training images whose log density is no higher.

The p-value of an image is the share of all training images that are no more normal, as in
conformal anomaly detection (R. Laxhammar, G. Falkman, 2010).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Self

import numpy as np
from sklearn.pipeline import Pipeline

from digits.core import paths, tables
from digits.core.pixels import Pixels, Scores, Vector
from digits.core.predictions import read_scores
from digits.learning import model_file
from digits.learning import scores as model_scores
from digits.messages.terminal import warn
from digits.settings.params import ModelParams

# The scores of this classifier are log densities, plus the logarithm of the prior of the class.
DENSITY = "discriminant_analysis.QuadraticDiscriminantAnalysis"

# An image with a lower p-value is a novelty.
MIN_P_VALUE = 0.01

Models = Mapping[str, ModelParams]


class NoveltyDetector(NamedTuple):
    """Tells which images do not resemble the training images of a model.

    Attributes:
        density_model: the model of Gaussians, or None.
        calibration_scores: the probabilities of the predictions of the training images, and, if
            there are Gaussians, the log densities. Each is a list with a sorted array per
            predicted label.
        normalities: the normality of each training image, sorted.
    """

    density_model: Pipeline | None
    calibration_scores: list[list[Vector]]
    normalities: Vector

    @classmethod
    def load(
        cls, models: Models, name: str, calibrate: Callable[[Scores], Scores]
    ) -> Self | None:
        """Return the novelty detector of a model.

        Args:
            models: the parameters of all models.
            name: the name of the model.
            calibrate: returns the model's probabilities for its scores.

        Returns:
            the detector. None if the model has no folds, or, with a warning, if its
            cross-validated predictions are missing.
        """
        if not models[name].folds:
            return None
        table_path = paths.cv_predictions(name)
        if not table_path.exists():
            warn(
                f"no image is flagged, because {table_path} was not found; `dvc pull` "
                "fetches it"
            )
            return None
        scores, _ = read_scores(tables.read(table_path))
        probabilities = calibrate(scores)
        density_name = find_density_model(models, models[name].task)
        # With two labels, the scores of Gaussians are differences of log densities.
        if density_name is None or scores.ndim != 2:
            return cls.fit(probabilities)
        density_model = model_file.load(paths.model(density_name))
        log_densities, _ = read_scores(tables.read(paths.cv_predictions(density_name)))
        return cls.fit(probabilities, density_model, log_densities.max(axis=1))

    @classmethod
    def fit(
        cls,
        probabilities: Scores,
        density_model: Pipeline | None = None,
        log_densities: Vector | None = None,
    ) -> Self:
        """Return the detector for the cross-validated predictions of the training images.

        Args:
            probabilities: of each label, for the training images.
            density_model: the model of Gaussians, or None.
            log_densities: the largest log density of each training image, or None.
        """
        scores = [probabilities.max(axis=1)]
        if log_densities is not None:
            scores.append(log_densities)
        y_pred = probabilities.argmax(axis=1)
        _, n_labels = probabilities.shape
        calibration_scores = []
        for values in scores:
            by_label = [np.sort(values[y_pred == label]) for label in range(n_labels)]
            calibration_scores.append(by_label)
        normalities = multiply_shares(calibration_scores, y_pred, scores)
        return cls(density_model, calibration_scores, np.sort(normalities))

    def p_values(self, images: Pixels, probabilities: Scores) -> Vector:
        """Return the p-value of each image, above 0 and at most 1, shape (n_images,).

        Args:
            images: the images.
            probabilities: the model's probability of each label, shape (n_images, n_labels).
        """
        normality = self.compute_normality(images, probabilities)
        return proportion_at_most(normality, self.normalities)

    def compute_normality(self, images: Pixels, probabilities: Scores) -> Vector:
        """Return the normality of each image, above 0 and at most 1, shape (n_images,).

        Args:
            images: the images.
            probabilities: the model's probability of each label, shape (n_images, n_labels).
        """
        scores = [probabilities.max(axis=1)]
        if self.density_model is not None:
            X = images.reshape(len(images), -1)
            scores.append(model_scores.compute_scores(self.density_model, X).max(axis=1))
        y_pred = probabilities.argmax(axis=1)
        return multiply_shares(self.calibration_scores, y_pred, scores)


def multiply_shares(
    calibration_scores: Sequence[Sequence[Vector]], y_pred: Vector, scores: Sequence[Vector]
) -> Vector:
    """Return the normality of images, shape (n_images,).

    Args:
        calibration_scores: as in `NoveltyDetector`.
        y_pred: the index of the predicted label of each image.
        scores: for each item of `calibration_scores`, the values of the images.
    """
    normality = np.ones(len(y_pred))
    for by_label, values in zip(calibration_scores, scores, strict=True):
        for label, calibration_values in enumerate(by_label):
            has_label = y_pred == label
            normality[has_label] *= proportion_at_most(values[has_label], calibration_values)
    return normality


def proportion_at_most(values: Vector, calibration_values: Vector) -> Vector:
    """Return the proportion of sorted calibration values that are no higher than each value.

    The value itself counts as one of them, so that no proportion is 0.
    """
    n_no_higher = np.searchsorted(calibration_values, values, side="right")
    return (1 + n_no_higher) / (1 + len(calibration_values))


def find_density_model(models: Models, task_name: str) -> str | None:
    """Return the name of a model of Gaussians for a task. None if none has been trained."""
    for name, model in models.items():
        if model.task != task_name or model.classifier != DENSITY or not model.folds:
            continue
        if paths.model(name).exists() and paths.cv_predictions(name).exists():
            return name
    return None
