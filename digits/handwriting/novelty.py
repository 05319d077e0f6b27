"""What is none of a model's classes: a rule for any model with folds, on the features that its own begin with.

Three measures judge an image: its log density, by a Gaussian for each class; the score of a support vector machine that
tells training images from made-up pictures; and the model's own score of the class that it predicts. Each becomes a
p-value among training images held out, and R. Fisher's method combines them (Statistical Methods for Research Workers,
1925). docs/handwriting/handwriting.md measures it.
"""

import hashlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, Self
from zipfile import BadZipFile

from digits.core import paths, tables
from digits.core.errors import note
from digits.core.tables import Pixels, Scores, Vector
from digits.handwriting import made_up
from digits.handwriting.components import Digit
from digits.learning import scoring
from digits.pictures import Picture

import numpy as np
from sklearn.decomposition import PCA
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.pipeline import Pipeline
from sklearn.svm import SVC
from sklearn.utils import get_tags

RARE = 0.0075  # of the held-out training images are rejected
FITTED, HELD_OUT = 6_000, 10_000  # training images that the rule is fitted on, and chosen on, at most
FEWEST = 100  # held-out images that are needed
WEIGHTS = np.array([2, 2, 1])  # of the three measures
COMPONENTS = 60  # of the features at most
MEDIAN, LOW = 5.1, -76.6  # that the median and the 1 % quantile of log densities become: `touching` is for these
BATCH = 1_000

Find = Callable[[Picture], list[Digit]]


class Novelty(NamedTuple):
    """The rule of one model."""

    model: Pipeline
    features: Pipeline  # those of its steps that learn nothing
    fitted: dict[str, Any]  # arrays: what was fitted to what they give

    @classmethod
    def load(cls, experiment: str, task: str, model: Pipeline, find: Find, maximum: int) -> Self | None:
        """Read a model's rule from data/novelty/; fit and write it if that is missing, or was for another model.

        Args:
            experiment: its name.
            task: that it was trained on.
            model: all of its pipeline.
            find: draws what is in a picture as the training images were drawn.
            maximum: the largest value that a pixel of theirs can have.

        Returns:
            None where there is nothing to fit it on: no folds, too few images, or no data, which a line says.
        """
        code = b"".join(module.read_bytes() for module in sorted(Path(__file__).parent.glob("*.py")))  # `find` is in it
        key = np.array(hashlib.sha256(paths.model(experiment).read_bytes() + code).hexdigest())
        features = model[: next(i for i, (_, step) in enumerate(model.steps) if get_tags(step).requires_fit)]
        path = Path("data", "novelty", f"{experiment}.npz")
        with suppress(OSError, ValueError, EOFError, BadZipFile), path.open("rb") as file:
            if (fitted := dict(np.load(file)))["key"] == key:
                return cls(model, features, fitted)
        images, folds = paths.task(task, "train"), paths.out_of_fold(experiment)
        if not (images.exists() and folds.exists()):
            note(f"nothing is called none: that is learned from {images} and {folds}; `dvc pull` fetches them")
            return None
        out_of_fold = tables.read(folds)
        if "fold" not in out_of_fold:
            return None
        fold, y = out_of_fold["fold"].to_numpy(), out_of_fold["label"].to_numpy()
        train, held_out = np.flatnonzero(fold != 1)[:FITTED], np.flatnonzero(fold == 1)[:HELD_OUT]
        if len(held_out) < FEWEST:
            note(f"`none` needs at least {FEWEST} images per fold; {experiment} has {len(held_out)}")
            return None
        note(f"learning, once, which pictures belong to no class of {experiment}: two minutes for MNIST …")
        frame = tables.read(images)
        X = tables.pixels(frame).reshape(-1, *frame.attrs["shape"])  # noqa: N806
        scores, _, _ = scoring.scores_of(out_of_fold)
        confidence = _confidence(model, scores[held_out])
        novelty = cls(model, features, {"key": key}).fit(X[train], X[held_out], confidence, y[train], find, maximum)
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, **novelty.fitted)
        return novelty

    def fit(
        self, images: Pixels, held_out: Pixels, confidence: Vector, y: Vector, find: Find, maximum: int = 255
    ) -> Self:
        """Fit it on training images and their labels `y`, and on held-out ones and the model's `confidence` in them.

        Images have the shape (n, height, width), up to `maximum`; confidence is of a model that has not seen them.
        """
        others, redrawn = made_up.pictures(images * (255 // maximum), find)
        X = self.reduce(images)  # noqa: N806
        pca = PCA(min(COMPONENTS, *X.shape), svd_solver="covariance_eigh" if len(X) > X.shape[1] else "full").fit(X)
        self.fitted.update(centre=pca.mean_, components=pca.components_.T)
        X, redrawn, others = (self.reduce(each) for each in (images, redrawn, others))  # noqa: N806
        self.fitted.update(_gaussians(X, y))
        both = np.concatenate([X, redrawn, others])
        gamma = 1 / both.shape[1] / both.var()
        is_own = np.arange(len(both)) < len(both) - len(others)
        svc = SVC(C=10, gamma=gamma, class_weight="balanced").fit(both, is_own)
        self.fitted.update(support=svc.support_vectors_, weights=svc.dual_coef_[0], gamma=gamma, bias=svc.intercept_[0])
        X = self.reduce(held_out)  # noqa: N806
        measures = np.stack([self._log_density(X), self._own(X), confidence])
        self.fitted["held_out"] = np.sort(measures, axis=1)
        self.fitted["threshold"] = np.quantile(WEIGHTS @ self.log_p(measures), RARE, method="lower")
        return self

    def score(self, images: Pixels) -> Vector:
        """Return the log density of each image's nearest class, on the scale of `MEDIAN` and `LOW`, shape (images,)."""
        median, low = np.quantile(self.fitted["held_out"][0], [0.5, 0.01])
        return np.asarray(MEDIAN + (self._log_density(self.reduce(images)) - median) * (MEDIAN - LOW) / (median - low))

    def rejects(self, images: Pixels) -> Vector:
        """Return for each image whether it is none of the classes, shape (images,)."""
        return np.asarray(WEIGHTS @ self.log_p(self.measure(images)) < self.fitted["threshold"])

    def measure(self, images: Pixels) -> Vector:
        """Return the three measures of each image, higher for a likelier one, shape (3, images)."""
        X = self.reduce(images)  # noqa: N806
        confidence = _confidence(self.model, scoring.score(self.model, images.reshape(len(images), -1)))
        return np.stack([self._log_density(X), self._own(X), confidence])

    def log_p(self, measures: Vector) -> Vector:
        """Return the logarithms of the p-values of measures, shape (3, images)."""
        pairs = zip(self.fitted["held_out"], measures, strict=True)
        return np.array([np.log((1 + np.searchsorted(of, own, "right")) / (1 + len(of))) for of, own in pairs])

    def reduce(self, images: Pixels) -> Vector:
        """Return the features of images, once fitted at most `COMPONENTS` of them, shape (images, features)."""
        flat = images.reshape(len(images), -1)
        X = self.features.transform(flat) if len(self.features) else flat  # noqa: N806
        X = X.toarray() if hasattr(X, "toarray") else np.asarray(X, np.float32)  # noqa: N806
        return (X - self.fitted["centre"]) @ self.fitted["components"] if "components" in self.fitted else X

    def _log_density(self, X: Vector) -> Vector:  # noqa: N803
        """Return that of the nearest class."""
        means, whitening, constants = (self.fitted[name] for name in ("means", "whitening", "constants"))
        distances = [(((X - mean) @ each) ** 2).sum(axis=1) for mean, each in zip(means, whitening, strict=True)]
        return np.asarray((constants[:, None] - np.array(distances) / 2).max(axis=0))

    def _own(self, X: Vector) -> Vector:  # noqa: N803
        """Return how far the images are on the training images' side of the made-up ones."""
        support, gamma = self.fitted["support"], float(self.fitted["gamma"])
        kernels = (rbf_kernel(X[start : start + BATCH], support, gamma) for start in range(0, len(X), BATCH))
        return np.concatenate([kernel @ self.fitted["weights"] for kernel in kernels]) + self.fitted["bias"]


def _confidence(model: Pipeline, scores: Scores) -> Vector:
    """Return the score of each row's predicted class, or its distance from the threshold of two classes."""
    return scores.max(axis=1) if scores.ndim == 2 else np.abs(scores - scoring.threshold(model))


def _gaussians(X: Vector, y: Vector) -> dict[str, Vector]:  # noqa: N803
    """Return a Gaussian for each class; its covariance is drawn to that of all where it has few rows."""
    classes, counts = np.unique(y, return_counts=True)
    means = np.array([X[y == label].mean(axis=0) for label in classes])
    size, rest = X.shape[1], X - means[np.searchsorted(classes, y)]
    shared = rest.T @ rest
    shared = (shared + np.trace(shared) / len(X) * np.eye(size)) / (len(X) + size)
    whitening, constants = [], []
    for label, count in zip(classes, counts, strict=True):
        own = rest[y == label]
        values, vectors = np.linalg.eigh((own.T @ own + size * shared) / (count + size))
        values = np.maximum(values, 1e-6 * values[-1])
        whitening.append(vectors / np.sqrt(values))
        constants.append(np.log(count / len(X)) - np.log(values).sum() / 2)
    return {"means": means, "whitening": np.array(whitening), "constants": np.array(constants)}
