"""Intervals of metrics: what each image moves, against scikit-learn's weights, and how often they hold the truth."""

from typing import Any

from digits.evaluation import metrics
from digits.evaluation.intervals import Estimate, interval, share, wilson
from digits.evaluation.part import Part
from digits.io.tables import Vector

import numpy as np
import pytest
from sklearn import metrics as theirs

ROWS = 300
RANDOM = np.random.RandomState(0)
Y = RANDOM.randint(0, 2, ROWS)
SCORES = np.round(RANDOM.normal(size=ROWS) + Y, 1)  # some are alike


def part(y: Vector = Y, scores: Vector = SCORES, **others: Any) -> Part:
    columns: dict[str, Any] = {"method": "decision_function", "classes": np.array([0, 1]), "y_train": y}
    return Part(y, (scores > 0.5).astype(int), scores, names=["0", "1"], **columns, **others)


OURS = {
    "accuracy_score": lambda part: metrics.accuracy(part),
    "recall_score": lambda part: metrics.recall(part, 1),
    "precision_score": lambda part: metrics.precision(part, 1),
    "f1_score": lambda part: metrics.f1(part, 1),
    "roc_auc_score": metrics.roc_auc,
    "average_precision_score": metrics.average_precision,
}


@pytest.mark.parametrize("name", OURS)
def test_an_estimate_is_scikit_learn_s_and_its_influence_the_derivative_by_each_row_s_weight(name: str) -> None:
    estimate, given = OURS[name](part()), part()
    assert estimate
    predicted = given.scores if name in ("roc_auc_score", "average_precision_score") else given.y_pred
    weights, step = np.ones(ROWS), 1e-5
    assert estimate.value == pytest.approx(getattr(theirs, name)(Y, predicted))
    assert estimate.influence.sum() == pytest.approx(0, abs=1e-9)
    for row in range(0, ROWS, 7):
        weights[row] += step
        moved = getattr(theirs, name)(Y, predicted, sample_weight=weights)
        weights[row] = 1
        assert (moved - estimate.value) / step == pytest.approx(estimate.influence[row], abs=2e-6)


def test_without_groups_the_interval_is_wilson_s_and_with_one_group_it_says_nothing() -> None:
    right = np.repeat([True, False], [15, 133])
    assert interval(share(right)) == pytest.approx(wilson(15 / 148, 148), abs=1e-9)
    assert interval(share(right[15:])) == pytest.approx(wilson(0, 133), abs=1e-9)
    assert interval(share(right), np.zeros(148)) == (0, 1)
    assert interval(Estimate(0.0, np.zeros(5), 0)) == (0, 1)


def test_halves_and_groups_are_measured_and_an_interval_by_group_is_wider() -> None:
    in_order, grouped = part(is_ordered=True), part(group=np.arange(ROWS) // 60)
    halves = {of: value for name, of, value, *_ in metrics.measure(in_order) if of.endswith("half")}
    assert halves == {"first half": in_order.is_right[:150].mean(), "second half": in_order.is_right[150:].mean()}
    groups = [value for name, of, value, *_ in metrics.measure(grouped) if of.startswith("group ")]
    assert groups == [grouped.is_right[start : start + 60].mean() for start in range(0, ROWS, 60)]
    named = {of for _, of, *_ in metrics.measure(part(group=np.arange(ROWS) // 60, group_names=["anna", "bo"]))}
    assert {"group anna", "group bo", "group 2"} <= named  # those of others in a mix have no names
    (low, high), (narrow_low, narrow_high) = (interval(share(part().is_right), each) for each in (grouped.group, None))
    assert high - low > narrow_high - narrow_low > 0


@pytest.mark.slow
@pytest.mark.parametrize("accuracy", [0.5, 0.8, 0.9, 0.95, 0.97, 0.99])
def test_the_interval_by_fourteen_groups_holds_the_truth_in_95_of_100(accuracy: float) -> None:
    """Groups of 128 images whose accuracies vary: the variance is three times that of independent images."""
    random, groups, size, runs = np.random.default_rng(0), 14, 128, 3_000
    together = (3 - 1) / (size - 1)
    beta = accuracy * (1 - together) / together, (1 - accuracy) * (1 - together) / together
    group = np.repeat(np.arange(groups), size)
    held = independent = 0
    for _ in range(runs):
        estimate = share(random.random(groups * size) < random.beta(*beta, groups)[group])
        held += np.clip(accuracy, *interval(estimate, group)) == accuracy
        independent += np.clip(accuracy, *interval(estimate)) == accuracy
    assert 0.92 <= held / runs <= 0.97
    assert independent / runs < 0.8
