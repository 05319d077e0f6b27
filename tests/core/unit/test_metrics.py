import re
from typing import Any

from digits.evaluation import curves, metrics
from digits.io.tables import Vector
from tests import tiny

import numpy as np
import pytest
from sklearn.metrics import precision_recall_curve, roc_auc_score, roc_curve

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


def area(rows: list[tuple[Any, ...]], label: int | str) -> float:
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
    assert max(len(roc), len(precision_recall)) < 60 * len(columns)
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


def test_several_classes_have_a_curve_each_and_their_mean() -> None:
    labels = np.random.RandomState(0).randint(0, 3, 300)
    scores = np.eye(3)[labels] + np.random.RandomState(1).normal(size=(300, 3)).round(1)  # with ties, so with slopes
    rows = list(curves.roc(labels, scores, np.arange(3)))
    assert {row[0] for row in rows} == {0, 1, 2, "all"}
    assert area(rows, "all") == pytest.approx(np.mean([area(rows, label) for label in range(3)]), abs=1e-3)
    mean = [row for row in rows if row[0] == "all"]
    assert (mean[0][1:], mean[-1][1:]) == ((0, 0, None), (1, 1, None))


def test_a_mean_of_curves_has_their_steps_and_begins_where_all_have_begun() -> None:
    stairs, slope = (np.array([0.0, 0.5, 0.5, 1]), np.array([0.0, 0, 1, 1])), (np.array([0.25, 1]), np.array([0.25, 1]))
    x, y = curves.mean([stairs, slope])
    assert x.tolist() == [0.25, 0.25, 0.5, 0.5, 1, 1]
    assert y.tolist() == [0.125, 0.125, 0.25, 0.75, 1, 1]


def test_a_good_model_s_corner_is_kept() -> None:
    random = np.random.RandomState(0)
    labels = random.randint(0, 2, 60_000)
    scores = random.normal(size=60_000) + 6 * labels  # all of the curve within 0.2 % of the corner
    false_positive, true_positive, _ = roc_curve(labels, scores)
    drawn = np.array([row[1:3] for row in curves.roc(labels, scores, YES_NO)])
    at = [0.0002, 0.0005, 0.001, 0.002, 0.005]
    missed, drawn_missed = 1 - np.interp(at, false_positive, true_positive), 1 - np.interp(at, *drawn.T)
    assert curves.scale(missed).max() > 0.1
    assert np.abs(curves.scale(missed) - curves.scale(drawn_missed)).max() < 4 * curves.TOLERANCE


@pytest.mark.parametrize(
    ("threshold", "rounded"),
    [
        (-12345.678, -12350),
        (-1.23456, -1.235),
        (0.0, 0),
        (0.00012345678, 0.0001235),
        (0.98765432, 0.98765),
        (0.99998765, 0.99998765),
        (1.0, 1),
        (np.inf, None),
    ],
)
def test_a_threshold_keeps_four_digits(threshold: float, rounded: float | None) -> None:
    assert curves.round_threshold(threshold) == rounded


def test_curves_keep_what_the_axes_of_dvc_s_plots_show() -> None:
    templates = [path.read_text(encoding="utf-8") for path in (tiny.ROOT / ".dvc/plots").glob("*.json")]
    constants = [float(value) for text in templates for value in re.findall(r'"constant": ([0-9.]+)', text)]
    assert set(constants) == {curves.LINEAR_UP_TO}


def test_ninety_nine_of_a_hundred_rows_reach_the_rejection_threshold_whatever_their_class() -> None:
    scores = np.full((200, 3), -9.0)
    scores[np.arange(200), np.arange(200) % 3] = np.random.RandomState(0).permutation(200)
    assert list(metrics.rejection(scores)) == [("rejection_threshold", "all", 1.0)]
    assert list(metrics.rejection(scores[:, 0])) == []
