import numpy as np
import pytest

from digits.evaluation import curves, metrics

YES_NO = np.array([0, 1])
LABELS = np.array([0, 0, 0, 0, 1, 1, 1, 0])
SCORES = np.array([-3.0, -2.0, 1.0, -1.0, 2.0, 3.0, -0.5, -4.0])
PREDICTIONS = (SCORES > 0).astype(int)


def test_a_detector_is_measured_by_hand() -> None:
    measured = metrics.measure(LABELS, PREDICTIONS, SCORES, YES_NO)
    counts = {name: measured[name] for name in measured if "tives" in name}
    assert counts == {"true_negatives": 4, "false_positives": 1, "false_negatives": 1, "true_positives": 2}
    assert measured["accuracy"] == 0.75
    assert measured["error_rate"] == 0.25
    assert measured["precision"] == measured["recall"] == measured["f1"] == 2 / 3
    # Of the 15 pairs of a yes and a no, 14 are in the right order.
    assert measured["roc_auc"] == pytest.approx(14 / 15)


def test_several_classes_have_means_and_each_its_recall() -> None:
    y, y_pred = np.array([0, 0, 1, 2]), np.array([0, 1, 1, 2])
    measured = metrics.measure(y, y_pred, np.eye(3)[y_pred], np.arange(3))
    assert measured["recall"] == {"0": 0.5, "1": 1.0, "2": 1.0}
    assert measured["recall_macro"] == pytest.approx(5 / 6)
    assert measured["precision_macro"] == pytest.approx(5 / 6)
    assert "roc_auc" not in metrics.measure(np.zeros(2, int), np.zeros(2, int), SCORES[:2], YES_NO)  # no yes, no area


def test_the_baseline_is_the_majority_class_of_the_training_part() -> None:
    assert metrics.baseline_accuracy(np.array([0, 0, 1]), np.array([1, 1, 1, 0])) == 0.25


def test_each_fold_has_its_accuracy() -> None:
    y, y_pred, folds = np.array([1, 1, 0, 0]), np.array([1, 0, 0, 0]), np.array([1, 1, 2, 2])
    assert metrics.by_fold(y, y_pred, folds) == {
        "fold_1": 0.5,
        "fold_2": 1.0,
        "accuracy_mean": 0.75,
        "accuracy_std": 0.25,
    }


def test_the_confusion_table_has_counts_and_shares_of_each_class() -> None:
    assert list(metrics.confusion(LABELS, PREDICTIONS, YES_NO)) == [
        (0, 0, 4, 0.8),
        (0, 1, 1, 0.2),
        (1, 0, 1, 1 / 3),
        (1, 1, 2, 2 / 3),
    ]


def test_the_roc_curve_goes_from_corner_to_corner() -> None:
    rows = list(curves.roc(LABELS, SCORES, YES_NO))
    assert rows[0] == (1, 0.0, 0.0, 3.0)
    assert rows[-1][:3] == (1, 1.0, 1.0)
    assert rows == sorted(rows, key=lambda row: row[1:3])


def test_the_precision_recall_curve_holds_the_model_s_own_point() -> None:
    points = {(recall, precision) for _, recall, precision, _ in curves.precision_recall(LABELS, SCORES, YES_NO)}
    assert (2 / 3, 2 / 3) in points


def test_curves_stay_small_and_keep_their_shape() -> None:
    random = np.random.RandomState(0)
    labels = random.randint(0, 2, 50_000)
    scores = labels + random.normal(size=50_000)
    rows = list(curves.roc(labels, scores, YES_NO))
    assert len(rows) <= curves.ROWS
    x, y = np.array([row[1] for row in rows]), np.array([row[2] for row in rows])
    area = float(np.sum(np.diff(x) * (y[1:] + y[:-1]) / 2))
    assert area == pytest.approx(metrics.measure(labels, scores > 0.5, scores, YES_NO)["roc_auc"], abs=1e-3)


def test_several_classes_have_a_curve_each() -> None:
    labels = np.array([0, 1, 2, 0, 1, 2])
    rows = list(curves.roc(labels, np.eye(3)[labels], np.arange(3)))
    assert {row[0] for row in rows} == {0, 1, 2}
    assert len(rows) <= curves.ROWS
