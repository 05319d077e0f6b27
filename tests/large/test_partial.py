"""Classifiers that are fitted incrementally."""

import json
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.linear_model import SGDClassifier

from digits.common import parquet, tables
from digits.learning import models, partial
from tests import tiny


def use(project: Path, folds: int, classifier: str = "partial_fit_sgd", **hyperparameters: object) -> None:
    values = tiny.params()
    values["experiments"]["five-sgd"] = tiny.experiment("tiny", "five", "scaled", classifier, folds, **hyperparameters)
    tiny.write_params(project, values)


def test_it_is_scikit_learn_s_partial_fit_as_often_as_max_iter_says(project: Path) -> None:
    use(project, folds=0, max_iter=3)
    tiny.repro(project, "evaluate@five-sgd")
    train = pd.read_parquet(project / "data/split/tiny/train.parquet")
    labels = pd.read_parquet(project / "data/labels/five-sgd/train.parquet")["label"]
    pixels = train.filter(like="pixel").to_numpy(np.float32)
    pixels = pixels / pixels.max()
    expected = SGDClassifier(random_state=42)
    for _ in range(3):
        expected.partial_fit(pixels, labels, classes=[0, 1])
    fitted = joblib.load(project / "models/five-sgd.joblib")[-1]
    assert np.array_equal(fitted.coef_, expected.coef_)
    assert list(pd.read_parquet(project / "data/crossval/five-sgd.parquet")) == ["row", "label"]


@pytest.mark.parametrize("classifier", ["partial_fit_sgd", "partial_fit_mlp"])
def test_each_fold_is_scored_by_a_model_that_has_not_seen_it(project: Path, classifier: str) -> None:
    use(project, 3, classifier, max_iter=60)
    tiny.repro(project, "evaluate@five-sgd")
    at_once = pd.read_parquet(project / "data/crossval/five-sgd.parquet")
    assert list(at_once) == ["row", "label", "fold", "prediction", "score"]
    assert at_once["fold"].value_counts().to_dict() == {1: 100, 2: 100, 3: 100}
    metrics = json.loads((project / "metrics/five-sgd.json").read_text())
    assert metrics["cv_accuracy"] > 0.9


def test_max_iter_must_be_given(project: Path) -> None:
    use(project, folds=0)
    done = tiny.run(["dvc", "repro", "train@five-sgd"], project, status=255)
    reason = "hyperparameters of partial_fit_sgd: max_iter is missing; how often to go through all rows"
    assert f"train: error: {reason}" in done.stderr


def test_a_fold_may_be_larger_than_a_row_group(tmp_path: Path) -> None:
    pixels, classes = load_digits(return_X_y=True)
    pixels, classes = np.tile(pixels.astype(np.uint8), (14, 1)), np.tile(classes.astype(np.uint8), 14)
    rows = np.arange(len(classes), dtype=np.uint32)  # 25 158: three row groups, and more than one for each fold
    images = tables.image_table(pixels, classes, (8, 8), tiny.MAXIMUM, row=rows)
    parquet.write(tmp_path / "images.parquet", images)
    pipeline = tiny.pipeline("partial_fit_sgd").set_params(classifier__max_iter=1)
    trained = partial.train(pipeline, tmp_path / "images.parquet", classes, folds=2)
    assert trained.fold is not None
    assert trained.scores is not None
    assert np.bincount(trained.fold).tolist() == [0, 12579, 12579]
    assert (models.predict(trained.model, trained.scores) == classes).mean() > 0.9


def test_what_is_fitted_before_the_classifier_sees_no_held_out_row(tmp_path: Path) -> None:
    pixels, classes = tiny.digits()
    rows = np.arange(len(classes), dtype=np.uint32)
    parquet.write(tmp_path / "images.parquet", tables.image_table(pixels, classes, tiny.SHAPE, tiny.MAXIMUM, row=rows))
    pipeline = tiny.pipeline("partial_fit_sgd", "principal_components").set_params(classifier__max_iter=5)
    trained = partial.train(pipeline, tmp_path / "images.parquet", classes, folds=2)
    assert trained.scores is not None
    known = trained.fold == 1
    expected = clone(pipeline[:-1]).fit(pixels[~known])
    sgd = clone(pipeline[-1])
    for _ in range(5):
        sgd.partial_fit(expected.transform(pixels[~known]), classes[~known], classes=np.unique(classes))
    assert np.allclose(trained.scores[known], sgd.decision_function(expected.transform(pixels[known])), rtol=1e-4)
