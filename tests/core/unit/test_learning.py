"""Features, classifiers and the training function, on scikit-learn's digits."""

import re
from typing import Any

from digits.io.tables import Pixels, Vector
from digits.learning import deformation, models, registry
from digits.learning.classifiers import OURS
from digits.learning.training import Trained, accuracy, fold_of_rows, train
from digits.learning.transformers.pixels import FloatPixels, NormalizedPixels
from digits.support import parameters
from digits.support.errors import ParameterError, PipelineError
from digits.support.parameters import Experiment
from tests import tiny

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import issparse
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.feature_selection import SelectKBest
from sklearn.model_selection import cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline

PIXELS, CLASSES = tiny.digits()
pipeline = tiny.pipeline
BLOCKS = parameters.load(tiny.ROOT / "params.yaml").blocks(Experiment).values()
CLASSIFIERS = sorted({block.classifier for block in BLOCKS} | OURS.keys() | {"dummy.DummyClassifier"})


def test_scaling_goes_by_the_largest_value_there_can_be_whatever_has_been_seen() -> None:
    scaler = FloatPixels(scale=True, maximum=16).fit(np.array([[0, 8]], np.uint8))
    assert scaler.transform(np.array([[4, 16]], np.uint8)).tolist() == [[0.25, 1.0]]


def test_normalized_images_have_the_same_length_and_look_as_before() -> None:
    faint = np.vstack([PIXELS // 2 * 2, PIXELS // 2, np.zeros((1, 64), np.uint8)])
    normalized = NormalizedPixels(length=4).fit_transform(faint)
    assert issparse(normalized)
    values = normalized.toarray()
    assert np.allclose(np.linalg.norm(values[:-1], axis=1), 4)
    assert np.allclose(values[: len(PIXELS)], values[len(PIXELS) : -1], rtol=1e-5)
    assert np.allclose(values[0], 4 * faint[0] / np.linalg.norm(faint[0]))
    assert not values[-1].any()


@pytest.mark.parametrize("name", registry.feature_names())
def test_every_set_of_features_serves_a_classifier(name: str) -> None:
    larger = np.kron(PIXELS.reshape(-1, 8, 8), np.ones((1, 2, 2), np.uint8)).reshape(len(PIXELS), -1)
    model = train(pipeline("neighbors.KNeighborsClassifier", name), larger, CLASSES).model
    assert (model.predict(larger) == CLASSES).mean() > 0.9


@pytest.mark.parametrize("name", CLASSIFIERS)
@pytest.mark.parametrize("labels", [CLASSES, (CLASSES == 5).astype(np.uint8)], ids=["digit", "five"])
def test_predictions_are_what_scikit_learn_predicts_and_better_than_the_dummy_s(name: str, labels: Vector) -> None:
    trained = train(pipeline(name), PIXELS, labels, fold_of_rows(labels, 2))
    scores = models.score(trained.model, PIXELS)
    assert scores.shape == ((len(labels),) if labels.max() == 1 else (len(labels), 10))
    assert np.array_equal(models.predict(trained.model, scores), trained.model.predict(PIXELS))
    if name != "dummy.DummyClassifier" and labels is CLASSES:
        assert (predicted(trained) == labels).mean() > 0.6  # the dummy: 0.1


def predicted(trained: Trained) -> Vector:
    """Return what the model fitted without each row predicts of it."""
    assert trained.scores is not None
    return models.predict(trained.model, trained.scores)


class Memory(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Remember the label of each row of `fit`, and add it as a pixel; 0 for a row that is new."""

    def fit(self, X: Pixels, y: Vector) -> "Memory":  # noqa: N803
        self.labels_ = {row.tobytes(): 100 * (1 + label) for row, label in zip(X, y.tolist(), strict=True)}
        return self

    def transform(self, X: Pixels) -> npt.NDArray[np.float64]:  # noqa: N803
        return np.c_[X, [self.labels_.get(row.tobytes(), 0) for row in X]].astype(np.float64)


@pytest.mark.parametrize(
    "steps",
    [registry.features("normalized"), [("remember", Memory())], [("best", SelectKBest(k=5))]],
    ids=["learns nothing", "remembers rows", "SelectKBest"],
)
def test_out_of_fold_accuracies_are_those_of_cross_val_score(steps: list[tuple[str, Any]]) -> None:
    random = np.random.RandomState(0).randint(0, 17, PIXELS.shape).astype(np.uint8)
    pixels = random if isinstance(steps[0][1], SelectKBest) else PIXELS  # what is best for random pixels is chance
    estimator = Pipeline([*steps, ("classifier", registry.classifier("svm.LinearSVC", {}, 42))])
    fold = fold_of_rows(CLASSES, 3)
    predictions = predicted(train(estimator, pixels, CLASSES, fold))
    ours = [(predictions == CLASSES)[fold == i].mean() for i in (1, 2, 3)]
    assert np.allclose(ours, cross_val_score(clone(estimator), pixels, CLASSES, cv=3))


def test_no_row_is_predicted_by_a_model_that_has_seen_it_or_a_copy_of_its_image() -> None:
    # A neighbour that has seen an image knows its label, drawn at random though it is.
    random = np.random.RandomState(0)
    labels = random.randint(0, 2, len(PIXELS)).astype(np.uint8)
    rows = random.permutation(np.repeat(np.arange(len(PIXELS), dtype=np.uint32), 5))
    neighbour = KNeighborsClassifier(n_neighbors=1)
    estimator = Pipeline([*registry.features("raw"), ("classifier", neighbour)])
    fold_of_row, fold = (fold_of_rows(labels[rows], 3, origin) for origin in (None, rows))
    assert fold is not None
    by_row, by_origin = (train(estimator, PIXELS[rows], labels[rows], each) for each in (fold_of_row, fold))
    assert accuracy(by_origin.model, by_origin.seen, labels[rows]) == 1
    assert (predicted(by_row) == labels[rows]).mean() > 0.95
    assert (predicted(by_origin) == labels[rows]).mean() < 0.6
    assert all(len(set(fold[rows == row])) == 1 for row in range(len(PIXELS)))


def test_deformed_copies_are_fitted_on_with_their_image_and_never_where_it_is_held_out() -> None:
    labels = np.random.RandomState(0).randint(0, 2, len(PIXELS)).astype(np.uint8)
    fold = fold_of_rows(labels, 3)
    assert fold is not None
    grown, times = deformation.add_copies(PIXELS, tiny.SHAPE, copies=4, seed=1), 5
    nearest = Pipeline([*registry.features("raw"), ("classifier", KNeighborsClassifier(n_neighbors=1))])
    trained = train(nearest, grown, labels, fold)
    assert models.predict(trained.model, models.score(trained.model, grown)).tolist() == times * labels.tolist()
    assert trained.seen.shape == labels.shape
    assert (predicted(trained) == labels).mean() < 0.6
    for i in (1, 2, 3):
        fitted = np.tile(fold != i, times)
        expected = clone(nearest).fit(grown[fitted], np.tile(labels, times)[fitted]).predict(PIXELS[fold == i])
        assert np.array_equal(predicted(trained)[fold == i], expected)


def test_the_copies_of_a_picture_have_its_own_background() -> None:
    padded = np.pad(PIXELS.reshape(-1, 8, 8) * 15, [(0, 0), (2, 2), (2, 2)]).reshape(len(PIXELS), -1)
    dark, white = (deformation.add_copies(each, (12, 12), copies=1, seed=1) for each in (padded, 255 - padded))
    assert np.abs(255 - white.astype(int) - dark).max() <= 1


@given(st.integers(2, 5), st.integers(0, 2**32 - 1))
def test_no_group_is_in_two_folds_and_no_class_is_new_to_a_model(folds: int, seed: int) -> None:
    random = np.random.RandomState(seed)
    group = random.randint(0, random.randint(1, 30), 120)
    y = (random.randint(0, 3, 120) if seed % 2 else group % 3).astype(np.uint8)
    try:
        fold = fold_of_rows(y, folds, origin=np.arange(120), group=group)
    except (ParameterError, PipelineError) as error:
        assert re.search("folds: .*; use|have the label", str(error))  # noqa: PT017
        return
    assert fold is not None
    assert set(fold) == {*range(1, folds + 1)}
    assert all(len(set(fold[group == each])) == 1 for each in np.unique(group))
    assert all(set(y[fold != i]) == set(y) for i in range(1, folds + 1))


def test_what_cannot_be_fitted_is_reported() -> None:
    labels = np.array([0] * 10 + [1] * 2, np.uint8)
    with pytest.raises(ParameterError, match="only 2 training rows have the label 1"):
        fold_of_rows(labels, 3)
    with pytest.raises(PipelineError, match="cannot be fitted"):
        fold_of_rows(labels[:5], 0)


@pytest.mark.parametrize(
    ("name", "hyperparameters", "reason"),
    [
        ("svm.SCV", {}, "no 'svm.SCV'. Did you mean 'svm.SVC'"),
        ("svm.SVR", {}, "no 'svm.SVR'. Did you mean 'svm.SVC'"),  # no classifier
        ("svm.SVC", {"gama": 1}, "no 'gama'. Did you mean 'gamma'. Valid: C, break_ties"),
        ("svm.SVC", {"random_state": 1}, "no 'random_state'"),
        (tiny.SGD, {"n_jobs": 2}, "no 'n_jobs'"),
    ],
)
def test_a_wrong_hyperparameter_is_named(name: str, hyperparameters: dict[str, Any], reason: str) -> None:
    with pytest.raises(ParameterError) as error:
        registry.classifier(name, hyperparameters, seed=42)
    assert reason in str(error.value).replace("'?", "'.")
