"""Training: what a model is fitted on and judged on, and what is kept of it."""

from pathlib import Path
from typing import Any

from digits.core.errors import PipelineError
from digits.core.params import Dataset, Experiment, validate
from digits.learning import pipelines, scoring
from digits.learning.folds import choose_threshold, fold_of_rows
from digits.sources import images
from stages.train import train
from tests import tiny
from tests.calls import call, failure

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.model_selection import StratifiedKFold

PLACE = "experiments.five-sgd"


def experiment(classifier: str = tiny.SGD, folds: int = 3, features: str = "scaled", **more: Any) -> Experiment:
    return validate(Experiment, tiny.experiment("five", features, classifier, folds, **more))


def task() -> pd.DataFrame:
    pixels, classes = tiny.digits()
    frame = images(validate(Dataset, tiny.dataset({"idx": "idx"})), pixels, classes)
    return frame.assign(row=np.arange(len(classes), dtype=np.uint32), label=(classes == 5).astype(np.uint8))


def test_the_model_is_fitted_on_all_rows_and_each_fold_is_scored_by_one_that_has_not_seen_it() -> None:
    block, frame = experiment("linear_model.LogisticRegression", features="principal_components"), task()
    model, out_of_fold = train(block, 42, frame)
    X, y = frame.filter(like="pixel").to_numpy(), frame["label"].to_numpy()  # noqa: N806
    pipeline = pipelines.build(block, 42, tiny.MAXIMUM)
    assert np.allclose(clone(pipeline).fit(X, y).decision_function(X), model.decision_function(X))
    for i, (fitted, held_out) in enumerate(StratifiedKFold(3).split(X, y), 1):
        assert (out_of_fold["fold"].to_numpy()[held_out] == i).all()
        expected = clone(pipeline).fit(X[fitted], y[fitted])
        assert np.allclose(expected.decision_function(X[held_out]), out_of_fold["decision_1"].to_numpy()[held_out])
        assert (expected.predict(X[held_out]) == out_of_fold["prediction"].to_numpy()[held_out]).all()
    assert model.train_accuracy_ == (model.predict(X) == y).mean()


def test_groups_share_a_fold_and_each_fold_has_its_share_of_each_class() -> None:
    classes, group = tiny.digits()[1], np.repeat(np.arange(20), 20)
    assert pd.Series(fold_of_rows(classes, 3, group)).groupby(group).nunique().max() == 1
    assert np.ptp(pd.crosstab(fold_of_rows(classes, 4), classes), axis=0).max() <= 1
    assert (fold_of_rows(classes, 0) == 1).all()


def test_folds_that_cannot_be_made_are_refused() -> None:
    for zeros, ones, folds, group, line in (
        (9, 0, 3, None, "all training rows have the label 0; a model needs two"),
        (9, 2, 3, None, "folds: 3; allowed: 0, or 2 to 2, the rows of the rarest class"),
        (9, 3, 2, np.repeat(np.arange(4), 3), "all groups with the label 1 are in one; use others"),
    ):
        with pytest.raises(PipelineError, match=line):
            fold_of_rows(np.repeat([0, 1], [zeros, ones]), folds, group)


def test_a_rule_chooses_the_best_threshold_midway_between_two_scores() -> None:
    is_positive, scores = np.array([0, 0, 1, 0, 1, 0, 1, 1], bool), np.arange(8.0)
    for rule, threshold in (
        ({"recall": 0.5}, 5.5),  # 2 of 4 positives, all yeses right
        ({"recall": 0.51}, 3.5),  # 3 of 4, with one false alarm
        ({"precision": 1}, 5.5),
        ({"precision": 0.6}, 1.5),  # not 2.5, which has the precision but finds fewer
        ({"f1": "max"}, 1.5),
    ):
        assert choose_threshold(rule, is_positive, scores) == threshold
    assert choose_threshold({"recall": 0.5}, np.array([False, True, True]), scores[:3]) == 1.5  # with the fewest yeses
    with pytest.raises(PipelineError, match=r"none has a precision of 1; the best is 0\.6667"):
        choose_threshold({"precision": 1}, np.array([1, 1, 0], bool), np.array([1.0, 1, 1]))


def test_a_given_threshold_is_a_yes_itself_and_at_a_tie_of_probabilities_the_first_class_wins() -> None:
    cases: list[tuple[dict[str, Any], int]] = [({"threshold": 0.5}, 1), ({}, 0)]
    for given, predicted in cases:
        model, _ = train(experiment("dummy.DummyClassifier", folds=0, strategy="uniform", **given), 42, task())
        assert set(scoring.predict(model, np.full(3, 0.5))) == {predicted}


def test_the_same_seed_gives_the_same_model_and_another_seed_another() -> None:
    scores = [train(experiment(), seed, task())[1]["decision_1"].tolist() for seed in (42, 42, 43)]
    assert scores[0] == scores[1] != scores[2]


def test_what_cannot_be_fitted_is_one_line_and_so_is_a_warning_of_every_fold(project: Path) -> None:
    clash = {"solver": "lbfgs", "l1_ratio": 1.0}
    tiny.edit(project, {f"{PLACE}.classifier": tiny.LOGISTIC, f"{PLACE}.hyperparameters": clash})
    line = failure(project, "train", "five-sgd")
    assert line.startswith("Error: five-sgd cannot be fitted: Solver lbfgs supports only")
    tiny.edit(project, {f"{PLACE}.hyperparameters": {"max_iter": 2}})
    [warning] = call(project, "train", "five-sgd").stderr.splitlines()
    assert warning.startswith("ConvergenceWarning: Maximum number of iteration reached")


def test_pixels_are_scaled_by_the_dataset_s_maximum() -> None:
    [(_, step)] = pipelines.features("scaled", tiny.MAXIMUM)
    assert step.fit_transform(np.full((1, 4), tiny.MAXIMUM, np.uint8)).tolist() == [[1] * 4]
