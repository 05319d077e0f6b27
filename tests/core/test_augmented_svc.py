"""The classifier that also learns from deformed copies of its training images."""

import math
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import SVC
from sklearn.utils.estimator_checks import check_estimator

from digits.core.images import ImageFormat
from digits.features.scaled import scale
from digits.imaging.transforms.deformation import MILD, deform_rows
from digits.learning import model_file
from digits.learning.classifiers.augmented_svc import (
    MAX_MARGIN_COPIED,
    MAX_MARGIN_FITTED,
    AugmentedSVC,
)
from digits.learning.estimators import make_classifier
from digits.learning.pipelines import build_pipeline
from digits.messages.errors import UserError
from digits.settings import params
from tests.helpers import tiny

C = 10
C_COPIES = 2
GAMMA = 0.1
N_COPIES = 3
N_TRAIN = 150


def load_images() -> tuple[Any, Any]:
    """Return scikit-learn's digits as whole numbers, shape (1797, 64), and their labels."""
    bunch = load_digits()
    return bunch.data.astype(np.uint8), bunch.target.astype(np.uint8)


def make_model(n_copies: int = N_COPIES) -> AugmentedSVC:
    """Return an unfitted classifier that learns from pixels scaled to 0 to 1."""
    features = make_pipeline(FunctionTransformer(scale, kw_args={"pixel_max": 16}))
    return AugmentedSVC(features, n_copies, C, C_COPIES, GAMMA, random_state=0)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_scores_are_those_of_an_svc_per_class_on_near_images_and_their_copies(
    n_classes: int,
) -> None:
    X, y = load_images()
    is_used = np.flatnonzero(y < n_classes)
    X_train = X[is_used][:N_TRAIN]
    y_train = y[is_used][:N_TRAIN]
    X_test = X[is_used][-300:]
    model = make_model().fit(X_train, y_train)
    assert model.n_features_in_ == 64

    # With two classes there is only the SVC of the second.
    labels = [1] if n_classes == 2 else range(n_classes)
    margins = []
    for label in labels:
        svc = SVC(C=C, gamma=GAMMA).fit(X_train / 16, y_train == label)
        sign = np.where(y_train == label, 1, -1)
        margins.append(sign * svc.decision_function(X_train / 16))
    copied = np.flatnonzero(np.min(margins, axis=0) < MAX_MARGIN_COPIED)
    seed = np.random.RandomState(0).randint(2**31)
    rows = range(len(copied), (1 + N_COPIES) * len(copied))
    copies = deform_rows(X_train[copied], (8, 8), rows, seed, MILD)
    copies = copies.reshape(N_COPIES, len(copied), 64)

    expected = []
    for label, margin in zip(labels, margins, strict=True):
        is_kept = margin < MAX_MARGIN_FITTED
        is_copied = margin[copied] < MAX_MARGIN_COPIED
        inputs = np.concatenate([X_train[is_kept], *copies[:, is_copied]]) / 16
        y_copied = np.tile(y_train[copied][is_copied], N_COPIES)
        y_inputs = np.concatenate([y_train[is_kept], y_copied])
        second_svc = SVC(C=C_COPIES, gamma=GAMMA).fit(inputs, y_inputs == label)
        expected.append(second_svc.decision_function(X_test / 16))

    scores = model.decision_function(X_test)
    if n_classes == 2:
        np.testing.assert_allclose(scores, expected[0], rtol=0, atol=1e-4)
        assert (model.predict(X_test) == (scores > 0)).all()
    else:
        np.testing.assert_allclose(scores, np.transpose(expected), rtol=0, atol=1e-4)
        assert (model.predict(X_test) == scores.argmax(axis=1)).all()


@pytest.mark.variant
def test_a_model_is_the_same_with_one_thread_and_with_two(tmp_path: Path) -> None:
    X, y = load_images()
    n_train = 500  # so many that the copies are made, and the scores computed, in several tasks
    contents = []
    for n_jobs in [1, 2]:
        with joblib.parallel_config("threading", n_jobs=n_jobs):
            model = make_model().fit(X[:n_train], y[:n_train])
        path = tmp_path / f"{n_jobs}"
        model_file.save(path, Pipeline([("classifier", model)]))
        contents.append(path.read_bytes())
    assert contents[0] == contents[1]

    loaded = model_file.load(path)
    np.testing.assert_array_equal(loaded.decision_function(X), model.decision_function(X))


def test_it_is_a_model_of_params_yaml_with_any_features() -> None:
    X, y = load_images()
    entry = tiny.model("digit", "scaled", "augmented_svc", 0, C=C, C_copies=C_COPIES)
    entry["hyperparameters"] |= {"gamma": GAMMA, "n_copies": N_COPIES}
    model_params = params.ModelParams.model_validate(entry)
    pipeline = build_pipeline(model_params, ImageFormat((8, 8), 16), seed=0)
    pipeline.fit(X[:N_TRAIN], y[:N_TRAIN])
    expected = make_model().fit(X[:N_TRAIN], y[:N_TRAIN])
    scores = pipeline.decision_function(X)
    np.testing.assert_array_equal(scores, expected.decision_function(X))


def test_another_seed_makes_other_copies() -> None:
    X, y = load_images()
    model = make_model().fit(X[:N_TRAIN], y[:N_TRAIN])
    again = clone(model).fit(X[:N_TRAIN], y[:N_TRAIN])
    other = clone(model).set_params(random_state=1).fit(X[:N_TRAIN], y[:N_TRAIN])
    scores = model.decision_function(X)
    np.testing.assert_array_equal(scores, again.decision_function(X))
    assert not np.array_equal(scores, other.decision_function(X))


def test_gamma_can_follow_the_variance_as_in_scikit_learn() -> None:
    X, y = load_images()
    model = make_model().set_params(gamma="scale").fit(X[:N_TRAIN], y[:N_TRAIN])
    variance = (X[:N_TRAIN] / 16).var()
    assert model.gamma_ == pytest.approx(1 / (64 * variance), rel=1e-6)
    assert model.fit(np.full((4, 64), 7, np.uint8), [0, 1, 0, 1]).gamma_ == 1


def test_images_that_are_not_square_are_refused() -> None:
    X, y = load_images()
    with pytest.raises(ValueError, match="of square images, not of 48 pixels"):
        make_model().fit(X[:, :48], y)


def test_wrong_hyperparameters_are_refused() -> None:
    for name, value in [("n_copies", 0), ("gamma", "wide")]:
        with pytest.raises(UserError, match=f"'{name}' parameter of AugmentedSVC must be a"):
            make_classifier("augmented_svc", {name: value}, 42)


class PaddedSVC(AugmentedSVC):
    """The classifier, which pads its images to squares.

    The rows of scikit-learn's checks have widths such as 2, 3 and 10.
    """

    def _validate_images(self, X: Any, **options: Any) -> Any:
        validated = super()._validate_images(X, **options)
        if "y" in options:
            images, y = validated
            return pad(images), y
        return pad(validated)


def pad(X: Any) -> Any:
    """Append columns of zeros until the number of columns is a square."""
    n_columns = X.shape[1]
    side = math.ceil(math.sqrt(n_columns))
    return np.pad(X, [(0, 0), (0, side**2 - n_columns)])


@pytest.mark.variant
def test_it_is_an_estimator_as_scikit_learn_expects() -> None:
    features = Pipeline([("pixels", FunctionTransformer())])
    model = PaddedSVC(features, n_copies=1, random_state=0)
    # The check of array libraries skips itself unless SciPy is told to support them.
    check_estimator(model, on_skip=None)
