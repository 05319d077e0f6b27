from typing import Any

import numpy as np
import pytest
from sklearn.metrics import precision_recall_curve, roc_auc_score

from digits.common.tables import Vector
from digits.evaluation import curves, metrics

Measured = dict[tuple[str, str], float]
CURVES = (curves.roc, curves.precision_recall)
YES_NO = np.array([0, 1])
LABELS = np.array([0, 0, 0, 0, 1, 1, 1, 0])
SCORES = np.array([-3.0, -2.0, 1.0, -1.0, 2.0, 3.0, -0.5, -4.0])
PREDICTIONS = (SCORES > 0).astype(int)


def measure(y_true: Vector, y_pred: Vector, scores: Vector, classes: Vector) -> Measured:
    """Return each figure by its name and what it is of."""
    return {(name, of): value for name, of, value in metrics.measure(y_true, y_pred, scores, classes)}


def test_a_detector_is_measured_by_hand() -> None:
    measured = measure(LABELS, PREDICTIONS, SCORES, YES_NO)
    assert measured["accuracy", "all"] == 0.75
    assert measured["precision", "all"] == measured["recall", "all"] == measured["f1", "all"] == 2 / 3
    assert (measured["recall", "0"], measured["count", "0"], measured["count", "1"]) == (0.8, 5, 3)
    # Of the 15 pairs of a yes and a no, 14 are in the right order.
    assert measured["roc_auc", "all"] == pytest.approx(14 / 15)


def test_several_classes_have_means_and_each_its_recall() -> None:
    y, y_pred = np.array([0, 0, 1, 2]), np.array([0, 1, 1, 2])
    measured = measure(y, y_pred, np.eye(3)[y_pred], np.arange(3))
    assert [measured["recall", label] for label in "012"] == [0.5, 1, 1]
    assert measured["recall", "all"] == pytest.approx(5 / 6)
    assert measured["precision", "all"] == pytest.approx(5 / 6)
    no_yes = measure(np.zeros(2, int), np.zeros(2, int), SCORES[:2], YES_NO)
    assert ("roc_auc", "all") not in no_yes


def test_the_baseline_is_the_majority_class_of_the_training_part() -> None:
    assert metrics.baseline(np.array([0, 0, 1]), np.array([1, 1, 1, 0])) == 0.25


def test_each_fold_has_its_accuracy() -> None:
    y, y_pred, folds = np.array([1, 1, 0, 0]), np.array([1, 0, 0, 0]), np.array([1, 1, 2, 2])
    assert list(metrics.by_fold(y, y_pred, folds)) == [
        ("accuracy", "fold 1", 0.5),
        ("accuracy", "fold 2", 1.0),
        ("accuracy_mean", "all", 0.75),
        ("accuracy_std", "all", 0.25),
    ]


def test_the_confusion_table_has_counts_and_shares_of_each_class() -> None:
    assert list(metrics.confusion(LABELS, PREDICTIONS, YES_NO)) == [
        (0, 0, 4, 0.8),
        (0, 1, 1, 0.2),
        (1, 0, 1, 1 / 3),
        (1, 1, 2, 2 / 3),
    ]


def test_the_roc_curve_goes_from_corner_to_corner() -> None:
    rows = list(curves.roc(LABELS, SCORES, YES_NO))
    assert rows[0] == (1, 0.0, 0.0, None)
    assert rows[-1][:3] == (1, 1.0, 1.0)
    assert rows == sorted(rows, key=lambda row: row[1:3])


def test_the_precision_recall_curve_holds_the_model_s_own_point() -> None:
    points = {(recall, precision) for _, recall, precision, _ in curves.precision_recall(LABELS, SCORES, YES_NO)}
    assert (2 / 3, 2 / 3) in points


def area(rows: list[tuple[Any, ...]], label: int) -> float:
    """Return the area under the line of one class."""
    x, y = np.array([row[1:3] for row in rows if row[0] == label]).T
    return float(np.trapezoid(y, x))


@pytest.mark.parametrize(("count", "classes", "apart"), [(50_000, 2, 1), (30, 2, 0), (2_000, 10, 3), (20_000, 256, 3)])
def test_the_area_under_a_drawn_curve_is_the_true_one(count: int, classes: int, apart: float) -> None:
    random = np.random.RandomState(0)
    labels = random.randint(0, classes, count)
    scores = random.normal(size=(count, classes)) + apart * np.eye(classes)[labels]
    columns = {1: scores[:, 1]} if classes == 2 else dict(enumerate(scores.T))
    given = scores[:, 1] if classes == 2 else scores
    roc, precision_recall = (list(curve(labels, given, np.arange(classes))) for curve in CURVES)
    assert len(roc) < 100 * len(columns)
    for label, column in columns.items():
        assert area(roc, label) == pytest.approx(roc_auc_score(labels == label, column), abs=1e-3)
        precision, recall, _ = precision_recall_curve(labels == label, column)
        assert area(precision_recall, label) == pytest.approx(np.trapezoid(precision[-2::-1], recall[-2::-1]), abs=1e-3)


def test_a_curve_of_few_points_has_them_all() -> None:
    assert [row[1:3] for row in curves.roc(LABELS, SCORES, YES_NO)] == [
        (0, 0),
        (0, 2 / 3),
        (0.2, 2 / 3),
        (0.2, 1),
        (1, 1),
    ]


def test_a_class_without_test_images_counts_in_no_mean() -> None:
    y, y_pred = np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1])
    measured = measure(y, y_pred, np.eye(3)[y_pred], np.arange(3))
    assert [of for name, of in measured if name == "recall"] == ["all", "0", "1"]
    assert measured["recall", "all"] == 0.75
    assert measured["precision", "all"] == pytest.approx((1 + 2 / 3) / 2)


def test_several_classes_have_a_curve_each() -> None:
    labels = np.array([0, 1, 2, 0, 1, 2])
    rows = list(curves.roc(labels, np.eye(3)[labels], np.arange(3)))
    assert {row[0] for row in rows} == {0, 1, 2}
