"""Save and load models in the format of skops.

A file in this format holds no code. Loading it creates only estimators of scikit-learn and of
this package, the functions of digits/features/transforms, the types in TRUSTED_TYPES, and the
classes of the package that params.yaml names as the origin of the model's classifier.
"""

import inspect
import io
import json
import warnings
from importlib import import_module
from pathlib import Path, PurePath
from typing import Any
from zipfile import ZipFile, ZipInfo

import numpy as np
import skops.io
from sklearn.base import BaseEstimator
from sklearn.exceptions import InconsistentVersionWarning
from sklearn.pipeline import Pipeline

from digits.core.files import REMEDY, atomic_write, check_exists
from digits.settings.errors import UserError

# The types that a model may hold, besides estimators and what skops itself trusts. If you add a
# classifier of your own, add the types of its attributes.
TRUSTED_TYPES = {
    "collections.OrderedDict",
    "scipy.sparse._csr.csr_array",
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
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


def save(path: Path, model: Pipeline, package: str = "digits") -> None:
    """Write a model, and create its folder. The same model gives the same bytes everywhere.

    Args:
        path: the file.
        model: the model.
        package: the package that has the model's classifier, as `pipelines.package_of` returns
            it.

    Raises:
        UserError: the model holds a type that `load` would refuse.
    """
    content = skops.io.dumps(model)
    check_types(content, package)
    with atomic_write(path) as temporary:
        temporary.write_bytes(make_reproducible(content))


def load(path: Path, package: str = "digits") -> Pipeline:
    """Read a model.

    Args:
        path: the file.
        package: the package that has the model's classifier, as `pipelines.package_of` returns
            it. Never take it from the file.

    Raises:
        UserError: the file is missing or damaged, was written with another version of
            scikit-learn, or holds a type that is not trusted.
    """
    check_exists(path)
    try:
        content = path.read_bytes()
        untrusted_types = check_types(content, package)
        with warnings.catch_warnings(action="error", category=InconsistentVersionWarning):
            return skops.io.loads(content, trusted=untrusted_types)
    except UserError as error:  # a type is not trusted
        raise UserError(f"{path}: {error.message}") from None
    except Exception as error:  # a damaged file can raise any exception
        raise UserError(f"{path} cannot be loaded ({error}); {REMEDY}") from None


def check_types(content: bytes, package: str) -> list[str]:
    """Return the types in a file that skops itself does not trust.

    Raises:
        UserError: one of them is not trusted here either.
    """
    types: list[str] = skops.io.get_untrusted_types(data=content)
    refused = [name for name in types if not is_trusted(name, package)]
    if refused:
        raise UserError(
            f"the model holds {', '.join(refused)}, which TRUSTED_TYPES of {__name__} "
            "does not name"
        )
    return types


def is_trusted(type_name: str, package: str = "digits") -> bool:
    """Return whether a model may hold a type that skops itself does not trust.

    Besides TRUSTED_TYPES these are the estimators that are defined in digits/features and
    digits/learning, the functions that are defined in digits/features/transforms, and, if the
    classifier is from another package, the classes of that package.
    """
    if type_name in TRUSTED_TYPES:
        return True
    module_name, _, name = type_name.rpartition(".")
    if package not in ("digits", "sklearn") and module_name.split(".")[0] == package:
        return inspect.isclass(getattr(import_module(module_name), name, None))
    if not module_name.startswith(("digits.features.", "digits.learning.")):
        return False
    found = getattr(import_module(module_name), name, None)
    if getattr(found, "__module__", None) != module_name:  # it was imported there
        return False
    if inspect.isfunction(found):
        # Loading may call a trusted function with arguments of the file, so only these.
        return module_name.startswith("digits.features.transforms.")
    return inspect.isclass(found) and issubclass(found, BaseEstimator)


def make_reproducible(content: bytes) -> bytes:
    """Return a skops file without what differs from run to run.

    DVC compares the bytes of a model to decide whether the model must be evaluated again. A
    model that is trained again, also on another machine, therefore has the same bytes.

    - The members of the archive have no dates.
    - The memory addresses, by which skops recognizes objects, are removed.
    - Equal arrays are stored once, whether or not they were the same object.
    - The bytes between the fields of records, which are not set, become 0.
    """
    original = ZipFile(io.BytesIO(content))
    names: dict[bytes, str] = {}  # the new name of each different member, by its content

    def clean(node: dict[str, Any]) -> dict[str, Any]:
        node.pop("__id__", None)  # the memory address
        if isinstance(node.get("file"), str):
            suffix = PurePath(node["file"]).suffix
            member = original.read(node["file"])
            if suffix == ".npy":
                member = clear_padding(member)
            node["file"] = names.setdefault(member, f"{len(names)}{suffix}")
        return node

    schema = json.loads(original.read("schema.json"), object_hook=clean)
    reproducible = io.BytesIO()
    with ZipFile(reproducible, "w") as archive:
        for member, name in names.items():
            archive.writestr(ZipInfo(name), member)  # ZipInfo sets a fixed date
        text = json.dumps(schema, separators=(",", ":"))
        archive.writestr(ZipInfo("schema.json"), text)
    return reproducible.getvalue()


def clear_padding(npy_file: bytes) -> bytes:
    """Return an .npy file with zeros between the fields of its records, if it has records.

    The nodes of a decision tree are records.
    """
    array = np.load(io.BytesIO(npy_file))
    if array.dtype.names is None:
        return npy_file
    cleared = np.zeros(array.shape, array.dtype)
    for field in array.dtype.names:
        cleared[field] = array[field]
    file = io.BytesIO()
    np.save(file, cleared)
    return file.getvalue()
