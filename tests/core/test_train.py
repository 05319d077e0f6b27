"""Training: what a model is fitted on and scored on, and what is kept of it."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.model_selection import StratifiedKFold
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from digits.core import paths
from digits.core.images import ImageFormat, Images, write_images
from digits.core.pixels import Vector
from digits.core.predictions import make_predictions_table
from digits.learning import fitting, model_file
from digits.learning.fitting import CrossValidatedScores, assign_folds
from digits.learning.pipelines import build_features, build_pipeline
from digits.learning.scores import (
    BATCH_SIZE,
    compute_scores,
    predict_from_scores,
    predict_labelled_images,
)
from digits.learning.thresholds import choose_threshold, predict_cross_validated, set_threshold
from digits.messages.errors import UserError
from digits.settings import params
from tests.helpers import tiny
from tests.helpers.calls import call, failure
from tests.helpers.installed import install_package

FORMAT = ImageFormat(tiny.SHAPE, tiny.PIXEL_MAX)
FIVE = "models.five-sgd"
BOOSTING = "ensemble.HistGradientBoostingClassifier"


X, CLASSES = tiny.digits()


def make_task(**columns: Any) -> Images:
    """Return the images of X as the training set of a task, in which five has the label 1."""
    rows = np.arange(len(X), dtype=np.uint32)
    labels = (CLASSES == 5).astype(np.uint8)
    table = pd.DataFrame({"class": CLASSES, "row": rows, "label": labels}).assign(**columns)
    table.attrs = {"shape": list(tiny.SHAPE), "pixel_max": tiny.PIXEL_MAX}
    return Images(X, table)


def train(
    folder: Path, model: dict[str, Any], seed: int = 42, task: Images | None = None
) -> tuple[Pipeline, pd.DataFrame]:
    """Call the stage in a folder with the training set of a task.

    Returns:
        The model, and its cross-validated predictions.
    """
    prepare(folder, model, seed, task)
    assert call(folder, "train", "five-sgd").output == ""
    cv_predictions = pd.read_parquet(folder / paths.cv_predictions("five-sgd"))
    return model_file.load(folder / paths.model("five-sgd")), cv_predictions


def prepare(
    folder: Path, model: dict[str, Any], seed: int = 42, task: Images | None = None
) -> None:
    """Write what the stage reads."""
    tiny.edit(folder, {FIVE: model, "seed": seed})
    write_images(folder / paths.task("five", "train"), task or make_task())


def build(model: dict[str, Any]) -> Pipeline:
    """Return the unfitted pipeline of a model."""
    entry = params.ModelParams.model_validate(model)
    return build_pipeline(entry, FORMAT, 42)


LOGISTIC = tiny.model("five", "scaled 50", tiny.LOGISTIC, 3)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Pipeline, pd.DataFrame]:
    """Return the model of LOGISTIC, and its cross-validated predictions."""
    return train(tmp_path_factory.mktemp("trained"), LOGISTIC)


def test_the_model_is_fitted_on_all_images(trained: tuple[Pipeline, pd.DataFrame]) -> None:
    model, cv_predictions = trained
    y = make_task().y
    expected = build(LOGISTIC).fit(X, y)
    scores, expected_scores = model.decision_function(X), expected.decision_function(X)
    assert np.allclose(scores, expected_scores, atol=1e-3)
    assert cv_predictions.attrs["train_accuracy"] == (model.predict(X) == y).mean()


def test_each_fold_is_scored_by_a_model_that_was_fitted_without_it(
    trained: tuple[Pipeline, pd.DataFrame],
) -> None:
    _, cv_predictions = trained
    y = make_task().y
    splits = StratifiedKFold(3).split(X, y)
    for fold, (train_rows, test_rows) in enumerate(splits, start=1):
        of_fold = cv_predictions.iloc[test_rows]
        expected = clone(build(LOGISTIC)).fit(X[train_rows], y[train_rows])
        assert (of_fold["fold"] == fold).all()
        scores = expected.decision_function(X[test_rows])
        assert np.allclose(of_fold["decision_1"], scores, atol=1e-3)
        assert (of_fold["prediction"] == expected.predict(X[test_rows])).all()


def test_without_folds_only_labels_and_the_train_accuracy_are_kept(tmp_path: Path) -> None:
    always = {"hyperparameters": {"threshold": -100}}
    _, cv_predictions = train(tmp_path, {**LOGISTIC, "folds": 0, **always})
    assert cv_predictions.attrs["train_accuracy"] == make_task().y.mean()
    assert list(cv_predictions.columns) == ["row", "label"]
    assert cv_predictions.equals(make_task().table[["row", "label"]])


def test_of_many_images_only_the_first_ones_have_a_train_accuracy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fitting, "MAX_TRAIN_SCORES", 50)
    # It learns from the labels of the images after the fiftieth, and knows nothing of them.
    task = make_task(label=(np.arange(len(X)) < 40).astype(np.uint8))
    model = tiny.model("five", "raw", "dummy.DummyClassifier", 0, strategy="most_frequent")
    _, cv_predictions = train(tmp_path, model, task=task)
    assert cv_predictions.attrs["train_accuracy"] == 10 / 50


@given(data=st.data(), n_folds=st.integers(2, 6))
@settings(max_examples=50)
def test_each_fold_has_its_share_of_each_label(data: st.DataObject, n_folds: int) -> None:
    counts = data.draw(st.lists(st.integers(n_folds, 20), min_size=1, max_size=4))
    labels = np.repeat(np.arange(len(counts)), counts).tolist()
    y = np.array(data.draw(st.permutations(labels)))
    folds = assign_folds(y, None, n_folds)
    assert folds is not None
    for label in set(labels):
        _, *counts_of_folds = np.bincount(folds[y == label], minlength=n_folds + 1)
        assert len(counts_of_folds) == n_folds
        assert np.ptp(counts_of_folds) <= 1


@given(data=st.data(), n_folds=st.integers(2, 4))
@settings(max_examples=50)
def test_no_group_is_in_two_folds(data: st.DataObject, n_folds: int) -> None:
    # Each group has images of both labels.
    sizes = data.draw(st.lists(st.integers(1, 5), min_size=n_folds, max_size=10))
    groups = np.repeat(np.arange(len(sizes)), np.multiply(2, sizes))
    y = np.arange(len(groups)) % 2
    folds = assign_folds(y, pd.Series(groups), n_folds)
    assert folds is not None
    assert len(set(zip(groups, folds, strict=True))) == len(sizes)
    assert set(folds) == set(range(1, n_folds + 1))


def test_folds_of_whole_groups_have_their_share_of_each_label() -> None:
    y = np.tile(np.repeat([0, 1], 3), 2)  # each group has images of one label only
    folds = assign_folds(y, pd.Series(np.repeat(np.arange(4), 3)), 2)
    assert [np.bincount(y[folds == fold]).tolist() for fold in [1, 2]] == [[3, 3], [3, 3]]


def test_a_label_may_be_missing_among_the_images_that_are_held_out() -> None:
    y = np.repeat([0, 1], [12, 4])
    groups = pd.Series(np.repeat(np.arange(8), 2))  # two of them have the label 1
    folds = assign_folds(y, groups, 3)
    assert folds is not None
    assert len(set(folds[y == 1])) == 2


@pytest.mark.parametrize(
    ("n_ones", "n_folds", "groups", "line"),
    [
        (2, 3, None, "folds: 3; at most 2, the number of images of the rarest label"),
        (6, 4, [0] * 5 + [1] * 5 + [2] * 5, "folds: 4; at most 3, the number of images"),
        (2, 3, list(range(11)), "folds: 3; at most 2, the number of images of the rarest"),
        (3, 2, [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3], "all groups with the label 1 are in one"),
    ],
)
def test_folds_that_the_images_do_not_allow_are_refused(
    n_ones: int, n_folds: int, groups: list[int] | None, line: str
) -> None:
    y = np.repeat([0, 1], [9, n_ones])
    with pytest.raises(UserError, match=line):
        assign_folds(y, None if groups is None else pd.Series(groups), n_folds)


def test_images_of_one_label_are_refused(tmp_path: Path) -> None:
    prepare(tmp_path, {**LOGISTIC, "folds": 0}, task=make_task(label=0))
    line = "Error: all training images have the label 0; a model needs two"
    assert failure(tmp_path, "train", "five-sgd") == line


def choose(rule: Any, is_positive: Vector, scores: Vector) -> float:
    """Return the threshold that follows from the value of `threshold` in params.yaml."""
    hyperparameters = params.Hyperparameters.model_validate({"threshold": rule})
    assert hyperparameters.threshold is not None
    return choose_threshold(hyperparameters.threshold, is_positive, scores)


@pytest.mark.parametrize(
    ("rule", "labels", "threshold"),
    [
        pytest.param({"recall": 0.5}, "00101011", 5.5, id="2 of 4, without a mistake"),
        pytest.param({"recall": 0.51}, "00101011", 3.5, id="3 of 4, with one mistake"),
        pytest.param({"precision": 1}, "00101011", 5.5, id="no mistake"),
        pytest.param({"precision": 0.6}, "00101011", 1.5, id="2.5 has it, but finds fewer"),
        pytest.param({"f1": "max"}, "00101011", 1.5, id="the best F1"),
        pytest.param(2, "00101011", 2.0, id="a number"),
        pytest.param({"recall": 0.5}, "011", 1.5, id="of equally good ones, fewest positives"),
        pytest.param({"recall": 1}, "101", 0, id="the lowest score"),
    ],
)
def test_a_threshold_is_chosen_midway_between_two_scores(
    rule: Any, labels: str, threshold: float
) -> None:
    is_positive = np.array([label == "1" for label in labels])
    assert choose(rule, is_positive, np.arange(float(len(labels)))) == threshold


def test_a_threshold_separates_two_neighbouring_scores() -> None:
    half = np.float32(0.5)
    for lower in [half, np.nextafter(half, np.float32(1))]:
        scores = np.array([lower, np.nextafter(lower, np.float32(1))])
        threshold = choose({"f1": "max"}, np.array([False, True]), scores)
        assert (scores >= threshold).tolist() == [False, True]


def test_no_other_threshold_has_a_better_f1() -> None:
    rng = np.random.default_rng(0)
    for _ in range(5):
        is_positive = rng.random(40) < 0.4
        scores = (is_positive + rng.normal(size=40)).round(1)
        # At the highest threshold, precision and recall are 0.
        is_positive[scores == scores.max()] = False
        threshold = choose({"f1": "max"}, is_positive, scores)
        best = max(f1_score(is_positive, scores >= score) for score in scores)
        assert f1_score(is_positive, scores >= threshold) == best


def test_a_precision_that_no_threshold_has_is_refused() -> None:
    is_positive = np.array([True, True, False])
    line = r"none has a precision of 0\.9; the best is 0\.6667"
    with pytest.raises(UserError, match=line):
        choose({"precision": 0.9}, is_positive, np.ones(3))


def test_a_rule_chooses_the_threshold_of_a_fold_on_the_other_folds() -> None:
    model = Pipeline([("classifier", LogisticRegression())]).fit([[0], [1]], [0, 1])
    test_fold = np.array([1, 1, 2, 2])

    def predict(rule: Any, y: list[int], scores: list[float]) -> list[int]:
        threshold = params.Hyperparameters.model_validate({"threshold": rule}).threshold
        cross_validation = CrossValidatedScores(test_fold, np.array(scores))
        found = predict_cross_validated(model, threshold, np.array(y), cross_validation)
        labels: list[int] = found.tolist()
        return labels

    assert predict({"f1": "max"}, [0, 1, 0, 1], [0, 1, 10, 11]) == [0, 0, 1, 1]
    with pytest.raises(UserError, match=r"^without fold 1: .* the best is 0\.5000$"):
        predict({"precision": 1}, [0, 1, 1, 0], [0, 1, 0, 1])


def test_a_score_equal_to_a_given_threshold_is_positive_and_otherwise_negative() -> None:
    dummy = DummyClassifier(strategy="uniform").fit([[0], [1]], [0, 1])
    model = Pipeline([("classifier", dummy)])
    scores = np.array([0.4, 0.5, 0.6])
    assert predict_from_scores(model, scores).tolist() == [0, 0, 1]
    assert predict_from_scores(set_threshold(model, 0.5), scores).tolist() == [0, 1, 1]
    y, found = np.array([0, 1, 1]), CrossValidatedScores(np.array([1, 2, 2]), scores)
    assert predict_cross_validated(model, None, y, found).tolist() == [0, 0, 1]
    assert predict_cross_validated(model, 0.5, y, found).tolist() == [0, 1, 1]


@pytest.mark.parametrize("classifier", [LogisticRegression(), GaussianNB()])
@pytest.mark.parametrize("labels", [[3, 8], [2, 5, 7]])
def test_predictions_from_scores_are_those_of_the_model(
    classifier: Any, labels: list[int]
) -> None:
    X, y = tiny.digits()
    is_used = np.isin(y, labels)
    features = build_features("hog", {}, FORMAT)
    model = Pipeline([*features.steps, ("classifier", classifier)])
    model.fit(X[is_used][:50], y[is_used][:50])
    expected = model.predict(X)
    assert set(expected) == set(labels)
    assert (predict_from_scores(model, compute_scores(model, X)) == expected).all()


def test_a_threshold_changes_nothing_else(trained: tuple[Pipeline, pd.DataFrame]) -> None:
    model, _ = trained
    X, _ = tiny.digits()
    scores = model.decision_function(X)
    with_default = set_threshold(model, 0.0)
    assert (with_default.predict(X) == model.predict(X)).all()
    assert (compute_scores(with_default, X) == scores.round(6)).all()
    assert (set_threshold(model, 1.5).predict(X) == (scores >= 1.5)).all()


def test_the_same_seed_gives_the_same_scores_and_another_seed_gives_others(
    tmp_path: Path,
) -> None:
    model = tiny.model("five", "scaled", tiny.SGD, 3)
    scores = []
    for seed in [42, 42, 43]:
        _, cv_predictions = train(tmp_path, model, seed)
        scores.append(cv_predictions["decision_1"].tolist())
    assert scores[0] == scores[1]
    assert scores[0] != scores[2]


def test_gradient_boosting_is_that_of_one_thread(tmp_path: Path) -> None:
    X, y = tiny.digits()
    boosting = build(tiny.model("digit", "raw", BOOSTING, 0, max_iter=2))
    found = fitting.fit(boosting, X, y, test_fold=None)
    with threadpool_limits(1, user_api="openmp"):
        expected = clone(boosting).fit(X, y)
    model_file.save(tmp_path / "found", found.model)
    model_file.save(tmp_path / "expected", expected)
    assert (tmp_path / "found").read_bytes() == (tmp_path / "expected").read_bytes()


def test_scores_of_several_batches_come_back_in_order() -> None:
    X, y = load_digits(return_X_y=True)
    assert len(X) > BATCH_SIZE
    model = Pipeline([("classifier", LogisticRegression(max_iter=20, tol=0.1))]).fit(X, y)
    assert np.allclose(compute_scores(model, X), model.decision_function(X), atol=1e-6)


def test_the_scores_of_selected_images_are_beside_these_images(
    trained: tuple[Pipeline, pd.DataFrame],
) -> None:
    model, _ = trained
    rows = np.flatnonzero(CLASSES == 7)
    predictions = predict_labelled_images(model, X[rows], make_task().select(rows))
    assert predictions["row"].tolist() == rows.tolist()
    assert np.allclose(predictions["decision_1"], model.decision_function(X[rows]))


def test_scores_of_any_precision_are_kept_as_float64(
    trained: tuple[Pipeline, pd.DataFrame],
) -> None:
    scores = np.zeros(len(X), np.float32)
    classes = trained[0].classes_
    table = make_predictions_table(make_task(), classes, "decision_function", scores, CLASSES)
    assert table["decision_1"].dtype == np.float64


@pytest.mark.parametrize(
    ("features", "classifier", "hyperparameters", "reason"),
    [
        # Each of these hyperparameters is valid by itself.
        ("raw", tiny.LOGISTIC, {"solver": "lbfgs", "l1_ratio": 1.0}, "Solver lbfgs supports"),
        # No other fold has a value of a pixel, which is a category for this classifier.
        ("raw", "naive_bayes.CategoricalNB", {}, "index "),
        ("normalized", "naive_bayes.GaussianNB", {}, "Sparse data was passed"),
        ("normalized", "augmented_svc", {}, "Sparse data was passed"),
    ],
)
def test_a_model_that_cannot_be_fitted_is_one_line(
    tmp_path: Path, features: str, classifier: str, hyperparameters: Any, reason: str
) -> None:
    prepare(tmp_path, tiny.model("five", features, classifier, 3, **hyperparameters))
    line = failure(tmp_path, "train", "five-sgd")
    assert line.startswith(f"Error: the model cannot be fitted: {reason}")


def test_a_warning_of_each_fold_is_one_line(tmp_path: Path) -> None:
    prepare(tmp_path, tiny.model("five", "normalized", tiny.SGD, 3, max_iter=2))
    [warning] = call(tmp_path, "train", "five-sgd").stderr.splitlines()
    assert warning.startswith("ConvergenceWarning: Maximum number of iteration reached")
    assert "increasing max_iter" in warning


# It calls a function of scikit-learn as one of several threads may do it.
PARALLEL = """
from sklearn.dummy import DummyClassifier
from sklearn.utils.parallel import delayed


class ParallelClassifier(DummyClassifier):
    def fit(self, X, y):
        function, _, _ = delayed(int)()
        function()
        return super().fit(X, y)
"""


def test_a_misleading_warning_of_scikit_learn_is_not_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_package(tmp_path / "site", "parallel_package", PARALLEL)
    monkeypatch.syspath_prepend(tmp_path / "site")
    project = tmp_path / "project"
    project.mkdir()
    classifier = "parallel_package.ParallelClassifier"
    prepare(project, tiny.model("five", "raw", classifier, 0, strategy="most_frequent"))
    assert call(project, "train", "five-sgd").stderr == ""


@pytest.mark.parametrize("parameters", [{}, {"n_components": 50}])
def test_pixels_are_scaled_by_the_largest_value_of_a_pixel(parameters: dict[str, int]) -> None:
    scaling = build_features("scaled", parameters, FORMAT)[0]
    white = np.full((1, 4), tiny.PIXEL_MAX, dtype=np.uint8)
    assert scaling.fit_transform(white).tolist() == [[1, 1, 1, 1]]
