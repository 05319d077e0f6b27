"""Intervals, curves, calibration and the plot tables, by scikit-learn's and SciPy's code.

test_metrics_of_models.py computes the metrics themselves.
"""

import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax
from scipy.stats import binomtest, t
from sklearn import metrics as sk

from digits.core import paths
from digits.evaluation import calibration
from digits.evaluation.intervals import confidence_interval
from digits.evaluation.metrics import metrics_table, select_headline_metrics
from digits.evaluation.plots import (
    confusion_table,
    precision_recall_table,
    reliability_table,
    roc_table,
    thin_curve,
)
from digits.evaluation.predictions import Predictions, calibrate_predictions
from digits.learning import model_file
from stages.evaluate import make_plot_tables
from tests.helpers import tiny
from tests.helpers.variants import mark_variants

# The folder of a model's predictions, by the subset that they have in tables of metrics.
FOLDERS = {"test": "predictions", "cross_validation": "crossval"}


def read_metrics(project: Path, name: str) -> pd.DataFrame:
    """Return the metrics of a model, by subset, metric and slice."""
    table = pd.read_csv(project / f"plots/{name}/metrics.csv", dtype={"slice": str})
    return table.set_index(["subset", "metric", "slice"]).sort_index()


def read_predictions(project: Path, name: str, subset: str) -> pd.DataFrame:
    return pd.read_parquet(project / f"data/{FOLDERS[subset]}/{name}.parquet")


@pytest.mark.parametrize("subset", FOLDERS)
def test_the_interval_of_the_accuracy_is_wilson_s(made: Path, subset: str) -> None:
    table = read_predictions(made, "five-sgd", subset)
    is_correct = table["label"] == table["prediction"]
    test = binomtest(int(is_correct.sum()), len(table))
    expected = test.proportion_ci(method="wilson")
    table_of_metrics = read_metrics(made, "five-sgd")
    key = (subset, "accuracy", "all")
    assert table_of_metrics["low"][key] == pytest.approx(expected.low, abs=1e-6)
    assert table_of_metrics["high"][key] == pytest.approx(expected.high, abs=1e-6)


def test_each_test_image_has_its_own_prediction(made: Path) -> None:
    images = pd.read_parquet(made / paths.task("digit", "test"))
    assert not images["row"].is_monotonic_increasing
    model = model_file.load(made / paths.model("digit-logreg"))
    expected = images[["row", "label"]].assign(prediction=model.predict(tiny.pixels_of(images)))
    table = read_predictions(made, "digit-logreg", "test")
    assert table[["row", "label", "prediction"]].equals(expected)


def test_probabilities_of_a_model_without_folds_are_not_calibrated(made: Path) -> None:
    table = read_predictions(made, "digit-logreg", "test")
    probabilities = softmax(table.filter(like="decision_").to_numpy(), axis=1)
    expected = sk.log_loss(table["label"], probabilities, labels=range(10))
    found = read_metrics(made, "digit-logreg")["value"]["test", "log_loss", "all"]
    assert found == pytest.approx(expected, abs=2e-4)


def test_the_temperature_has_the_maximum_likelihood(made: Path) -> None:
    table = read_predictions(made, "five-sgd", "cross_validation")
    y = table["label"].to_numpy()
    scores = table["decision_1"].to_numpy()
    logits = np.stack([np.zeros_like(scores), scores], axis=1)
    n_images = len(y)

    def loss(log_temperature: float) -> float:
        """As if each image had its label n_images times, and a random label once."""
        log_probabilities = log_softmax(logits / np.exp(log_temperature), axis=1)
        true_class = log_probabilities[np.arange(n_images), y]
        return -float((n_images * true_class + log_probabilities.mean(axis=1)).mean())

    expected = np.exp(minimize_scalar(loss, bounds=(-10, 20), method="bounded").x)
    found = read_metrics(made, "five-sgd")["value"]["cross_validation", "temperature", "all"]
    assert found == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("scale", [1, 1e6])
def test_the_temperature_is_the_scale_of_the_scores_of_many_images(scale: float) -> None:
    """Of more than 10,000 images, only a part is used."""
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 3, (25_000, 2))
    y = (rng.random(25_000) < softmax(logits, axis=1)[:, 1]).astype(int)
    assert calibration.fit_temperature(scale * logits, y) == pytest.approx(scale, rel=0.05)


def test_the_temperature_is_that_of_the_first_and_the_last_of_many_images() -> None:
    y = np.zeros(2 * calibration.MAX_IMAGES, int)
    y[calibration.MAX_IMAGES :] = np.arange(calibration.MAX_IMAGES) // 2 % 2
    logits = np.tile([3.0, 0.0], (len(y), 1))  # the second class for no image, but it has 25 %
    temperature = calibration.fit_temperature(logits, y)
    assert softmax([3 / temperature, 0])[1] == pytest.approx(0.25, abs=0.001)


def make_table(
    y: Any, scores: Any, method: str = "decision", *, has_positive: bool = True
) -> pd.DataFrame:
    """Return the table of the predictions that follow from scores.

    Args:
        y: the labels.
        scores: shape (n_images,) for two classes, or (n_images, n_classes).
        method: `decision` or `probability`.
        has_positive: whether the second of two classes is the positive one.
    """
    scores = np.asarray(scores, dtype=float)
    table = pd.DataFrame({"label": y})
    if scores.ndim == 1:
        table["prediction"] = (scores > 0).astype(int)
        table[f"{method}_1"] = scores
    else:
        table["prediction"] = scores.argmax(axis=1)
        for label in range(scores.shape[1]):
            table[f"{method}_{label}"] = scores[:, label]
    table.attrs["has_positive"] = has_positive and scores.ndim == 1
    return table


def read_table(table: pd.DataFrame) -> Predictions:
    """Return the predictions of a table of `make_table`. The majority label is 0."""
    n_classes = max(2, len(table.columns) - 2)  # two classes have one column of scores
    return Predictions.from_table(table, np.arange(n_classes), 0, temperature=None)


def make_predictions(y: Any, scores: Any, method: str = "decision") -> Predictions:
    """Return the predictions that follow from scores. The majority label is 0."""
    return read_table(make_table(y, scores, method))


def measure(predictions: Predictions) -> dict[Any, Any]:
    """Return the values of all metrics, by metric and slice."""
    rows = metrics_table(predictions).itertuples()
    return {(row.metric, row.slice): row.value for row in rows}


def test_one_confident_mistake_does_not_cost_an_infinite_loss() -> None:
    confident = make_predictions([0, 1], [0.0, 0.0], "probability")
    assert measure(confident)["log_loss", "all"] < 10
    assert confident.probabilities[:, 1].tolist() == pytest.approx([0.001] * 2, rel=0.1)
    assert confident.probabilities.sum(axis=1).tolist() == pytest.approx([1, 1])


def test_the_accuracy_in_cross_validation_is_the_mean_of_folds_of_any_size() -> None:
    table = make_table([0, 1, 1, 1], [-1, 1, -1, -1]).assign(fold=[1, 2, 2, 2])
    of_folds = [1, 1 / 3]
    values = measure(Predictions.from_table(table, np.arange(2), 0, temperature=None))
    assert values["cv_accuracy", "all"] == pytest.approx(np.mean(of_folds))
    assert values["cv_std", "all"] == pytest.approx(np.std(of_folds))


def test_the_baseline_is_the_most_frequent_label_of_the_training_images() -> None:
    trained = make_table([0, 0, 0, 1], [-1, -1, -1, 1])[["label"]]
    tested = make_table([0, 1, 1], [-1, 1, 1])
    found, _ = calibrate_predictions(tested, trained, np.arange(2))
    assert measure(found["test"])["baseline", "all"] == pytest.approx(1 / 3)


def test_probabilities_are_calibrated_on_other_images_than_those_they_belong_to() -> None:
    y = np.tile([0, 1], 6)
    scores = y - 0.5 + np.random.default_rng(0).normal(size=12)
    logits = calibration.to_logits(scores, "decision_function")
    folds = np.repeat([1, 2, 3], 4)
    table = make_table(y, scores)
    found, _ = calibrate_predictions(table[:4], table.assign(fold=folds), np.arange(2))
    temperature = calibration.fit_temperature(logits, y)
    expected = calibration.calibrate(logits[:4], temperature)
    assert found["test"].probabilities == pytest.approx(expected)
    for fold in [1, 2, 3]:
        is_other = folds != fold
        temperature = calibration.fit_temperature(logits[is_other], y[is_other])
        expected = calibration.calibrate(logits[~is_other], temperature)
        probabilities = found["cross_validation"].probabilities[~is_other]
        assert probabilities == pytest.approx(expected)


def test_probabilities_stay_as_they_are_at_a_temperature_of_1() -> None:
    predictions = make_predictions([0, 1, 1], [0.2, 0.7, 0.5], "probability")
    expected = np.array([[0.8, 0.2], [0.3, 0.7], [0.5, 0.5]])
    assert predictions.probabilities == pytest.approx(expected, abs=1e-4)


def test_a_model_without_mistakes_has_a_temperature_above_0() -> None:
    logits = calibration.to_logits(np.array([-5.0, 5.0]), "decision_function")
    assert calibration.fit_temperature(logits, np.array([0, 1])) > 0


def test_labels_need_not_be_numbered_from_0() -> None:
    table = make_table([0, 1, 1, 2, 2], np.random.default_rng(0).normal(size=(5, 3)))
    classes = np.array([3, 5, 8])
    other = table.assign(label=classes[table["label"]], prediction=classes[table["prediction"]])
    other.attrs["label_names"] = list("abcdefghi")
    predictions = Predictions.from_table(other, classes, 3, temperature=None)
    assert predictions.class_names == ["d", "f", "i"]
    assert list(measure(predictions).values()) == list(measure(read_table(table)).values())
    assert reliability_table(predictions).equals(reliability_table(read_table(table)))


FOUR = make_predictions([0, 1, 1, 1], [-9.0, -9.0, 9.0, 0.1])


def test_the_confusion_matrix_counts_every_row() -> None:
    table = confusion_table(FOUR).set_index(["actual", "predicted"])
    counts = {("0", "0"): 1, ("0", "1"): 0, ("1", "0"): 1, ("1", "1"): 2}
    assert table["count"].to_dict() == counts
    assert table["share"].tolist() == pytest.approx([1, 0, 1 / 3, 2 / 3])


def test_the_confusion_matrix_has_classes_without_images() -> None:
    table = confusion_table(make_predictions([0, 2], np.eye(4)[[0, 2]]))
    assert len(table) == 4 * 4
    assert table["share"].sum() == 2


def test_the_reliability_diagram_counts_every_row() -> None:
    table = reliability_table(FOUR)[["from", "to", "count", "accuracy"]]
    assert table.to_numpy().tolist() == [
        [0.5, 0.6, 1, 1],
        [0.999, 1.0, 3, pytest.approx(2 / 3)],
    ]


def test_confidence_is_the_probability_of_the_predicted_class() -> None:
    """A threshold of one's own can predict the less probable class."""
    predictions = replace(FOUR, y_pred=np.zeros(4, int))
    table = reliability_table(predictions).set_index("from")
    assert table["count"].to_dict() == {0: 2, 0.999: 2}
    assert table["confidence"][0] < 0.5
    assert table["accuracy"].to_dict() == {0: 0, 0.999: 0.5}


def test_a_task_whose_images_are_all_of_one_class_has_no_curves() -> None:
    predictions = make_predictions([1, 1], [3.0, 4.0])
    columns = ["class", "false_positive_rate", "true_positive_rate", "threshold"]
    assert roc_table(predictions).columns.tolist() == columns
    for table in [roc_table, precision_recall_table]:
        assert len(table(predictions)) == 0
        assert table(FOUR).columns.tolist() == table(predictions).columns.tolist()


def test_each_of_two_equal_classes_has_a_curve_against_the_other_one() -> None:
    labels, scores = np.array([0, 0, 1, 1, 1]), np.array([-2.0, 0.5, 0.1, 1.0, 3.0])
    predictions = read_table(make_table(labels, scores, has_positive=False))
    values = measure(predictions)
    assert values["roc_auc", "all"] == pytest.approx(5 / 6)
    precisions = [
        sk.average_precision_score(labels == 0, -scores),
        sk.average_precision_score(labels == 1, scores),
    ]
    assert values["average_precision", "all"] == pytest.approx(np.mean(precisions))
    thresholds = roc_table(predictions).groupby("class")["threshold"]
    assert thresholds.min().to_dict() == {"0": -3.0, "1": -2.0}


@pytest.mark.parametrize("has_positive", [True, False])
@pytest.mark.parametrize(("y", "added"), [([0, 1, 1], {"f1", "roc_auc"}), ([1, 1, 1], {"f1"})])
def test_metrics_of_two_labels_are_compared_on_the_test_set(
    y: list[int], added: set[str], has_positive: bool
) -> None:
    trained = make_table([0, 1, 0, 1], [-1, 1, 2, 1], has_positive=has_positive)
    tested = make_table(y, [-1, 1, 2], has_positive=has_positive)
    found, _ = calibrate_predictions(tested, trained.assign(fold=[1, 1, 2, 2]), np.arange(2))
    table = make_plot_tables(found)["metrics"]
    of_two = select_headline_metrics(table, 2)
    assert of_two.keys() - select_headline_metrics(table, 3).keys() == added
    on_test = measure(found["test"])
    assert all(of_two[metric] == on_test[metric, "all"] for metric in added)


def test_each_of_eleven_classes_has_a_curve_against_the_others() -> None:
    predictions = make_predictions(np.arange(11), np.eye(11))
    for table in [roc_table, precision_recall_table]:
        assert set(table(predictions)["class"]) == {str(label) for label in range(11)}


def read_full_curve(predictions: Predictions, table: Any) -> pd.DataFrame:
    """Return all points of a curve, in the order of its table."""
    if table == roc_table:
        x, y, thresholds = sk.roc_curve(predictions.y_true, predictions.scores)
        thresholds[0] = np.nan
        return pd.DataFrame({"x": x, "y": y, "threshold": thresholds})
    y, x, thresholds = sk.precision_recall_curve(
        predictions.y_true, predictions.scores, drop_intermediate=True
    )
    return pd.DataFrame({"x": x[:-1], "y": y[:-1], "threshold": thresholds})[::-1]


def make_random_predictions(seed: int, n_images: int, distance: float, decimals: int) -> Any:
    """Return predictions of two classes whose mean scores have a distance.

    The fewer decimals the scores have, the more of them are equal.
    """
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.arange(n_images) % 5 == 0).astype(int)
    scores = np.round(distance * y + rng.normal(0, 1, n_images), decimals)
    return make_predictions(y, scores)


def measure_distance(points: Any, start: Any, end: Any) -> float:
    """Return the largest distance of points in the plane from a line. All are complex."""
    positions = ((points - start) / (end - start)).real.clip(0, 1) if start != end else 0
    return np.abs(start + positions * (end - start) - points).max()


@pytest.mark.parametrize("table", mark_variants([roc_table, precision_recall_table]))
@settings(max_examples=100, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n_images=st.integers(2, 3_000),
    distance=st.floats(-1, 5),
    decimals=st.integers(0, 9),
)
def test_a_thinned_curve_is_drawn_within_a_pixel_of_the_full_curve(
    table: Any, seed: int, n_images: int, distance: float, decimals: int
) -> None:
    predictions = make_random_predictions(seed, n_images, distance, decimals)
    full = read_full_curve(predictions, table)
    thinned = table(predictions)
    # Every threshold is that of one point. The first point of a ROC curve has none.
    kept = np.flatnonzero(full["threshold"].isin(thinned["threshold"]))
    assert len(kept) == len(thinned)
    assert [kept[0], kept[-1]] == [0, len(full) - 1]
    assert np.array_equal(thinned.iloc[:, 1:3], full[["x", "y"]].iloc[kept])
    points = full["x"].to_numpy() + 1j * full["y"].to_numpy()
    for start, end in pairwise(kept):
        distance_of_line = measure_distance(points[start : end + 1], points[start], points[end])
        assert distance_of_line <= 1 / 560 + 1e-12  # of rounding


@pytest.mark.parametrize("table", [roc_table, precision_recall_table])
def test_a_curve_of_many_images_has_few_points(table: Any) -> None:
    predictions = make_random_predictions(0, 60_000, 2.5, 9)
    assert len(read_full_curve(predictions, table)) > 5_000
    assert len(table(predictions)) < 60


def test_the_curve_of_equal_scores_has_its_ends() -> None:
    predictions = make_predictions([0, 1, 1, 1], [2.0, 2.0, 2.0, 2.0])
    roc = roc_table(predictions)[["false_positive_rate", "true_positive_rate"]]
    assert roc.to_numpy().tolist() == [[0, 0], [1, 1]]
    precision_recall = precision_recall_table(predictions)[["recall", "precision"]]
    assert precision_recall.to_numpy().tolist() == [[1, 0.75]]


@pytest.mark.parametrize(
    ("y", "kept"),
    [
        pytest.param([0.5, 0.5, 0.5, 0.5], [0, 3], id="straight"),
        pytest.param([0.5, 0.5017, 0.5, 0.5], [0, 3], id="within a pixel"),
        pytest.param([0.5, 0.5019, 0.5, 0.5], [0, 1, 3], id="more than a pixel"),
        pytest.param([0.9, 0.1, 0.9, 0.9], [0, 1, 2, 3], id="a dip"),
    ],
)
def test_a_point_is_kept_if_the_curve_would_look_different(
    y: list[float], kept: list[int]
) -> None:
    curve = pd.DataFrame({"x": [0, 0.3, 0.6, 1], "y": y})
    assert thin_curve(curve).index.tolist() == kept


@pytest.mark.parametrize("last", [0.6, 0.9])
def test_a_curve_that_turns_back_keeps_its_turning_point(last: float) -> None:
    # The turning point is on the straight line through the ends, but not between them.
    curve = pd.DataFrame({"x": [0.5, 0.5, 0.5], "y": [0.9, 0.2, last]})
    assert thin_curve(curve).index.tolist() == [0, 1, 2]


IS_CORRECT = np.random.default_rng(0).permutation(np.repeat([True, False], [90, 30]))


def test_the_confidence_interval_of_groups_ends_at_0_and_1() -> None:
    groups = np.repeat(range(8), 10)
    is_correct = np.full(80, True)
    is_correct[:4] = False  # of one group only
    low, high = confidence_interval(is_correct, groups)
    assert 0.8 < low < 0.95
    assert high == 1
    low, _ = confidence_interval(~is_correct, groups)
    assert low == 0


def test_groups_count_by_their_number_of_images() -> None:
    """The interval is that of a ratio estimate of cluster samples (W. Cochran, 1977)."""
    sizes = np.array([2, 4, 6, 8, 10, 20, 30, 40])
    groups = np.repeat(np.arange(8), sizes)
    is_correct = IS_CORRECT
    correct_of_groups = np.bincount(groups, weights=is_correct)
    residuals = correct_of_groups - is_correct.mean() * sizes
    standard_error = np.sqrt(np.sum(residuals**2) / 7 / 8) / sizes.mean()
    margin = t.ppf(0.975, df=7) * standard_error
    expected = (is_correct.mean() - margin, is_correct.mean() + margin)
    assert confidence_interval(is_correct, groups) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("is_correct", "groups"),
    [
        pytest.param(IS_CORRECT, np.repeat(np.arange(5), 24), id="five groups"),
        pytest.param(IS_CORRECT[:0], None, id="no images"),
        pytest.param(np.ones(12, bool), np.arange(12), id="equal groups"),
    ],
)
def test_there_is_no_confidence_interval(is_correct: Any, groups: Any) -> None:
    assert np.isnan(confidence_interval(is_correct, groups)).all()


def test_six_groups_have_a_confidence_interval() -> None:
    low, high = confidence_interval(IS_CORRECT, np.repeat(np.arange(6), 20))
    assert 0 < low < high < 1


@pytest.mark.parametrize(("n_groups", "n_rows"), [(100, 100), (101, 0)])
def test_at_most_a_hundred_groups_have_an_accuracy_of_their_own(
    n_groups: int, n_rows: int
) -> None:
    groups = np.resize(np.arange(n_groups), 202)
    table = make_table(groups % 2, groups - 50.0).assign(group=groups)
    slices = [name for metric, name in measure(read_table(table)) if metric == "accuracy"]
    assert len([name for name in slices if name.startswith("group ")]) == n_rows


def test_what_git_keeps_has_six_decimals(made: Path) -> None:
    for path in [*made.glob("metrics/*.json"), *made.glob("plots/*/*.csv")]:
        for number in re.findall(r"\d\.\d+", path.read_text(encoding="utf-8")):
            assert len(number.split(".")[1]) <= 6, (path, number)
