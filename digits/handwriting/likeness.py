"""How like a model's training images an image is, by their cross-validated predictions.

Where a model of the same task fits a Gaussian to each class, as `digit-density` does, two measures judge an
image: the model's highest score, and the largest log density. The p-value of each is the share of the training images
predicted as the same class whose own is no higher; the likeness is the product of the two (R. Fisher, Statistical
Methods for Research Workers, 1925). Without such a model it is the calibrated probability of the predicted class.
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

DENSITY = "discriminant_analysis.QuadraticDiscriminantAnalysis"  # its scores are log densities
RARE = 0.01  # of the training images, at most, are below the threshold

Models = Mapping[str, ModelParams]
Calibrate = Callable[[Scores], Scores]


class Likeness(NamedTuple):
    """The rule of one model for what is unlike its training images."""

    calibrate: Calibrate  # returns the model's probabilities for its scores
    density: Pipeline | None  # the Gaussians
    measures: tuple[
        list[Vector], ...
    ]  # the two of the training images, by predicted class, each sorted
    training: Vector  # the likeness of the training images

    @classmethod
    def load(
        cls, models: Models, name: str, model: Pipeline, calibrate: Calibrate
    ) -> Self | None:
        """Return the rule of a model; None without cross-validated predictions, whose absence a line says."""
        if not models[name].folds:
            return None
        if not (table := paths.crossval(name)).exists():
            warn(
                f"nothing is marked as unlike the training images: {table} was not found; `dvc pull` fetches it"
            )
            return None
        scores = _scores(name, model)
        density, log_densities = None, None
        if (other := _find_density(models, models[name].task)) and scores.ndim == 2:
            density = model_file.load(paths.model(other))
            log_densities = _scores(other, density).max(axis=1)
        return cls.fit(calibrate, scores, density, log_densities)

    @classmethod
    def fit(
        cls,
        calibrate: Calibrate,
        scores: Scores,
        density: Pipeline | None = None,
        log_densities: Vector | None = None,
    ) -> Self:
        """Return the rule, from the training images' cross-validated scores and log densities."""
        rule = cls(calibrate, density, (), np.empty(0))
        if log_densities is not None:
            y_pred, classes = scores.argmax(axis=1), range(scores.shape[1])
            of_image = scores.max(axis=1), log_densities
            rule = rule._replace(
                measures=tuple(
                    [np.sort(each[y_pred == i]) for i in classes] for each in of_image
                )
            )
        return rule._replace(training=rule.measure(scores, log_densities))

    def threshold(self, share: float = RARE) -> float:
        """Return the likeness below which at most a share of the training images are."""
        return float(np.quantile(self.training, share, method="lower"))

    def measure(self, scores: Scores, log_densities: Vector | None) -> Vector:
        """Return the likeness of images, 0 to 1, shape (images,), from scores as of `compute_scores`."""
        if log_densities is None:
            return np.asarray(self.calibrate(scores).max(axis=1))
        likeness, y_pred = np.ones(len(scores)), scores.argmax(axis=1)
        for held_out, measure in zip(
            self.measures, (scores.max(axis=1), log_densities), strict=True
        ):
            for label, of_class in enumerate(held_out):
                own = y_pred == label
                likeness[own] *= (1 + np.searchsorted(of_class, measure[own], "right")) / (
                    1 + len(of_class)
                )
        return likeness

    def marks(self, images: Pixels, scores: Scores) -> Vector:
        """Return whether each image, which has these scores, is unlike the training images, shape (images,)."""
        return (
            self.measure(scores, self.log_densities(images) if self.density else None)
            < self.threshold()
        )

    def log_densities(self, images: Pixels) -> Vector:
        """Return the largest log density of each image, shape (images,); there must be Gaussians."""
        return np.asarray(
            model_scores.compute_scores(self.density, images.reshape(len(images), -1)).max(
                axis=1
            )
        )


def _find_density(models: Models, task: str) -> str | None:
    """Return a model of a task that fits a Gaussian to each class, has folds, and is here."""
    of_task = [name for name, each in models.items() if each.task == task and each.folds]
    names = [name for name in of_task if models[name].classifier == DENSITY]
    return next(
        (
            name
            for name in names
            if paths.model(name).exists() and paths.crossval(name).exists()
        ),
        None,
    )


def _scores(name: str, model: Pipeline) -> Scores:
    """Read the cross-validated scores of the training set, and no other column, shape (rows, classes)."""
    prefix = model_scores.COLUMN_PREFIXES[model_scores.response_method(model)]
    labels = model.classes_ if len(model.classes_) > 2 else model.classes_[1:]
    columns = [f"{prefix}_{label}" for label in labels]
    return model_scores.read_scores(tables.read(paths.crossval(name), columns))[0]
