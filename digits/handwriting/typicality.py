"""Measure how typical an image is of the training images of a model.

The p-value of an image is the share of the training images that are no more typical, as in
conformal anomaly detection (R. Laxhammar, G. Falkman, 2010). How typical an image is depends on
the training images with the same predicted label, in cross-validation: on the share of them
whose prediction has no higher probability. If a model of the same task fits a Gaussian to each
class, as `digit-density` does, that share is multiplied by the share of them that have no
higher log density.
"""

from collections.abc import Callable, Mapping, Sequence
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

# An image with a lower p-value is atypical.
MIN_P_VALUE = 0.01

Models = Mapping[str, ModelParams]


class Typicality(NamedTuple):
    """The measure of how typical images are of the training images of a model.

    Attributes:
        density: the model of Gaussians, or None.
        conformities: the probabilities of the predictions of the training images, and, if there
            are Gaussians, the log densities. Each is a list with a sorted array per predicted
            label.
        products: the products of the shares of the training images, sorted.
    """

    density: Pipeline | None
    conformities: list[list[Vector]]
    products: Vector

    @classmethod
    def load(
        cls,
        models: Models,
        name: str,
        model: Pipeline,
        calibrate: Callable[[Scores], Scores],
    ) -> Self | None:
        """Return the measure of a model.

        Args:
            models: the parameters of all models.
            name: the name of the model.
            model: the model.
            calibrate: returns the model's probabilities for its scores.

        Returns:
            the measure. None if the model has no folds, or, with a warning, if its
            cross-validated predictions are missing.
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
        probabilities = calibrate(scores)
        density_name = find_density_model(models, models[name].task)
        if density_name is None or scores.ndim != 2:
            return cls.fit(probabilities)
        density = model_file.load(paths.model(density_name))
        log_densities = read_crossval_scores(density_name, density).max(axis=1)
        return cls.fit(probabilities, density, log_densities)

    @classmethod
    def fit(
        cls,
        probabilities: Scores,
        density: Pipeline | None = None,
        log_densities: Vector | None = None,
    ) -> Self:
        """Return the measure for the cross-validated predictions of the training images.

        Args:
            probabilities: of each label, for the training images.
            density: the model of Gaussians, or None.
            log_densities: the largest log density of each training image, or None.
        """
        measures = [probabilities.max(axis=1)]
        if log_densities is not None:
            measures.append(log_densities)
        y_pred = probabilities.argmax(axis=1)
        _, n_labels = probabilities.shape
        conformities = []
        for values in measures:
            by_label = [np.sort(values[y_pred == label]) for label in range(n_labels)]
            conformities.append(by_label)
        products = multiply_shares(conformities, y_pred, measures)
        return cls(density, conformities, np.sort(products))

    def p_values(self, images: Pixels, probabilities: Scores) -> Vector:
        """Return the p-value of each image, above 0 and at most 1, shape (n_images,).

        Args:
            images: the images.
            probabilities: the model's probability of each label, shape (n_images, n_labels).
        """
        measures = [probabilities.max(axis=1)]
        if self.density is not None:
            X = images.reshape(len(images), -1)
            measures.append(model_scores.compute_scores(self.density, X).max(axis=1))
        y_pred = probabilities.argmax(axis=1)
        products = multiply_shares(self.conformities, y_pred, measures)
        return share_no_higher(self.products, products)


def multiply_shares(
    conformities: Sequence[Sequence[Vector]], y_pred: Vector, measures: Sequence[Vector]
) -> Vector:
    """Return the product of the shares of training images that conform no better.

    Args:
        conformities: as in `Typicality`.
        y_pred: the index of the predicted label of each image.
        measures: for each item of `conformities`, the values of the images.
    """
    products = np.ones(len(y_pred))
    for training, values in zip(conformities, measures, strict=True):
        for label, training_values in enumerate(training):
            has_label = y_pred == label
            products[has_label] *= share_no_higher(training_values, values[has_label])
    return products


def share_no_higher(training_values: Vector, values: Vector) -> Vector:
    """Return the share of sorted training values that are no higher than each value.

    The value itself counts as a training value, so that no share is 0.
    """
    n_no_higher = np.searchsorted(training_values, values, side="right")
    return (1 + n_no_higher) / (1 + len(training_values))


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
