"""Intervals, curves, calibration and the plot tables, by scikit-learn's and SciPy's code.

test_metrics_of_models.py computes the metrics themselves.
"""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax
from scipy.stats import binomtest, t, ttest_1samp
from sklearn import metrics as sk

from digits.evaluation import calibration
from digits.evaluation.confusion import confusion_table
from digits.evaluation.curves import precision_recall_table, reliability_table, roc_table
from digits.evaluation.intervals import confidence_interval
from digits.evaluation.metrics import metrics_table
from digits.evaluation.predictions import Predictions

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


def test_probabilities_of_a_model_without_folds_are_not_calibrated(made: Path) -> None:
    table = read_predictions(made, "digit-logreg", "test")
    probabilities = softmax(table.filter(like="decision_").to_numpy(), axis=1)
    expected = sk.log_loss(table["label"], probabilities, labels=range(10))
    found = read_metrics(made, "digit-logreg")["value"]["test", "log_loss", "all"]
    assert found == pytest.approx(expected, abs=2e-4)


ONE_PIXEL = 1 / 400  # of the plots in .dvc/plots


def distance_to_curve(point: Any, curve: Any) -> float:
    """Return the distance of a point from the nearest point of a curve.

    The curve is sampled so closely that the distance is exact to a hundredth of a pixel.
    """
    samples = [
        np.linspace(start, end, 2 + int(np.abs(end - start).max() / ONE_PIXEL * 10))
        for start, end in pairwise(curve)
    ]
    distances = np.linalg.norm(np.concatenate([curve, *samples]) - point, axis=1)
    return float(distances.min())


def check_curve(table: pd.DataFrame, x: Any, y: Any, thresholds: Any) -> None:
    """Check that a thinned curve has points of a curve of scikit-learn, and looks like it."""
    expected = np.round(np.stack([x, y, thresholds], axis=1), 6)
    found = table.iloc[:, -3:].fillna(np.inf).round(6).to_numpy()
    assert set(map(tuple, found)) <= set(map(tuple, expected))
    assert {tuple(expected[0]), tuple(expected[-1])} <= set(map(tuple, found))
    for point in expected[:, :2]:
        assert distance_to_curve(point, found[:, :2]) <= ONE_PIXEL * 1.01


def check_curves(
    roc: pd.DataFrame, precision_recall: pd.DataFrame, y: Any, scores: Any
) -> None:
    """Check the ROC curve and the precision-recall curve of a class."""
    check_curve(roc, *sk.roc_curve(y, scores))
    precision, recall, thresholds = sk.precision_recall_curve(y, scores, drop_intermediate=True)
    # The last point, with a recall of 0, has no threshold.
    check_curve(precision_recall, recall[:-1], precision[:-1], thresholds)


def test_the_curves_in_the_plots_look_like_those_of_scikit_learn(made: Path) -> None:
    predictions = read_predictions(made, "five-sgd", "test")
    curves: list[pd.DataFrame] = []
    for name in ["roc", "precision_recall"]:
        table = pd.read_csv(made / f"plots/five-sgd/{name}.csv")
        curves.append(table.query("subset == 'test'"))
    roc, precision_recall = curves
    check_curves(roc, precision_recall, predictions["label"], predictions["decision_1"])


@pytest.mark.parametrize("n_images", [2, 40, 1000])
@pytest.mark.parametrize("decimals", [0, 9], ids=["ties", "no ties"])
def test_a_thinned_curve_looks_like_the_whole_one(n_images: int, decimals: int) -> None:
    rng = np.random.default_rng(n_images)
    y = np.arange(n_images) % 2
    scores = rng.normal(y, 1).round(decimals)
    predictions = Predictions.from_table(make_table(y, scores), np.array([0, 1]), 0, None)
    roc, precision_recall = roc_table(predictions), precision_recall_table(predictions)
    check_curves(roc, precision_recall, y, scores)
    assert len(roc) + len(precision_recall) < 300


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


def test_scores_of_many_images_that_are_calibrated_already_have_a_temperature_of_1() -> None:
    """Of more than 10,000 images, only a part is used."""
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 3, (25_000, 2))
    y = (rng.random(25_000) < softmax(logits, axis=1)[:, 1]).astype(int)
    assert calibration.fit_temperature(logits, y) == pytest.approx(1, abs=0.05)


def test_probabilities_in_cross_validation_are_calibrated_on_the_other_folds(
    made: Path,
) -> None:
    table = read_predictions(made, "five-sgd", "cross_validation")
    y = table["label"].to_numpy()
    scores = table["decision_1"].to_numpy()
    logits = np.stack([np.zeros_like(scores), scores], axis=1)
    losses = np.empty(len(y))
    for fold in [1, 2, 3]:
        others = (table["fold"] != fold).to_numpy()
        temperature = calibration.fit_temperature(logits[others], y[others])
        probabilities = calibration.calibrate(logits[~others], temperature)
        losses[~others] = -np.log(probabilities[np.arange(np.sum(~others)), y[~others]])
    found = read_metrics(made, "five-sgd")["value"]["cross_validation", "log_loss", "all"]
    assert found == pytest.approx(losses.mean(), abs=1e-6)


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
    if not has_positive:
        table.attrs["label_names"] = None
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
    assert confident.probabilities.sum(axis=1).tolist() == pytest.approx([1, 1])


def test_probabilities_stay_as_they_are_at_a_temperature_of_1() -> None:
    predictions = make_predictions([0, 1, 1], [0.2, 0.7, 0.5], "probability")
    expected = np.array([[0.8, 0.2], [0.3, 0.7], [0.5, 0.5]])
    assert predictions.probabilities == pytest.approx(expected, abs=1e-4)


def test_a_model_without_mistakes_has_a_temperature_above_0() -> None:
    logits = calibration.to_logits(np.array([-5.0, 5.0]), "decision_function")
    assert calibration.fit_temperature(logits, np.array([0, 1])) > 0


FOUR = make_predictions([0, 1, 1, 1], [-9.0, -9.0, 9.0, 0.1])


def test_the_confusion_matrix_counts_every_row() -> None:
    table = confusion_table(FOUR).set_index(["actual", "predicted"])
    counts = {("0", "0"): 1, ("0", "1"): 0, ("1", "0"): 1, ("1", "1"): 2}
    assert table["count"].to_dict() == counts
    assert table["share"].tolist() == pytest.approx([1, 0, 1 / 3, 2 / 3])


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


@pytest.mark.parametrize(
    ("table", "x"),
    [(roc_table, "false_positive_rate"), (precision_recall_table, "recall")],
)
def test_a_curve_begins_at_the_highest_threshold(table: Any, x: str) -> None:
    # A chart that connects the points as they come would otherwise draw other lines.
    predictions = make_predictions([0, 0, 1, 0, 1, 1], [-3.0, 1.0, -1.0, -2.0, 2.0, 3.0])
    curve = table(predictions)
    assert len(curve) > 3
    assert curve["threshold"].dropna().is_monotonic_decreasing
    assert curve[x].is_monotonic_increasing


IS_CORRECT = np.random.default_rng(0).permutation(np.repeat([True, False], [90, 30]))


def test_the_confidence_interval_of_groups_is_that_of_a_t_test() -> None:
    groups = np.repeat(np.arange(12), 10)
    accuracies = IS_CORRECT.reshape(12, 10).mean(axis=1)
    expected = ttest_1samp(accuracies, 0).confidence_interval()
    found = confidence_interval(IS_CORRECT, groups)
    assert found == pytest.approx((expected.low, min(expected.high, 1)))


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
