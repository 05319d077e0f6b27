"""Decision thresholds: what a rule chooses, what the model then says, and what is refused."""

from collections.abc import Mapping
from typing import Any

from digits.learning import models
from digits.learning.thresholds import apply, choose, predict_nested
from digits.learning.training import fold_of_rows, train
from digits.support.errors import ParameterError
from tests import tiny

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.metrics import f1_score, precision_score, recall_score
from sklearn.pipeline import Pipeline

IS_POSITIVE = np.array([0, 0, 1, 0, 1, 0, 1, 1], bool)
SCORES = np.array([0, 1, 2, 3, 4, 5, 6, 7], np.float64)  # in the order of the answers above


@pytest.mark.parametrize(
    ("rule", "threshold"),
    [
        ({"recall": 0.5}, 5.5),  # 2 of 4 positives, all yeses right
        ({"recall": 0.51}, 3.5),  # 3 of 4, with one false alarm
        ({"precision": 1}, 5.5),
        ({"precision": 0.6}, 1.5),  # not 2.5, which has the precision but finds fewer
        ({"f1": "max"}, 1.5),
    ],
)
def test_a_rule_chooses_the_best_operating_point_it_allows(rule: Mapping[str, Any], threshold: float) -> None:
    assert choose(rule, IS_POSITIVE, SCORES) == threshold


@pytest.mark.parametrize("seed", range(3))
def test_no_threshold_is_better_than_the_chosen_one(seed: int) -> None:
    random = np.random.RandomState(seed)
    is_positive = random.rand(300) < 0.3
    scores = np.round(random.randn(300) + is_positive, 1)  # many are equal
    every = [scores >= score for score in np.unique(scores)]
    figures = [(recall_score(is_positive, yes), precision_score(is_positive, yes)) for yes in every]
    rules: list[tuple[dict[str, Any], Any, float]] = [
        ({"recall": 0.9}, precision_score, max(precision for recall, precision in figures if recall >= 0.9)),
        ({"precision": 0.5}, recall_score, max(recall for recall, precision in figures if precision >= 0.5)),
        ({"f1": "max"}, f1_score, max(f1_score(is_positive, yes) for yes in every)),
    ]
    for rule, figure, best in rules:
        assert figure(is_positive, scores >= choose(rule, is_positive, scores)) == pytest.approx(best)


def test_a_precision_that_is_never_reached_is_reported() -> None:
    with pytest.raises(ParameterError, match=r"no threshold has a precision of 0.9; the best is 0.5000"):
        choose({"precision": 0.9}, np.array([True, False]), np.array([1.0, 1.0]))


@pytest.mark.parametrize("classifier", [tiny.SGD, "ensemble.ExtraTreesClassifier"])
def test_the_model_keeps_its_threshold_and_predicts_by_it(classifier: str) -> None:
    pixels, classes = tiny.digits()
    y = (classes == 5).astype(np.uint8)
    trained = train(tiny.pipeline(classifier), pixels, y, fold_of_rows(y, 3))
    assert trained.scores is not None
    model = apply(trained.model, {"recall": 0.95}, y, trained.scores)
    assert models.predict(model, trained.scores)[y == 1].mean() >= 0.95
    scores = models.score(model, pixels)
    assert np.array_equal(model.predict(pixels), models.predict(model, scores))
    assert models.threshold(model) != models.threshold(trained.model)


def test_the_nested_threshold_of_a_fold_is_chosen_on_the_others() -> None:
    random = np.random.RandomState(0)
    y, fold = random.randint(0, 2, 300).astype(np.uint8), random.randint(1, 4, 300)
    scores = random.normal(size=300) + y - 3 * (fold == 2)  # a fold whose scores are lower
    model = Pipeline([("classifier", DummyClassifier().fit(scores[:, None], y))])
    predicted = predict_nested(model, {"recall": 0.9}, y, scores, fold)
    for i in (1, 2, 3):
        others = fold != i
        threshold = choose({"recall": 0.9}, y[others] == 1, scores[others])
        assert np.array_equal(predicted[fold == i], scores[fold == i] >= threshold)
    assert predicted[(y == 1) & (fold == 2)].mean() < 0.3
