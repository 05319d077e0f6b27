"""Classifiers that are fitted incrementally."""

from pathlib import Path
from typing import Any

from digits.io import parquet, tables
from digits.io.parquet import Labelled
from digits.io.tables import ImageInfo, Pixels, Scores, Vector
from digits.learning import models, persistence, registry
from digits.learning.training import fold_of_rows
from digits.scale import partial
from digits.support.errors import ParameterError
from digits.support.parameters import Experiment
from tests import tiny

import numpy as np
import pandas as pd
import pytest
from sklearn.base import TransformerMixin, clone
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import SGDClassifier
from sklearn.pipeline import Pipeline


def test_it_is_scikit_learn_s_partial_fit_as_often_as_max_iter_says(project: Path) -> None:
    block = tiny.experiment("tiny", "five", "scaled", "partial_fit_sgd", 3, max_iter=3)
    tiny.edit(project, {"experiments.five-sgd": block})
    tiny.repro(project, "train@five-sgd")
    train = pd.read_parquet(project / "data/split/tiny/train.parquet")
    labels = pd.read_parquet(project / "data/labels/five-sgd/train.parquet")["label"]
    pixels = train.filter(like="pixel").to_numpy(np.float32)
    expected = SGDClassifier(random_state=42)
    for _ in range(3):
        expected.partial_fit(pixels / tiny.MAXIMUM, labels, classes=[0, 1])
    fitted = persistence.load(project / "models/five-sgd.skops")[-1]
    assert np.array_equal(fitted.coef_, expected.coef_)
    out_of_fold = pd.read_parquet(project / "data/crossval/five-sgd.parquet")
    assert list(out_of_fold) == ["row", "label", "fold", "prediction", "decision_1"]
    assert out_of_fold["fold"].value_counts().to_dict() == {1: 100, 2: 100, 3: 100}


@pytest.mark.parametrize(
    ("name", "hyperparameters", "reason"),
    [
        ("partial_fit_sgd", {}, "max_iter is missing; how often to go through all rows"),
        ("partial_fit_sgd", {"max_iter": 1, "copies": 2}, "copies are not made batch by batch; use the dataset's"),
        ("partial_fit_mlp", {"solver": "lbfgs", "max_iter": 1}, "lbfgs it cannot be fitted incrementally; use"),
    ],
)
def test_what_cannot_be_fitted_incrementally_is_named(name: str, hyperparameters: dict[str, Any], reason: str) -> None:
    block = tiny.experiment("tiny", "five", "scaled", name, 3, **hyperparameters)
    with pytest.raises(ParameterError, match=reason):
        registry.build(Experiment.model_validate(block), seed=42)


def cross_validate(
    tmp_path: Path, pipeline: Pipeline, pixels: Pixels, classes: Vector
) -> tuple[Pipeline, Vector, Scores]:
    """Train with two folds on images in a file; return the model, each row's fold and its out-of-fold scores."""
    rows = np.arange(len(classes), dtype=np.uint32)
    images = tables.image_table(pixels, classes, ImageInfo(tiny.SHAPE, tiny.MAXIMUM), row=rows)
    parquet.write(tmp_path / "images.parquet", images)
    fold = fold_of_rows(classes, 2)
    labelled = Labelled(np.arange(len(rows)), rows, classes, None, None)
    trained = partial.train(pipeline, tmp_path / "images.parquet", labelled, fold)
    assert fold is not None
    assert trained.scores is not None
    return trained.model, fold, trained.scores


@pytest.mark.parametrize("classifier", ["partial_fit_sgd", "partial_fit_mlp"])
def test_a_fold_may_be_larger_than_a_row_group(tmp_path: Path, classifier: str) -> None:
    pixels, classes = (np.tile(values.astype(np.uint8).T, 14).T for values in load_digits(return_X_y=True))
    pipeline = tiny.pipeline(classifier).set_params(classifier__max_iter=1)
    model, fold, scores = cross_validate(tmp_path, pipeline, pixels, classes)
    assert np.bincount(fold).tolist() == [0, 12579, 12579]  # of three row groups
    assert (models.predict(model, scores) == classes).mean() > 0.85


@pytest.mark.parametrize(
    "step",
    [PCA(20, random_state=42), LinearDiscriminantAnalysis(solver="eigen", shrinkage=0.1)],
    ids=["of pixels alone", "of pixels and labels"],
)
def test_what_is_fitted_before_the_classifier_sees_no_held_out_row(tmp_path: Path, step: TransformerMixin) -> None:
    pixels, classes = tiny.digits()
    *scaled, last = tiny.pipeline("partial_fit_sgd").set_params(classifier__max_iter=5).steps
    pipeline = Pipeline([*scaled, ("step", step), last])
    _, fold, scores = cross_validate(tmp_path, pipeline, pixels, classes)
    held_out = fold == 1
    expected = clone(pipeline[:-1]).fit(pixels[~held_out], classes[~held_out])
    sgd = clone(pipeline[-1])
    for _ in range(5):
        sgd.partial_fit(expected.transform(pixels[~held_out]), classes[~held_out], classes=np.unique(classes))
    assert np.allclose(scores[held_out], sgd.decision_function(expected.transform(pixels[held_out])), rtol=1e-4)
