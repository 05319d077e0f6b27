"""Models' files: skops' format, which holds no code.

To read one, only the types that it names are made: those of `TRUSTED`, and estimators.
"""

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
from digits.support.errors import PipelineError, one_line

import numpy as np
import sklearn
from sklearn.base import BaseEstimator
from sklearn.exceptions import InconsistentVersionWarning
from sklearn.pipeline import Pipeline

# What a model may hold besides arrays, containers and estimators (`_is_estimator`). A type of your own is named here.
TRUSTED = """
builtins.str numpy.bool numpy.float32 numpy.float64 numpy.int32 numpy.int64 numpy.str_ numpy.uint8 numpy.uint64
numpy.random.PCG64 scipy.sparse._csr.csr_array sklearn._loss.link.HalfLogitLink sklearn._loss.link.Interval
sklearn._loss.link.LogitLink sklearn._loss.link.MultinomialLogit sklearn._loss.loss.ExponentialLoss
sklearn._loss.loss.HalfBinomialLoss sklearn._loss.loss.HalfMultinomialLoss
sklearn.calibration._CalibratedClassifier sklearn.ensemble._hist_gradient_boosting.binning._BinMapper
sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor sklearn.gaussian_process.kernels.ConstantKernel
sklearn.gaussian_process._gpc._BinaryGaussianProcessClassifierLaplace sklearn.gaussian_process.kernels.Product
sklearn.feature_selection._univariate_selection.chi2 sklearn.feature_selection._univariate_selection.f_classif
sklearn.gaussian_process.kernels.RBF sklearn.neighbors._ball_tree.BallTree sklearn.neighbors._kd_tree.KDTree
sklearn.neural_network._stochastic_optimizers.AdamOptimizer
sklearn.neural_network._stochastic_optimizers.SGDOptimizer sklearn.tree._tree.Tree
""".split()  # noqa: SIM905


def save(path: Path, model: Pipeline) -> None:
    """Write a model in skops' format, which holds no code; the same model gives the same bytes, wherever it was fitted.

    Of skops' own files go the dates, memory addresses, duplicates, and bytes that nobody has set. Nothing is
    compressed: zlib's bytes depend on its version. Raises a PipelineError if it holds what `load` would refuse.
    """
    names: dict[bytes, str] = {}
    dumped = ZipFile(io.BytesIO(_dump(model)))
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
    path = Path(path)
    require(path, f"train@{path.stem}")
    try:
        content = path.read_bytes()
        with warnings.catch_warnings(action="error", category=InconsistentVersionWarning):
            model = _skops().loads(content, trusted=_trusted(content))
        if not isinstance(model, Pipeline):
            raise TypeError(f"no Pipeline, but {type(model).__name__}")
    except MemoryError:
        raise
    except Exception as error:  # of a damaged file it may be nearly any
        again = f"`dvc repro --force train@{path.stem}` fits it again"
        remedy = f"{again}, `digits verify` finds what is broken in the cache"
        raise PipelineError(f"{path} cannot be loaded ({one_line(error)}); {remedy}") from None
    return model


def _dump(model: Pipeline) -> bytes:
    """Return a model in skops' own file; a PipelineError if skops cannot write it, or `load` would refuse it."""
    try:
        content: bytes = _skops().dumps(model)
        foreign = set(_skops().get_untrusted_types(data=content)).difference(_trusted(content))
    except Exception as error:  # skops has some of its own
        raise PipelineError(f"the model cannot be kept in a file: {one_line(error)}") from None
    if foreign:
        where = "name them in TRUSTED of digits/learning/persistence.py if they are harmless"
        raise PipelineError(f"the model holds {', '.join(sorted(foreign))}, which would not be loaded; {where}")
    return content


def _trusted(content: bytes) -> list[str]:
    """Return the types that a file names and that may be made: few, for skops goes through them at every node."""
    types = set()
    schema = ZipFile(io.BytesIO(content)).read("schema.json")
    json.loads(schema, object_hook=lambda node: types.add(f"{node.get('__module__')}.{node.get('__class__')}"))
    return [name for name in types if name in TRUSTED or _is_estimator(name)]


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
