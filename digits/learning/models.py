"""Fitted models: their files, and the scores that they give."""

import hashlib
import io
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import yaml
from joblib.numpy_pickle import NumpyPickler
from sklearn.exceptions import InconsistentVersionWarning
from sklearn.pipeline import Pipeline

from digits.common import tables
from digits.common.cli import PipelineError
from digits.common.files import expect, whole
from digits.common.tables import Pixels, Scores, Vector

BATCH = 1_000  # images scored at a time: fixed, because a matrix product's last bits depend on its shape


class _Pickler(NumpyPickler):  # type: ignore[misc]
    """joblib's own, for which two equal strings or types of numbers are one.

    A pickle says of each thing that it has seen before whether it is the same one. What comes back from another process
    is equal, but not the same, and its file would be another.
    """

    def save(self, obj: Any) -> None:
        if type(obj) is str:
            obj = sys.intern(obj)
        elif isinstance(obj, np.dtype) and obj.kind in "biufc":  # of numbers; "V" is of rows
            obj = np.dtype(obj.str)
        super().save(obj)


def save(path: Path, model: Pipeline) -> None:
    """Write a model in joblib's format; the same model gives the same bytes, wherever it has been fitted."""
    with whole(path) as temporary, temporary.open("wb") as file:
        _Pickler(file).dump(model)


def load(path: Path) -> Pipeline:
    """Read a model, if it is the file that the pipeline made: to load a model is to run what is in it.

    Args:
        path: `models/<experiment>.joblib` in a folder with a `dvc.lock`, in which DVC has recorded the file's MD5 when
            `train` had written it. The lock is in Git; the models come from a cache that others can write to.

    Raises:
        PipelineError: there is no such file, it is not the recorded one, or another version of scikit-learn has
            written it, or the code that it needs is no longer here.
    """
    stage = f"train@{path.stem}"
    expect(path, stage)
    content = path.read_bytes()  # once: what is checked is what is loaded
    if hashlib.md5(content, usedforsecurity=False).hexdigest() != _recorded(path, stage):
        raise PipelineError(
            f"{path} is not the file that dvc.lock records, so it is not loaded; `dvc repro --force {stage}` makes it "
            f"again, `dvc commit {stage}` records it if it is your own work"
        )
    with warnings.catch_warnings():
        warnings.simplefilter("error", InconsistentVersionWarning)
        try:
            return joblib.load(io.BytesIO(content))
        except InconsistentVersionWarning as error:
            raise PipelineError(
                f"{path} was written by scikit-learn {error.original_sklearn_version}, this is "
                f"{error.current_sklearn_version}; make it again with `dvc repro --force {stage}`"
            ) from None
        except (AttributeError, ImportError) as error:  # a class that has been renamed or moved since
            raise PipelineError(
                f"{path} was written by other code than is here ({error}); make it again with "
                f"`dvc repro --force {stage}`"
            ) from None


def score(model: Pipeline, pixels: Pixels) -> Scores:
    """Score images, in batches that share the cores.

    Args:
        model: a fitted pipeline.
        pixels: shape (images, height * width), 0 to 255; what the pipeline's first step takes.

    Returns:
        For two classes, shape (images,): how much the second class is preferred. For more, shape (images, classes).
        Decision values where the classifier has them (above 0 means yes), else probabilities from 0 to 1.
    """
    # In a tuple: an array by itself joblib would send to one worker of a cluster, and it would be lost with it.
    batches = [(pixels[start : start + BATCH],) for start in range(0, pixels.shape[0], BATCH)]
    return np.concatenate(joblib.Parallel(prefer="threads")(joblib.delayed(_score)(model, batch) for batch in batches))


def predict(model: Pipeline, scores: Scores) -> Vector:
    """Return the class, of shape (images,), that the scores of `score` stand for."""
    if scores.ndim == 2:
        return model.classes_[scores.argmax(axis=1)]
    return model.classes_[(scores > threshold(model)).astype(int)]


def need_two(classes: Vector) -> None:
    """Check that there is something to tell apart.

    Raises:
        PipelineError: there is one class alone.
    """
    if len(classes) < 2:
        raise PipelineError(
            f"the model cannot be fitted: all training rows have the label {classes[0]}; two are needed"
        )


def out_of_fold(model: Pipeline, fold: Vector, scores: Scores) -> Mapping[str, Vector]:
    """Return the columns of out-of-fold scores: `fold`, `prediction` and the scores, each of shape (rows,)."""
    return {"fold": fold, "prediction": predict(model, scores), **tables.score_columns(scores, model.classes_)}


def threshold(model: Pipeline) -> float:
    """Return the score above which a model of two classes says yes: 0 for decision values, 0.5 for probabilities."""
    return 0.5 if gives_probabilities(model) else 0.0


def gives_probabilities(model: Pipeline) -> bool:
    """Tell whether the scores of `score` are probabilities, from a model that has no decision values."""
    return not hasattr(model, "decision_function")


def _score(model: Pipeline, batch: tuple[Pixels]) -> Scores:
    (pixels,) = batch
    with joblib.parallel_config("threading", n_jobs=1):  # the batches have the cores
        if not gives_probabilities(model):
            return model.decision_function(pixels)
        probabilities = model.predict_proba(pixels)
    return probabilities[:, 1] if probabilities.shape[1] == 2 else probabilities


def _recorded(path: Path, stage: str) -> str | None:
    """Return the MD5 that dvc.lock records for a model, if it does."""
    lock = path.parent.parent / "dvc.lock"
    try:
        stages = yaml.load(lock.read_text(encoding="utf-8"), yaml.CSafeLoader)["stages"]
        outs = {out["path"]: out["md5"] for out in stages[stage]["outs"]}
    except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError):  # no lock, no such stage, or no lock of DVC's
        return None
    return outs.get(f"{path.parent.name}/{path.name}")
