"""Classifiers that are fitted some rows at a time."""

import json
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import SGDClassifier

import tiny


def use(project: Path, folds: int, classifier: str = "partial-fit-sgd", **hyperparameters: object) -> None:
    values = tiny.params()
    values["experiments"]["five-sgd"] = tiny.experiment("tiny", "five", "scaled", classifier, folds, **hyperparameters)
    tiny.write_params(project, values)


def test_it_is_scikit_learn_s_partial_fit_as_often_as_max_iter_says(project: Path) -> None:
    use(project, folds=0, max_iter=3)
    tiny.repro(project, "evaluate@five-sgd")
    train = pd.read_parquet(project / "data/split/tiny/train.parquet")
    labels = pd.read_parquet(project / "data/labels/tiny/five/train.parquet")["label"]
    pixels = train.filter(like="pixel").to_numpy(np.float32)
    pixels = pixels / pixels.max()
    expected = SGDClassifier(random_state=42)
    for _ in range(3):
        expected.partial_fit(pixels, labels, classes=[0, 1])
    fitted = joblib.load(project / "models/five-sgd.joblib")[-1]
    assert np.array_equal(fitted.coef_, expected.coef_)
    assert list(pd.read_parquet(project / "data/crossval/five-sgd.parquet")) == ["row", "label"]


@pytest.mark.parametrize("classifier", ["partial-fit-sgd", "partial-fit-mlp"])
def test_each_fold_is_scored_by_a_model_that_has_not_seen_it(project: Path, classifier: str) -> None:
    use(project, 3, classifier, max_iter=60)
    tiny.repro(project, "evaluate@five-sgd")
    at_once = pd.read_parquet(project / "data/crossval/five-sgd.parquet")
    assert list(at_once) == ["row", "label", "fold", "prediction", "score"]
    assert at_once["fold"].value_counts().to_dict() == {1: 100, 2: 100, 3: 100}
    metrics = json.loads((project / "metrics/five-sgd.json").read_text())
    assert metrics["cross_validation"]["accuracy_mean"] > 0.9


def test_max_iter_must_be_given(project: Path) -> None:
    use(project, folds=0)
    done = tiny.run(["dvc", "repro", "train@five-sgd"], project, status=255)
    reason = "hyperparameters of partial-fit-sgd: max_iter is missing; how many times to go through all rows"
    assert f"train: error: {reason}" in done.stderr
