"""Support vector machines that also learn from deformed copies of their training images.

`fit` makes the copies from its own training images. In a cross-validation, a copy is therefore
never in another fold than its original.

Sources: D. DeCoste, B. Schölkopf, "Training invariant support vector machines" (2002), for the
two fits; P. Simard, D. Steinkraus, J. Platt, "Best practices for convolutional neural networks
applied to visual document analysis" (2003), for the deformation.
"""

import math
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import joblib
import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.pipeline import Pipeline
from sklearn.svm import SVC
from sklearn.utils import check_array, check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from digits.core.pixels import Pixels, Scores, Vector
from digits.imaging.transforms.deformation import MILD, deform_rows, list_blocks
from digits.learning.rounding import fit_rounded

Features = npt.NDArray[np.floating[Any]]

POSITIVE = Interval(Real, 0, None, closed="neither")
AT_LEAST_ONE = Interval(Integral, 1, None, closed="left")

# The functional margin of an image is its score or, if it is not of the class, minus its score.
# The margin of a support vector is at most 1. Both limits were chosen by cross-validation on
# MNIST's training set.
MAX_MARGIN_COPIED = 1.3  # images with a lower margin are copied
MAX_MARGIN_FITTED = 2.0  # images with a lower margin take part in the second fit

# Scores are computed for this many images at a time (inside the batches of scores.py). Their
# kernel matrix then takes a few megabytes for each thousand support vectors.
BATCH_SIZE = 200


class AugmentedSVC(
    ClassifierMixin,  # type: ignore[misc]
    BaseEstimator,  # type: ignore[misc]
):
    """An SVC for each class against all others, fitted on images and deformed copies of them.

    `fit` fits each SVC twice. The first fit is on all images, and tells how far each image is
    from the decision boundary of its class. The second fit is on the images that are not far
    from the boundary, because the others would hardly change it, and on deformed copies of the
    nearest ones. The kernel is the radial basis function.

    Args:
        features: the unfitted steps that compute features of pixels. It must be set before
            `fit`.
        n_copies: the number of deformed copies of each image near a boundary, at least 1.
        C: the regularization parameter of the first fit, above 0.
        C_copies: the regularization parameter of the second fit, or None for `C`. With a lower
            value than `C`, a copy that looks like another class does less harm.
        gamma: the coefficient of the kernel, above 0, or "scale", as in `SVC`.
        random_state: the seed of the deformations, a `RandomState`, or None.

    Attributes:
        n_features_in_: the number of pixels.
        classes_: the labels, shape (n_classes,).
        features_: the fitted `features`.
        gamma_: the coefficient of the kernel, a number.
        support_vectors_: the features of the images and of the copies that are a support vector
            of any SVC, shape (n_support_vectors, n_features).
        dual_coef_: the weight of each support vector in each SVC, shape
            (n_support_vectors, n_svcs).
        intercept_: the constants of the SVCs, shape (n_svcs,).
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "features": [None, Pipeline],
        "n_copies": [AT_LEAST_ONE],
        "C": [POSITIVE],
        "C_copies": [None, POSITIVE],
        "gamma": [StrOptions({"scale"}), POSITIVE],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        features: Pipeline | None = None,
        n_copies: int = 4,
        C: float = 1.0,
        C_copies: float | None = None,
        gamma: float | str = "scale",
        random_state: Any = None,
    ) -> None:
        self.features = features
        self.n_copies = n_copies
        self.C = C
        self.C_copies = C_copies
        self.gamma = gamma
        self.random_state = random_state

    def fit(self, X: Pixels, y: Vector) -> Self:
        """Fit the features, and each SVC twice.

        Args:
            X: the pixels of square images, shape (n_images, side * side).
            y: the labels, shape (n_images,).
        """
        self._validate_params()
        X, y = self._validate_images(X, y=y)
        check_classification_targets(y)
        side = math.isqrt(X.shape[1])
        if side**2 != X.shape[1]:
            raise ValueError(f"copies are made of square images, not of {X.shape[1]} pixels")
        self.classes_ = np.unique(y)
        self.features_ = clone(self.features)
        Z = check_array(fit_rounded(self.features_, X, y))  # refuses a sparse matrix
        if isinstance(self.gamma, str):
            variance = Z.var()  # as in `SVC`, but computed once for both fits
            self.gamma_ = float(1 / (Z.shape[1] * variance)) if variance > 0 else 1.0
        else:
            self.gamma_ = float(self.gamma)

        # The target of an SVC is 1 for the images of its class, and -1 for all others.
        positive_classes = self.classes_
        if len(self.classes_) == 2:
            positive_classes = self.classes_[1:]
        targets = [np.where(y == label, 1, -1) for label in positive_classes]

        # The first fit, and the margin of each image in it, shape (n_images, n_svcs).
        parallel = joblib.Parallel(prefer="threads")
        fit_task = joblib.delayed(self._fit_svc)
        all_rows = np.arange(len(Z))
        first_svcs = parallel(fit_task(Z, target, self.C) for target in targets)
        self._store_svcs(first_svcs, Z, [all_rows] * len(targets))
        margins = np.stack(targets, axis=1) * self._compute_scores(Z)

        # The inputs of the second fit are the images, followed by the copies, which
        # `_make_copies` returns in this order. Input i is image originals[i], or a copy of it.
        # For example, with 3 images and 2 copies of image 1, originals is [0, 1, 2, 1, 1].
        copied_rows = np.flatnonzero((margins < MAX_MARGIN_COPIED).any(axis=1))
        copies = self._make_copies(X[copied_rows], side)
        inputs = np.concatenate([Z, copies])
        originals = np.concatenate([all_rows, np.tile(copied_rows, self.n_copies)])
        is_copy = np.arange(len(inputs)) >= len(Z)
        # For each class, only the copies of images near its own boundary take part.
        max_margin = np.where(is_copy, MAX_MARGIN_COPIED, MAX_MARGIN_FITTED)

        # The second fit.
        C_copies = self.C if self.C_copies is None else self.C_copies
        fitted_rows = []
        tasks = []
        for column, target in enumerate(targets):
            input_margins = margins[originals, column]
            rows = np.flatnonzero(input_margins < max_margin)
            input_targets = target[originals]
            tasks.append(fit_task(inputs[rows], input_targets[rows], C_copies))
            fitted_rows.append(rows)
        self._store_svcs(parallel(tasks), inputs, fitted_rows)
        return self

    def decision_function(self, X: Pixels) -> Scores:
        """Return the scores of images, shape (n_images, n_classes).

        With two classes, the shape is (n_images,), for the second class.
        """
        check_is_fitted(self)
        X = self._validate_images(X, reset=False)
        scores = self._compute_scores(self.features_.transform(X))
        return scores[:, 0] if len(self.classes_) == 2 else scores

    def predict(self, X: Pixels) -> Vector:
        """Return the label with the highest score of each image, shape (n_images,)."""
        scores = self.decision_function(X)
        if scores.ndim == 1:
            return self.classes_[(scores > 0).astype(int)]
        return self.classes_[scores.argmax(axis=1)]

    def _validate_images(self, X: Pixels, **options: Any) -> Any:
        """Check the images, and the labels if `y` is given. A subclass may pad the images."""
        return validate_data(self, X, **options)

    def _fit_svc(self, Z: Features, target: Vector, C: float) -> SVC:
        return SVC(C=C, gamma=self.gamma_).fit(Z, target)

    def _store_svcs(self, svcs: list[SVC], inputs: Features, fitted_rows: list[Vector]) -> None:
        """Store SVCs, each of which was fitted on some rows of `inputs`.

        An input that is a support vector of several SVCs is stored once. `_compute_scores` then
        computes its kernel once.
        """
        dual_coef = np.zeros((len(inputs), len(svcs)))
        for column, (svc, rows) in enumerate(zip(svcs, fitted_rows, strict=True)):
            support_rows = rows[svc.support_]
            dual_coef[support_rows, column] = svc.dual_coef_[0]
        is_support_vector = dual_coef.any(axis=1)
        self.support_vectors_ = inputs[is_support_vector]
        self.dual_coef_ = dual_coef[is_support_vector]
        self.intercept_ = np.concatenate([svc.intercept_ for svc in svcs])

    def _compute_scores(self, Z: Features) -> Scores:
        """Return the score of each image by each SVC, shape (n_images, n_svcs)."""
        # The kernel of float32 features would be in float32, which has too few digits for a sum
        # over thousands of support vectors.
        support_vectors = self.support_vectors_.astype(np.float64)

        def compute_batch(start: int) -> Scores:
            batch = Z[start : start + BATCH_SIZE].astype(np.float64)
            return rbf_kernel(batch, support_vectors, self.gamma_) @ self.dual_coef_

        parallel = joblib.Parallel(prefer="threads")
        starts = range(0, len(Z), BATCH_SIZE)
        batches = parallel(joblib.delayed(compute_batch)(start) for start in starts)
        return np.concatenate(batches) + self.intercept_

    def _make_copies(self, X: Pixels, side: int) -> Features:
        """Return the features of deformed copies, shape (n_copies * n_images, n_features).

        The first copies of all images come first, then the second copies, and so on.
        """
        seed = check_random_state(self.random_state).randint(2**31)
        # `deform_rows` numbers the images first, then their copies: row r is made of image
        # r % len(X).
        n_rows = (1 + self.n_copies) * len(X)
        blocks = list_blocks(len(X), n_rows)

        def transform_block(rows: range) -> Features:
            return self.features_.transform(deform_rows(X, (side, side), rows, seed, MILD))

        parallel = joblib.Parallel(prefer="threads")
        return np.concatenate(
            parallel(joblib.delayed(transform_block)(rows) for rows in blocks)
        )
