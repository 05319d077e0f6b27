"""Fitted models: their files, and the scores that they give."""

import io
import json
import sys
import warnings
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any
from zipfile import ZipFile, ZipInfo

from digits.io.files import atomic_write, require
from digits.io.tables import Pixels, Scores, Vector
from digits.support.errors import PipelineError, one_line

import joblib
import numpy as np
import sklearn
from sklearn.base import BaseEstimator
from sklearn.exceptions import InconsistentVersionWarning
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.pipeline import Pipeline

BATCH = 1_000  # images scored at a time: fixed, because a matrix product's last bits depend on its shape
# What a model may hold besides arrays, containers and estimators (`_is_estimator`). A type of your own is named here.
TRUSTED = """
builtins.str numpy.bool numpy.float32 numpy.float64 numpy.int32 numpy.int64 numpy.str_ numpy.uint8 numpy.uint64
numpy.random.PCG64 scipy.sparse._csr.csr_array sklearn._loss.link.HalfLogitLink sklearn._loss.link.Interval
sklearn._loss.link.LogitLink sklearn._loss.link.MultinomialLogit sklearn._loss.loss.ExponentialLoss
sklearn._loss.loss.HalfBinomialLoss sklearn._loss.loss.HalfMultinomialLoss
sklearn.calibration._CalibratedClassifier sklearn.ensemble._hist_gradient_boosting.binning._BinMapper
sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor sklearn.gaussian_process.kernels.ConstantKernel
sklearn.gaussian_process._gpc._BinaryGaussianProcessClassifierLaplace sklearn.gaussian_process.kernels.Product
sklearn.gaussian_process.kernels.RBF sklearn.neighbors._ball_tree.BallTree sklearn.neighbors._kd_tree.KDTree
sklearn.neural_network._stochastic_optimizers.AdamOptimizer
sklearn.neural_network._stochastic_optimizers.SGDOptimizer sklearn.tree._tree.Tree
""".split()  # noqa: SIM905


def save(path: Path, model: Pipeline) -> None:
    """Write a model in skops' format, which holds no code; the same model gives the same bytes, wherever it was fitted.

    Of skops' own files go the dates, memory addresses, duplicates, and bytes that nobody has set. Nothing is
    compressed: zlib's bytes depend on its version.
    """
    names: dict[bytes, str] = {}
    dumped = ZipFile(io.BytesIO(_skops().dumps(model)))
    with atomic_write(path) as temporary, ZipFile(temporary, "w") as file:

        def canonical(node: dict[str, Any]) -> dict[str, Any]:
            node.pop("__id__", None)  # an address: it tells what is one object, as Python happens to share them
            if isinstance(name := node.get("file"), str):
                content = dumped.read(name)
                if name.endswith(".npy"):
                    content = _zero_padding(content)
                if content not in names:
                    names[content] = f"{len(names)}{Path(name).suffix}"
                    file.writestr(ZipInfo(names[content]), content)
                node["file"] = names[content]
            return node

        schema = json.loads(dumped.read("schema.json"), object_hook=canonical)
        file.writestr(ZipInfo("schema.json"), json.dumps(schema, separators=(",", ":")))


def load(path: str | Path) -> Pipeline:
    """Read a model, also from a source that you do not trust: only types of `TRUSTED` and estimators are made.

    Raises a PipelineError if it is missing, damaged, holds other types, or was written by another scikit-learn.
    """
    path, types = Path(path), set()
    require(path, f"train@{path.stem}")
    try:
        content = path.read_bytes()
        schema = ZipFile(io.BytesIO(content)).read("schema.json")
        json.loads(schema, object_hook=lambda node: types.add(f"{node.get('__module__')}.{node.get('__class__')}"))
        with warnings.catch_warnings(action="error", category=InconsistentVersionWarning):
            model = _skops().loads(content, trusted=[*TRUSTED, *filter(_is_estimator, types)])
        if not isinstance(model, Pipeline):
            raise TypeError(f"no Pipeline, but {type(model).__name__}")
    except MemoryError:
        raise
    except Exception as error:  # of a damaged file it may be nearly any
        remedy = (
            f"`dvc repro --force train@{path.stem}` fits it again, `digits verify` finds what is broken in the cache"
        )
        if "Untrusted types" in str(error):
            remedy += "; name a type of your own in TRUSTED of digits/learning/models.py"
        raise PipelineError(f"{path} cannot be loaded ({one_line(error)}); {remedy}") from None
    return model


def score(model: Pipeline, pixels: Pixels) -> Scores:
    """Score images of shape (images, height * width), 0 to 255, in batches that share the cores.

    Returns:
        Shape (images,) for two classes, of the second; (images, classes) for more. Decision values where the classifier
        has them (above 0 means yes), else probabilities from 0 to 1.
    """
    # In a tuple: an array by itself joblib would send to one worker of a cluster, and it would be lost with it.
    batches = [(pixels[start : start + BATCH],) for start in range(0, pixels.shape[0], BATCH)]
    return np.concatenate(joblib.Parallel(prefer="threads")(joblib.delayed(_score)(model, batch) for batch in batches))


def method(model: Pipeline) -> str:
    """Return the method that gives the scores: `decision_function` where there is one, else `predict_proba`."""
    return "decision_function" if hasattr(model, "decision_function") else "predict_proba"


def predict(model: Pipeline, scores: Scores) -> Vector:
    """Return the classes, of shape (images,), that the scores of `score` stand for."""
    if scores.ndim == 2:
        return model.classes_[scores.argmax(axis=1)]
    # A fixed threshold is a yes itself, as in scikit-learn; at a tie of probabilities the first class wins.
    is_above = np.greater_equal if isinstance(model[-1], FixedThresholdClassifier) else np.greater
    return model.classes_[is_above(scores, threshold(model)).astype(int)]


def threshold(model: Pipeline) -> float:
    """Return the score above which a model of two classes says yes."""
    if isinstance(model[-1], FixedThresholdClassifier):
        return float(model[-1].threshold)
    return 0.0 if method(model) == "decision_function" else 0.5


def _is_estimator(name: str) -> bool:
    """Tell whether a type is a public estimator of scikit-learn, or one below digits/features or digits/learning."""
    module, _, kind = name.rpartition(".")
    is_ours = module.startswith(("digits.features.", "digits.learning."))
    place = import_module(module) if is_ours else getattr(sklearn, f"{module}.".split(".")[1], None)
    found = getattr(place, kind, None)
    return isinstance(found, type) and issubclass(found, BaseEstimator) and found.__module__ == module


def _zero_padding(content: bytes) -> bytes:
    """Return an array's file; if it is of records, such as a tree's nodes, with zeros between their fields."""
    array = np.load(io.BytesIO(content), allow_pickle=False)
    if not array.dtype.names:
        return content
    clean = np.zeros(array.shape, array.dtype)
    for name in array.dtype.names:
        clean[name] = array[name]
    np.save(file := io.BytesIO(), clean)
    return file.getvalue()


@cache
def _skops() -> Any:
    """Import skops without the types that it trusts unasked: to list them takes 0.7 s, and all of scikit-learn."""
    trusts_nothing = ModuleType("skops.io._trusted_types")
    trusts_nothing.__getattr__ = lambda _: []  # type: ignore[method-assign]
    sys.modules[trusts_nothing.__name__] = trusts_nothing
    skops = import_module("skops.io")
    for name in [name for name in sys.modules if name.startswith("skops.")]:
        del sys.modules[name]  # whoever else imports it gets all of it
    return skops


def _score(model: Pipeline, batch: tuple[Pixels]) -> Scores:
    (pixels,) = batch
    with joblib.parallel_config("threading", n_jobs=1):  # the batches have the cores
        scores = getattr(model, method(model))(pixels)
    return scores[:, 1] if scores.ndim == 2 and scores.shape[1] == 2 else scores
