"""Decide whether the file of a model may be loaded.

Loading a file creates only estimators of scikit-learn and of this project, functions that are
defined in digits/features or digits/imaging/transforms, the types in TRUSTED_TYPES, and classes
of the package that params.yaml names as the origin of the model's classifier.
"""

import inspect
import sysconfig
from functools import cache
from importlib import import_module
from importlib.metadata import packages_distributions
from importlib.util import find_spec
from pathlib import Path

import skops.io
from sklearn.base import BaseEstimator

from digits.core.errors import UserError, check_extras

# The folders of Python itself and of the installed packages.
LIBRARY_FOLDERS = [Path(sysconfig.get_path(name)) for name in ("stdlib", "purelib", "platlib")]

# The distance metrics of the trees of nearest neighbours. PyFuncDistance64 is left out because
# it would call any function.
DISTANCE_METRICS = [
    "BrayCurtisDistance64",
    "CanberraDistance64",
    "ChebyshevDistance64",
    "DiceDistance64",
    "EuclideanDistance64",
    "HammingDistance64",
    "JaccardDistance64",
    "ManhattanDistance64",
    "MinkowskiDistance64",
    "RogersTanimotoDistance64",
    "RussellRaoDistance64",
    "SokalMichenerDistance64",
    "SokalSneathDistance64",
]

# The types that a model may hold, besides estimators and what skops itself trusts. If you add a
# classifier of your own, add the types of its attributes.
TRUSTED_TYPES = {
    "collections.OrderedDict",
    "scipy.sparse._csr.csr_array",
    "scipy.sparse._csr.csr_matrix",
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.calibration._TemperatureScaling",
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
TRUSTED_TYPES |= {f"sklearn.metrics._dist_metrics.{name}" for name in DISTANCE_METRICS}

# A model may hold estimators and functions that are defined in these modules of this project.
# The stage `evaluate` depends on them, and `model_file.load` notices if they have changed.
MODULES_OF_ESTIMATORS = ("digits.features.", "digits.learning.classifiers.")
MODULES_OF_FUNCTIONS = ("digits.features.", "digits.imaging.transforms.")


def check_types(content: bytes, classifier: str) -> list[str]:
    """Return the types in a file that skops itself does not trust.

    Args:
        content: the content of the file.
        classifier: the `classifier` of the model in params.yaml.

    Raises:
        UserError: one of them is not trusted here either.
    """
    types: list[str] = skops.io.get_untrusted_types(data=content)
    package = find_package(classifier)
    refused = [name for name in types if not is_trusted(name, package)]
    if refused and not is_installed(package):
        check_extras(package)
        raise UserError(f"the model needs the package {package}, which is not installed")
    if refused:
        raise UserError(
            f"the model holds {', '.join(refused)}, which TRUSTED_TYPES of {__name__} "
            "does not name"
        )
    return types


def find_package(classifier: str) -> str:
    """Return the package that has a classifier, such as `sklearn`, `digits` or `xgboost`.

    Args:
        classifier: the `classifier` of a model in params.yaml.
    """
    package, _, class_path = classifier.partition(".")
    if not class_path:  # a name of this project, such as one_vs_rest_svc
        return "digits"
    return "sklearn" if find_spec(f"sklearn.{package}") else package


@cache  # because it reads the metadata of all packages
def is_installed(package: str) -> bool:
    """Return whether a package was installed, and does not lie in a folder of the project.

    Somebody who only inspects a project must not run code that lies in it.
    """
    if package not in packages_distributions():
        return False
    if package == "digits":
        return True
    spec = find_spec(package)
    if spec is None:
        return False
    places = [Path(place) for place in spec.submodule_search_locations or []]
    if spec.has_location:
        places.append(Path(str(spec.origin)))
    return not any(is_in_project(place) for place in places)


def is_in_project(place: Path) -> bool:
    """Return whether a module lies in the project, and not in its environment."""
    is_in_library = any(place.is_relative_to(folder) for folder in LIBRARY_FOLDERS)
    return place.is_relative_to(Path.cwd()) and not is_in_library


def is_trusted(type_name: str, package: str = "digits") -> bool:
    """Return whether a model may hold a type that skops itself does not trust.

    Args:
        type_name: the type, such as `sklearn.tree._tree.Tree`.
        package: the package that has the model's classifier.
    """
    if type_name in TRUSTED_TYPES:
        return True
    module_name, _, name = type_name.rpartition(".")
    is_of_package = module_name.split(".")[0] == package
    is_other_package = package not in ("digits", "sklearn")
    if is_of_package and is_other_package and is_installed(package):
        return inspect.isclass(getattr(import_module(module_name), name, None))
    # Other modules are not even imported.
    trusted_modules = (*MODULES_OF_ESTIMATORS, *MODULES_OF_FUNCTIONS)
    if not module_name.startswith(trusted_modules):
        return False
    found = getattr(import_module(module_name), name, None)
    if getattr(found, "__module__", None) != module_name:  # it is defined elsewhere
        return False
    if inspect.isfunction(found):
        # Loading a file may call a trusted function with arguments from the file.
        return module_name.startswith(MODULES_OF_FUNCTIONS)
    is_estimator = inspect.isclass(found) and issubclass(found, BaseEstimator)
    return is_estimator and module_name.startswith(MODULES_OF_ESTIMATORS)
