"""Metrics and curves, against figures counted by hand and scikit-learn's."""

import re
from typing import Any

from digits.evaluation import curves, metrics
from digits.evaluation.metrics import METRICS
from digits.evaluation.part import Part, reliability
from digits.io.tables import Scores, Vector
from tests import tiny

import numpy as np
import pytest
from sklearn.metrics import precision_recall_curve, roc_auc_score, roc_curve

CURVES = (curves.roc, curves.precision_recall)
LABELS = np.array([0, 0, 0, 0, 1, 1, 1, 0])
SCORES = np.array([-3.0, -2.0, 1.0, -1.0, 2.0, 3.0, -0.5, -4.0])


def part(y_true: Vector, scores: Scores, y_pred: Vector | None = None, **others: Any) -> Part:
    """Return a part whose labels count from 0, and whose scores are decision values."""
    count = 2 if scores.ndim == 1 else scores.shape[1]
    if y_pred is None:
        y_pred = (scores > 0).astype(int) if scores.ndim == 1 else scores.argmax(axis=1)
    others = {"method": "decision_function", "y_train": y_true} | others
    return Part(y_true, y_pred, scores, classes=np.arange(count), names=[*map(str, range(count))], **others)


def measure(of: Part) -> dict[tuple[str, str], float]:
    """Return each figure by its name and what it is of."""
    return {(name, what): value for name, what, value, *_ in metrics.measure(of)}


def test_a_detector_is_measured_by_hand() -> None:
    measured = measure(part(LABELS, SCORES))
    assert measured["accuracy", "all"] == 0.75
    assert measured["precision", "all"] == measured["recall", "all"] == measured["f1", "all"] == 2 / 3
    assert (measured["recall", "0"], measured["count", "0"], measured["count", "1"]) == (0.8, 5, 3)
    # Of the 15 pairs of a yes and a no, 14 are in the right order.
    assert measured["roc_auc", "all"] == pytest.approx(14 / 15)
    assert ("roc_auc", "all") not in measure(part(np.zeros(2, int), SCORES[:2]))  # no yes


def test_a_class_without_rows_counts_in_no_mean() -> None:
    y, y_pred = np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1])
    measured = measure(part(y, np.eye(3)[y_pred]))
    assert [of for name, of in measured if name == "recall"] == ["all", "0", "1"]
    assert measured["recall", "all"] == 0.75
    assert measured["precision", "all"] == pytest.approx((1 + 2 / 3) / 2)


def test_the_baseline_is_the_majority_class_of_the_training_part() -> None:
    y = np.array([1, 1, 1, 0])
    assert metrics.baseline(part(y, np.zeros(4), y_train=np.array([0, 0, 1]))) == 0.25


def test_calibration_is_measured_by_hand() -> None:
    probabilities = np.array([[0.55, 0.45], [0.4, 0.6], [0.56, 0.44], [0.02, 0.98]])
    four = part(np.array([0, 1, 1, 1]), probabilities[:, 1], probabilities.argmax(axis=1))
    four.probabilities = probabilities
    rows = list(reliability(four))
    assert rows == [(0.5, 0.6, 2, pytest.approx(0.555), 0.5), (0.6, 0.7, 1, 0.6, 1.0), (0.95, 0.99, 1, 0.98, 1.0)]
    measured = measure(four)
    assert measured["calibration_error", "all"] == pytest.approx((2 * 0.055 + 0.4 + 0.02) / 4)
    assert measured["log_loss", "all"] == pytest.approx(-np.log([0.55, 0.6, 0.44, 0.98]).mean(), abs=1e-6)


def test_the_summary_has_the_keys_of_the_table_the_test_part_s_where_both_have_it() -> None:
    names = {metric.name for metric in METRICS}
    figures = [(which, name, "all", float(i)) for i, which in enumerate(("test", "cross_validation")) for name in names]
    summary = metrics.summarize([*figures, ("test", "recall", "0", 9)])
    assert list(summary) == [metric.key for metric in METRICS if metric.key]
    assert set(summary.values()) == {0}


def test_a_curve_of_few_points_has_them_all() -> None:
    rows = list(curves.roc(part(LABELS, SCORES)))
    assert rows[0] == ("1", 0.0, 0.0, None)
    assert {row[1:3] for row in rows} >= {(0, 0), (0, 2 / 3), (0.2, 2 / 3), (0.2, 1), (1, 1)}
    # the precision-recall curve holds the model's own point
    assert (2 / 3, 2 / 3) in {row[1:3] for row in curves.precision_recall(part(LABELS, SCORES))}


def area(rows: list[tuple[Any, ...]], label: str) -> float:
    """Return the area under the line of one class."""
    x, y = np.array([row[1:3] for row in rows if row[0] == label]).T
    return float(np.trapezoid(y, x))


@pytest.mark.parametrize(("count", "classes", "apart"), [(50_000, 2, 1), (30, 2, 0), (2_000, 10, 3)])
def test_the_area_under_a_drawn_curve_is_the_true_one(count: int, classes: int, apart: float) -> None:
    random = np.random.RandomState(0)
    labels = random.randint(0, classes, count)
    scores = random.normal(size=(count, classes)) + apart * np.eye(classes)[labels]
    columns = {1: scores[:, 1]} if classes == 2 else dict(enumerate(scores.T))
    given = part(labels, scores[:, 1] if classes == 2 else scores)
    roc, precision_recall = (list(curve(given)) for curve in CURVES)
    assert max(len(roc), len(precision_recall)) < 4 * curves.CELLS * (len(columns) + 1)
    for label, column in [*columns.items()][:10]:
        assert area(roc, str(label)) == pytest.approx(roc_auc_score(labels == label, column), abs=2e-3)
        precision, recall, _ = precision_recall_curve(labels == label, column)
        true = np.trapezoid(precision[-2::-1], recall[-2::-1])
        assert area(precision_recall, str(label)) == pytest.approx(true, abs=2e-3)
    if classes == 10:
        mean = np.mean([area(roc, str(label)) for label in columns])
        assert area(roc, "all") == pytest.approx(mean, abs=2e-3)
        assert [row[1:] for row in roc if row[0] == "all"][-1] == (1, 1, None)


def test_a_good_model_s_corner_is_kept() -> None:
    random = np.random.RandomState(0)
    labels = random.randint(0, 2, 60_000)
    scores = random.normal(size=60_000) + 6 * labels  # all of the curve within 0.2 % of the corner
    false_positive, true_positive, _ = roc_curve(labels, scores)
    drawn = np.array([row[1:3] for row in curves.roc(part(labels, scores))])
    at = [0.0002, 0.0005, 0.001, 0.002, 0.005]
    missed, drawn_missed = 1 - np.interp(at, false_positive, true_positive), 1 - np.interp(at, *drawn.T)
    cells, drawn_cells = (np.log1p(each / curves.LINEAR_UP_TO) for each in (missed, drawn_missed))
    assert np.abs(cells - drawn_cells).max() < 2 * np.log1p(1 / curves.LINEAR_UP_TO) / curves.CELLS


def test_curves_keep_what_the_axes_of_dvc_s_plots_show() -> None:
    templates = [path.read_text(encoding="utf-8") for path in (tiny.ROOT / ".dvc/plots").glob("*.json")]
    constants = [float(value) for text in templates for value in re.findall(r'"constant": ([0-9.]+)', text)]
    assert set(constants) == {curves.LINEAR_UP_TO}
