"""Features, classifiers and the training function, on scikit-learn's digits."""

import hashlib
import pickle
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
import yaml
from scipy.sparse import issparse
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline

from digits.common import tables
from digits.common.cli import ParameterError, PipelineError
from digits.learning import classifiers, features, models
from stages.train import train
from tests import tiny

PIXELS, CLASSES = tiny.digits()
pipeline = tiny.pipeline


def test_raw_pixels_keep_their_values() -> None:
    values = make_pipeline(*[step for _, step in features.steps("raw")]).fit_transform(PIXELS)
    assert values.dtype == np.float32
    assert np.array_equal(values, PIXELS)


def test_scaled_pixels_lie_between_zero_and_one() -> None:
    values = features.Pixels(scale=True).fit_transform(PIXELS)
    assert (values.min(), values.max()) == (0, 1)
    assert np.allclose(values, PIXELS / 16)


def test_scaling_is_learned_from_the_training_rows() -> None:
    scaler = features.Pixels(scale=True).fit(np.array([[0, 8]], np.uint8))
    assert scaler.transform(np.array([[4, 16]], np.uint8)).tolist() == [[0.5, 2.0]]


def test_normalized_images_have_the_same_length_and_look_as_before() -> None:
    faint = np.vstack([PIXELS // 2 * 2, PIXELS // 2, np.zeros((1, 64), np.uint8)])
    normalized = features.NormalizedPixels(length=4).fit_transform(faint)
    assert issparse(normalized)
    values = normalized.toarray()
    assert np.allclose(np.linalg.norm(values[:-1], axis=1), 4)
    assert np.allclose(values[: len(PIXELS)], values[len(PIXELS) : -1], rtol=1e-5)
    assert np.allclose(values[0], 4 * faint[0] / np.linalg.norm(faint[0]))
    assert not values[-1].any()


@pytest.mark.parametrize("name", sorted(features.FEATURES))
def test_every_feature_serves_a_classifier(name: str) -> None:
    larger = np.kron(PIXELS.reshape(-1, 8, 8), np.ones((1, 2, 2), np.uint8)).reshape(len(PIXELS), -1)
    model, _ = train(pipeline("logistic-regression", name), larger, CLASSES, folds=0)
    assert (model.predict(larger) == CLASSES).mean() > 0.9


def test_features_that_cannot_be_made_of_such_images_say_why() -> None:
    with pytest.raises(PipelineError, match="cannot be fitted: gradients are taken of square images, not of 40 pixels"):
        train(pipeline("svc", "gradients-40"), PIXELS[:, :40], CLASSES, folds=0)


@pytest.mark.parametrize("name", sorted(classifiers.CLASSIFIERS))
def test_a_model_that_comes_back_from_another_process_has_the_same_file(tmp_path: Path, name: str) -> None:
    model = train(tiny.pipeline(name, "principal-components"), PIXELS, CLASSES, folds=0)[0]
    features, classifier = (pickle.loads(pickle.dumps(part)) for part in (model[:-1], model[-1]))
    models.save(tmp_path / "here", model)
    models.save(tmp_path / "there", Pipeline([*features.steps, ("classifier", classifier)]))
    assert (tmp_path / "here").read_bytes() == (tmp_path / "there").read_bytes()
    scores = models.score(model, PIXELS)
    assert np.array_equal(models.score(joblib.load(tmp_path / "there"), PIXELS), scores)


@pytest.mark.parametrize("name", sorted(classifiers.CLASSIFIERS))
@pytest.mark.parametrize("labels", [CLASSES, (CLASSES == 5).astype(np.uint8)], ids=["digit", "five"])
def test_predictions_are_what_scikit_learn_predicts(name: str, labels: tables.Vector) -> None:
    model, _ = train(pipeline(name), PIXELS, labels, folds=0)
    scores = models.score(model, PIXELS)
    assert scores.shape == ((len(labels),) if labels.max() == 1 else (len(labels), 10))
    assert np.array_equal(models.predict(model, scores), model.predict(PIXELS))


def test_folds_are_those_of_cross_val_score() -> None:
    estimator = pipeline("sgd")
    _, crossval = train(estimator, PIXELS, CLASSES, folds=3)
    assert crossval is not None
    right = crossval["prediction"] == CLASSES
    ours = [right[crossval["fold"] == fold].mean() for fold in (1, 2, 3)]
    assert np.allclose(ours, cross_val_score(clone(estimator), PIXELS, CLASSES, cv=3))


def test_out_of_fold_scores_come_from_a_model_that_has_not_seen_the_row() -> None:
    # One neighbour knows every row that it has seen: labels drawn at random can only be guessed out of fold.
    random = np.random.RandomState(0).randint(0, 2, len(PIXELS)).astype(np.uint8)
    neighbour = Pipeline(
        [*features.steps("raw"), ("classifier", classifiers.build("k-neighbors", {"n_neighbors": 1}, 0))]
    )
    model, crossval = train(neighbour, PIXELS, random, folds=4)
    assert crossval is not None
    assert (model.predict(PIXELS) == random).mean() == 1
    assert (crossval["prediction"] == random).mean() < 0.7


def test_no_folds_no_scores() -> None:
    assert train(pipeline("dummy"), PIXELS, CLASSES, folds=0)[1] is None


def test_more_folds_than_rows_of_a_class_is_said() -> None:
    labels = np.array([0] * 10 + [1] * 2, np.uint8)
    with pytest.raises(ParameterError, match="only 2 training rows have the label 1"):
        train(pipeline("dummy"), PIXELS[:12], labels, folds=3)


def test_what_cannot_be_fitted_is_said_in_the_classifier_s_words() -> None:
    with pytest.raises(PipelineError, match="cannot be fitted"):
        train(pipeline("logistic-regression"), PIXELS[:5], np.zeros(5, np.uint8), folds=0)


@pytest.mark.parametrize(
    ("name", "hyperparameters", "reason"),
    [
        ("scv", {}, "no 'scv'. Did you mean 'svc'"),
        ("svc", {"gama": 1}, "no 'gama'. Did you mean 'gamma'. Valid: C, break_ties"),
        ("svc", {"C": "much"}, "'C' parameter of SVC must be a float"),
        ("svc", {"random_state": 1}, "no 'random_state'"),
        ("sgd", {"n_jobs": 2}, "no 'n_jobs'"),
        ("svc", {"decision_function_shape": "ovo"}, "no 'decision_function_shape'"),
        ("partial-fit-mlp", {"solver": "lbfgs", "max_iter": 1}, "lbfgs it cannot be fitted some rows at a time; use"),
    ],
)
def test_a_wrong_hyperparameter_is_named(name: str, hyperparameters: dict[str, Any], reason: str) -> None:
    with pytest.raises(ParameterError) as error:
        classifiers.build(name, hyperparameters, seed=42)
    assert reason in str(error.value).replace("'?", "'.")


def test_the_seed_reaches_the_classifier() -> None:
    assert classifiers.build("sgd", {}, seed=7).random_state == 7


def record(path: Path) -> None:
    """Write the dvc.lock that records a model."""
    md5 = hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
    lock = {"stages": {f"train@{path.stem}": {"outs": [{"path": f"models/{path.name}", "md5": md5}]}}}
    (path.parent.parent / "dvc.lock").write_text(yaml.safe_dump(lock))


def test_a_model_of_another_scikit_learn_is_refused(tmp_path: Path) -> None:
    model, _ = train(pipeline("dummy"), PIXELS, CLASSES, folds=0)
    path = tmp_path / "models" / "old.joblib"
    models.save(path, model)
    version = joblib.load(path)[-1].__getstate__()["_sklearn_version"].encode()
    path.write_bytes(path.read_bytes().replace(version, b"0" + version[1:]))
    record(path)
    with pytest.raises(PipelineError, match="was written by scikit-learn 0"):
        models.load(path)


def test_a_model_of_code_that_is_gone_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "models" / "old.joblib"
    models.save(path, Pipeline([("pixels", features.Pixels()), ("classifier", DummyClassifier())]))
    path.write_bytes(path.read_bytes().replace(b"Pixels", b"Voxels"))
    record(path)
    with pytest.raises(PipelineError, match=r"was written by other code than is here .*Voxels"):
        models.load(path)


def test_a_missing_model_says_what_makes_it(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match="dvc repro train@five"):
        models.load(tmp_path / "five.joblib")
