"""A model's file, in skops' format, which holds no code: loading one makes only estimators and the types named here."""

import io
import json
import warnings
from importlib import import_module
from pathlib import Path
from typing import Any
from zipfile import ZipFile, ZipInfo

from digits.core.errors import PipelineError
from digits.core.tables import require

import numpy as np
import sklearn
from sklearn.base import BaseEstimator
from sklearn.exceptions import InconsistentVersionWarning
from sklearn.pipeline import Pipeline

# skops lists all of scikit-learn's estimators while it is imported, which takes 0.6 s: here it finds none.
sklearn.utils.all_estimators, all_estimators = list, sklearn.utils.all_estimators
skops = import_module("skops.io")
sklearn.utils.all_estimators = all_estimators

# What a model may hold besides estimators (`_is_estimator`) and what skops itself trusts. Add types of your own here.
TRUSTED = """
numpy.random.PCG64 scipy.sparse._csr.csr_array sklearn.calibration._CalibratedClassifier
sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor
sklearn.feature_selection._univariate_selection.chi2 sklearn.feature_selection._univariate_selection.f_classif
sklearn.gaussian_process._gpc._BinaryGaussianProcessClassifierLaplace
sklearn.gaussian_process.kernels.ConstantKernel sklearn.gaussian_process.kernels.Product
sklearn.gaussian_process.kernels.RBF sklearn.neighbors._ball_tree.BallTree sklearn.neighbors._kd_tree.KDTree
sklearn.neural_network._stochastic_optimizers.AdamOptimizer sklearn.neural_network._stochastic_optimizers.SGDOptimizer
sklearn.tree._tree.Tree
""".split()  # noqa: SIM905


def save(path: Path, model: Pipeline) -> None:
    """Write a model; the same model gives the same bytes, wherever it was fitted.

    It is skops' own file without dates, memory addresses, duplicates, uninitialized bytes, and compression, whose
    bytes depend on zlib's version. A PipelineError if the model holds a type that `load` would refuse.
    """
    _require_trusted(content := skops.dumps(model))
    dumped, names = ZipFile(io.BytesIO(content)), dict[bytes, str]()
    path.parent.mkdir(parents=True, exist_ok=True)
    with ZipFile(path, "w") as file:

        def canonical(node: dict[str, Any]) -> dict[str, Any]:
            node.pop("__id__", None)  # an address, the same for equal values that Python happens to share
            if isinstance(name := node.get("file"), str):
                part = _without_padding(dumped.read(name)) if name.endswith(".npy") else dumped.read(name)
                if part not in names:
                    names[part] = f"{len(names)}{Path(name).suffix}"
                    file.writestr(ZipInfo(names[part]), part)
                node["file"] = names[part]
            return node

        schema = json.loads(dumped.read("schema.json"), object_hook=canonical)
        file.writestr(ZipInfo("schema.json"), json.dumps(schema, separators=(",", ":")))


def load(path: str | Path) -> Pipeline:
    """Read a model; a PipelineError if it is missing, damaged, of another scikit-learn, or holds types not trusted."""
    require(path := Path(path))
    try:
        with warnings.catch_warnings(action="error", category=InconsistentVersionWarning):
            model = skops.loads(content := path.read_bytes(), trusted=_require_trusted(content))
        assert isinstance(model, Pipeline), f"no Pipeline, but {type(model).__name__}"
    except Exception as error:  # a damaged file can raise nearly any
        raise PipelineError(f"{path} cannot be loaded ({error}); delete it, `dvc repro` brings it back") from None
    return model


def _require_trusted(content: bytes) -> list[str]:
    """Return the types in a file that skops does not trust by itself; a PipelineError if one is not allowed here."""
    types: list[str] = skops.get_untrusted_types(data=content)
    if foreign := [name for name in types if name not in TRUSTED and not _is_estimator(name)]:
        raise PipelineError(f"the model holds {', '.join(foreign)}, which TRUSTED of {__name__} does not name")
    return types


def _is_estimator(name: str) -> bool:
    """Tell whether a type is a public estimator of scikit-learn, or ours, in digits/features or digits/learning."""
    module, _, kind = name.rpartition(".")
    is_ours = module.startswith(("digits.features.", "digits.learning."))
    place = import_module(module) if is_ours else getattr(sklearn, f"{module}.".split(".")[1], None)
    found = getattr(place, kind, None)
    is_defined = getattr(found, "__module__", None) == module
    return is_defined and (is_ours or (isinstance(found, type) and issubclass(found, BaseEstimator)))


def _without_padding(content: bytes) -> bytes:
    """Return an array's file; if it is of records, such as a tree's nodes, with zeros between their fields."""
    array = np.load(io.BytesIO(content), allow_pickle=False)
    if not array.dtype.names:
        return content
    clean = np.zeros(array.shape, array.dtype)
    for name in array.dtype.names:
        clean[name] = array[name]
    np.save(file := io.BytesIO(), clean)
    return file.getvalue()
