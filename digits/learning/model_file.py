"""Save and load models in the format of skops.

A file in this format holds no code. Loading it creates only estimators of scikit-learn and of
this package, and the types in TRUSTED_TYPES.
"""

import io
import json
import warnings
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path, PurePath
from typing import Any
from unittest import mock
from zipfile import ZipFile, ZipInfo

from digits.core.errors import PipelineError
from digits.core.files import write_whole
from digits.core.tables import check_exists

import numpy as np
import sklearn
from sklearn.base import BaseEstimator
from sklearn.exceptions import InconsistentVersionWarning
from sklearn.pipeline import Pipeline

# While skops is imported, it asks for all estimators of scikit-learn, only to trust them.
# `is_trusted` does the same in less time: without the list, the import takes 0.6 s less.
with mock.patch("sklearn.utils.all_estimators", return_value=[]):
    import skops.io

# The types that a model may hold, besides estimators and what skops itself trusts. If you add a
# classifier of your own, add the types of its attributes.
TRUSTED_TYPES = {
    "numpy.random.PCG64",
    "scipy.sparse._csr.csr_array",
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.feature_selection._univariate_selection.chi2",
    "sklearn.feature_selection._univariate_selection.f_classif",
    "sklearn.gaussian_process._gpc._BinaryGaussianProcessClassifierLaplace",
    "sklearn.gaussian_process.kernels.ConstantKernel",
    "sklearn.gaussian_process.kernels.Product",
    "sklearn.gaussian_process.kernels.RBF",
    "sklearn.neighbors._ball_tree.BallTree",
    "sklearn.neighbors._kd_tree.KDTree",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
    "sklearn.tree._tree.Tree",
}


def save(path: Path, model: Pipeline) -> None:
    """Write a model, and create its folder. The same model gives the same bytes everywhere.

    Raises:
        PipelineError: the model holds a type that `load` would refuse.
    """
    content = skops.io.dumps(model)
    check_types(content)
    with write_whole(path) as temporary:
        temporary.write_bytes(make_reproducible(content))


def load(path: Path) -> Pipeline:
    """Read a model.

    Raises:
        PipelineError: the file is missing or damaged, was written with another version of
            scikit-learn, or holds a type that is not trusted.
    """
    check_exists(path)
    try:
        content = path.read_bytes()
        untrusted_types = check_types(content)
        with warnings.catch_warnings(action="error", category=InconsistentVersionWarning):
            model = skops.io.loads(content, trusted=untrusted_types)
        if not isinstance(model, Pipeline):
            raise TypeError(f"it holds a {type(model).__name__}, not a Pipeline")
    except Exception as error:  # a damaged file can raise nearly any
        raise PipelineError(
            f"{path} cannot be loaded ({error}); delete it, then run `dvc repro`"
        ) from None
    return model


def check_types(content: bytes) -> list[str]:
    """Return the types in a file that skops itself does not trust.

    Raises:
        PipelineError: one of them is not trusted here either.
    """
    types: list[str] = skops.io.get_untrusted_types(data=content)
    refused = [name for name in types if not is_trusted(name)]
    if refused:
        raise PipelineError(
            f"the model holds {', '.join(refused)}, which TRUSTED_TYPES of {__name__} "
            "does not name"
        )
    return types


def is_trusted(type_name: str) -> bool:
    """Return whether a model may hold a type.

    Besides TRUSTED_TYPES these are the public estimators of scikit-learn, and everything that
    is defined in digits/features and digits/learning.
    """
    if type_name in TRUSTED_TYPES:
        return True
    module_name, _, name = type_name.rpartition(".")
    if module_name.startswith(("digits.features.", "digits.learning.")):
        found = getattr(import_module(module_name), name, None)
        return getattr(found, "__module__", None) == module_name  # it was not imported there

    # A public estimator, such as sklearn.svm._classes.SVC, can be imported from sklearn.svm.
    module_parts = module_name.split(".")
    if module_parts[0] != "sklearn" or len(module_parts) < 2:
        return False
    public_module = getattr(sklearn, module_parts[1], None)
    found = getattr(public_module, name, None)
    is_estimator = isinstance(found, type) and issubclass(found, BaseEstimator)
    return is_estimator and found.__module__ == module_name


def make_reproducible(content: bytes) -> bytes:
    """Return a skops file without what differs from run to run.

    - The members of the archive have no dates.
    - The memory addresses, by which skops recognizes objects, are removed.
    - Equal arrays are stored once, whether or not they were the same object.
    - The bytes between the fields of records, which are not set, become 0.
    - The members are not compressed, because the result depends on the version of zlib.
    """
    original = ZipFile(io.BytesIO(content))
    schema = json.loads(original.read("schema.json"))
    new_names: dict[bytes, str] = {}  # the name of each different member, by its content
    for node in iterate_nodes(schema):
        node.pop("__id__", None)  # the memory address
        old_name = node.get("file")
        if not isinstance(old_name, str):
            continue
        suffix = PurePath(old_name).suffix
        member = original.read(old_name)
        if suffix == ".npy":
            member = clear_padding(member)
        if member not in new_names:
            new_names[member] = f"{len(new_names)}{suffix}"
        node["file"] = new_names[member]

    reproducible = io.BytesIO()
    with ZipFile(reproducible, "w") as archive:
        for member, name in new_names.items():
            archive.writestr(ZipInfo(name), member)  # ZipInfo sets a fixed date
        text = json.dumps(schema, separators=(",", ":"))
        archive.writestr(ZipInfo("schema.json"), text)
    return reproducible.getvalue()


def iterate_nodes(value: Any) -> Iterator[dict[str, Any]]:
    """Yield all dictionaries in a JSON value, at any depth."""
    if isinstance(value, dict):
        yield value
        for item in value.values():
            yield from iterate_nodes(item)
    elif isinstance(value, list):
        for item in value:
            yield from iterate_nodes(item)


def clear_padding(npy_file: bytes) -> bytes:
    """Return an .npy file with zeros between the fields of its records, if it has records.

    The nodes of a decision tree are records.
    """
    array = np.load(io.BytesIO(npy_file), allow_pickle=False)
    if array.dtype.names is None:
        return npy_file
    cleared = np.zeros(array.shape, dtype=array.dtype)
    for field in array.dtype.names:
        cleared[field] = array[field]
    file = io.BytesIO()
    np.save(file, cleared)
    return file.getvalue()
