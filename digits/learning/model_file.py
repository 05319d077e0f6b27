"""Save and load models in the format of skops.

A file in this format holds no code. Loading it creates only estimators of scikit-learn and of
this package, the functions of digits/features/transforms, and the types in TRUSTED_TYPES.
"""

import io
import json
import warnings
from collections.abc import Iterator
from importlib import import_module
from inspect import isfunction
from pathlib import Path, PurePath
from typing import Any
from unittest import mock
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from digits.core.errors import UserError
from digits.core.files import REMEDY, atomic_write, check_exists
from digits.core.tables import Vector

import numpy as np
import sklearn
from sklearn.base import BaseEstimator
from sklearn.ensemble._hist_gradient_boosting.predictor import TreePredictor
from sklearn.exceptions import InconsistentVersionWarning
from sklearn.pipeline import Pipeline
from sklearn.tree._tree import TREE_LEAF, Tree

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

# The arrays of a model may take this many times the size of its file. Those of all classifiers
# take about as much as the file.
MAX_EXPANSION = 10


def save(path: Path, model: Pipeline) -> None:
    """Write a model, and create its folder. The same model gives the same bytes everywhere.

    Raises:
        UserError: the model holds a type that `load` would refuse.
    """
    content = skops.io.dumps(model)
    check_types(content)
    with atomic_write(path) as temporary:
        temporary.write_bytes(make_reproducible(content))


def load(path: Path) -> Pipeline:
    """Read a model.

    Raises:
        UserError: the file is missing or damaged, was written with another version of
            scikit-learn, or holds a type that is not trusted.
    """
    check_exists(path)
    try:
        content = path.read_bytes()
        check_size(content)
        untrusted_types = check_types(content)
        with warnings.catch_warnings(action="error", category=InconsistentVersionWarning):
            model = skops.io.loads(content, trusted=untrusted_types)
        if not isinstance(model, Pipeline):
            raise TypeError(f"it holds a {type(model).__name__}, not a Pipeline")
        check_trees(model)
    except Exception as error:  # a damaged file can raise nearly any
        raise UserError(f"{path} cannot be loaded ({error}); {REMEDY}") from None
    return model


def check_size(content: bytes) -> None:
    """Check that a small file does not fill the memory.

    Raises:
        ValueError: a member is compressed, or the arrays are much larger than the file.
    """
    archive = ZipFile(io.BytesIO(content))
    members = archive.infolist()
    if any(member.compress_type != ZIP_STORED for member in members):
        raise ValueError("it is compressed")
    # `save` stores equal arrays once, so a file may refer to a member several times. Each
    # reference becomes an array of its own, so the size of the member counts each time.
    total_size = 0
    for node in iterate_nodes(json.loads(archive.read("schema.json"))):
        name = node.get("file")
        if isinstance(name, str):
            total_size += archive.getinfo(name).file_size
    if total_size > MAX_EXPANSION * len(content):
        raise ValueError(f"its arrays would take {total_size:,} bytes")


def check_types(content: bytes) -> list[str]:
    """Return the types in a file that skops itself does not trust.

    Raises:
        UserError: one of them is not trusted here either.
    """
    types: list[str] = skops.io.get_untrusted_types(data=content)
    refused = [name for name in types if not is_trusted(name)]
    if refused:
        raise UserError(
            f"the model holds {', '.join(refused)}, which TRUSTED_TYPES of {__name__} "
            "does not name"
        )
    return types


def is_trusted(type_name: str) -> bool:
    """Return whether a model may hold a type.

    Besides TRUSTED_TYPES these are the public estimators of scikit-learn, the estimators that
    are defined in digits/features and digits/learning, and the functions that are defined in
    digits/features/transforms.
    """
    if type_name in TRUSTED_TYPES:
        return True
    module_name, _, name = type_name.rpartition(".")
    if module_name.startswith(("digits.features.", "digits.learning.")):
        found = getattr(import_module(module_name), name, None)
        if getattr(found, "__module__", None) != module_name:  # it was imported there
            return False
        # Other functions are omitted because a file can have a trusted function called while
        # it is loaded, with any arguments.
        is_transform = module_name.startswith("digits.features.transforms.")
        return is_estimator(found) or (is_transform and isfunction(found))

    # A public estimator, such as sklearn.svm._classes.SVC, can be imported from sklearn.svm.
    module_parts = module_name.split(".")
    if module_parts[0] != "sklearn" or len(module_parts) < 2:
        return False
    public_module = getattr(sklearn, module_parts[1], None)
    found = getattr(public_module, name, None)
    return is_estimator(found) and found.__module__ == module_name


def is_estimator(value: Any) -> bool:
    """Return whether a value is the class of an estimator."""
    return isinstance(value, type) and issubclass(value, BaseEstimator)


def check_trees(model: Pipeline) -> None:
    """Check that the nodes of all decision trees in a model refer to what exists.

    scikit-learn does not check this. With other nodes, `predict` would never end, or would read
    memory that is not the model's, which can kill the process.

    Raises:
        ValueError: the nodes of a tree are not valid.
    """
    for value in iterate_values(model):
        if isinstance(value, Tree):
            left = value.children_left
            right = value.children_right
            feature = value.feature
            is_leaf = left == TREE_LEAF
        elif isinstance(value, TreePredictor):  # of histogram-based gradient boosting
            left = value.nodes["left"]
            right = value.nodes["right"]
            # There are no categorical features, which skops cannot save. `predict` would look
            # them up in other arrays.
            feature = np.where(value.nodes["is_categorical"], -1, value.nodes["feature_idx"])
            is_leaf = value.nodes["is_leaf"] != 0
        else:
            continue
        n_nodes = len(is_leaf)
        next_node = np.arange(n_nodes) + 1
        is_valid = (
            are_in_range(feature, 0, model[-1].n_features_in_)
            & are_in_range(left, next_node, n_nodes)
            & are_in_range(right, next_node, n_nodes)
        )
        if n_nodes == 0 or not (is_leaf | is_valid).all():
            raise ValueError("a node of a decision tree refers to what does not exist")


def are_in_range(values: Vector, start: Vector | int, stop: int) -> Vector:
    """Return whether numbers are at least `start` and below `stop`, shape (n_values,)."""
    return (values >= start) & (values < stop)


def iterate_values(value: Any) -> Iterator[Any]:
    """Yield an object, and all objects that its attributes and items hold, at any depth."""
    yield value
    items: Any = ()
    if isinstance(value, dict):
        items = value.values()
    elif isinstance(value, list | tuple):
        items = value
    elif isinstance(value, np.ndarray):
        items = value.flat if value.dtype == object else ()
    elif hasattr(value, "__dict__"):
        items = vars(value).values()
    for item in items:
        yield from iterate_values(item)


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
