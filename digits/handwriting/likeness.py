"""Measure how much an image resembles the training images of a model.

If a model of the same task fits a Gaussian to each class, as `digit-density` does, an image has
two measures: the model's highest score, and the largest log density. The p-value of a measure
is the share of training images with the same predicted label whose own measure, in
cross-validation, is no higher. The likeness is the product of both p-values (R. Fisher,
Statistical Methods for Research Workers, 1925). Without such a model, the likeness is the
calibrated probability of the predicted label.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple, Self

from digits.core import paths, tables
from digits.core.errors import warn
from digits.core.params import ModelParams
from digits.core.tables import Pixels, Scores, Vector
from digits.learning import model_file
from digits.learning import scores as model_scores

import numpy as np
from sklearn.pipeline import Pipeline

# The scores of this classifier are log densities, plus the logarithm of the prior of the class.
DENSITY = "discriminant_analysis.QuadraticDiscriminantAnalysis"

# An image is flagged if it is less likely than all but this share of the training images.
RARE = 0.01

Models = Mapping[str, ModelParams]
Calibrate = Callable[[Scores], Scores]


class Likeness(NamedTuple):
    """The rule by which the images of a model are flagged.

    Attributes:
        calibrate: returns the model's probabilities for its scores.
        density: the model of Gaussians, or None.
        measures: the highest scores and the log densities of the training images. Each is a
            list with a sorted array per predicted label. Empty if there are no Gaussians.
        training: the likeness of the training images.
    """

    calibrate: Calibrate
    density: Pipeline | None
    measures: tuple[list[Vector], ...]
    training: Vector

    @classmethod
    def load(
        cls, models: Models, name: str, model: Pipeline, calibrate: Calibrate
    ) -> Self | None:
        """Return the rule of a model.

        Args:
            models: the parameters of all models.
            name: the name of the model.
            model: the model.
            calibrate: returns the model's probabilities for its scores.

        Returns:
            the rule. None if the model has no folds, or, with a warning, if its cross-validated
            predictions are missing.
        """
        if not models[name].folds:
            return None
        table_path = paths.crossval(name)
        if not table_path.exists():
            warn(
                f"no image is flagged, because {table_path} was not found; `dvc pull` "
                "fetches it"
            )
            return None
        scores = read_crossval_scores(name, model)
        density_name = find_density_model(models, models[name].task)
        if density_name is None or scores.ndim != 2:
            return cls.fit(calibrate, scores)
        density = model_file.load(paths.model(density_name))
        log_densities = read_crossval_scores(density_name, density).max(axis=1)
        return cls.fit(calibrate, scores, density, log_densities)

    @classmethod
    def fit(
        cls,
        calibrate: Calibrate,
        scores: Scores,
        density: Pipeline | None = None,
        log_densities: Vector | None = None,
    ) -> Self:
        """Return the rule for the cross-validated scores of the training images.

        Args:
            calibrate: returns the model's probabilities for its scores.
            scores: the scores of the training images.
            density: the model of Gaussians, or None.
            log_densities: the largest log density of each training image, or None.
        """
        measures: tuple[list[Vector], ...] = ()
        if log_densities is not None:
            highest_scores = sort_by_label(scores.max(axis=1), scores)
            measures = (highest_scores, sort_by_label(log_densities, scores))
        rule = cls(calibrate, density, measures, training=np.empty(0))
        return rule._replace(training=rule.measure(scores, log_densities))

    def threshold(self, share: float = RARE) -> float:
        """Return the likeness below which at most this share of the training images lies."""
        return float(np.quantile(self.training, share, method="lower"))

    def measure(self, scores: Scores, log_densities: Vector | None) -> Vector:
        """Return the likeness of images, 0 to 1, shape (n_images,).

        Args:
            scores: the scores of the images, as `compute_scores` returns them.
            log_densities: the largest log density of each image, or None.
        """
        if log_densities is None:
            return np.asarray(self.calibrate(scores).max(axis=1))
        likeness = np.ones(len(scores))
        y_pred = scores.argmax(axis=1)
        measures = [scores.max(axis=1), log_densities]
        for training, values in zip(self.measures, measures, strict=True):
            for label, training_values in enumerate(training):
                has_label = y_pred == label
                n_no_higher = np.searchsorted(training_values, values[has_label], "right")
                likeness[has_label] *= (1 + n_no_higher) / (1 + len(training_values))
        return likeness

    def marks(self, images: Pixels, scores: Scores) -> Vector:
        """Return whether each image is flagged, shape (n_images,).

        Args:
            images: the images.
            scores: their scores.
        """
        log_densities = None
        if self.density is not None:
            log_densities = self.log_densities(images)
        return self.measure(scores, log_densities) < self.threshold()

    def log_densities(self, images: Pixels) -> Vector:
        """Return the largest log density of each image, shape (n_images,).

        The rule must have a model of Gaussians.
        """
        X = images.reshape(len(images), -1)
        scores = model_scores.compute_scores(self.density, X)
        return np.asarray(scores.max(axis=1))


def sort_by_label(values: Vector, scores: Scores) -> list[Vector]:
    """Return the sorted values of the images with each predicted label."""
    y_pred = scores.argmax(axis=1)
    _, n_labels = scores.shape
    return [np.sort(values[y_pred == label]) for label in range(n_labels)]


def find_density_model(models: Models, task_name: str) -> str | None:
    """Return the name of a model of Gaussians for a task. None if none has been trained."""
    for name, model in models.items():
        if model.task != task_name or model.classifier != DENSITY or not model.folds:
            continue
        if paths.model(name).exists() and paths.crossval(name).exists():
            return name
    return None


def read_crossval_scores(name: str, model: Pipeline) -> Scores:
    """Read the cross-validated scores of the training set, and no other column."""
    prefix = model_scores.COLUMN_PREFIXES[model_scores.response_method(model)]
    labels = model.classes_
    if len(labels) == 2:  # only the second of two labels has a column of scores
        labels = labels[1:]
    columns = [f"{prefix}_{label}" for label in labels]
    scores, _ = model_scores.read_scores(tables.read(paths.crossval(name), columns))
    return scores
