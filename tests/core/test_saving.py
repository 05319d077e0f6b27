"""Each classifier of scikit-learn, with each of its algorithms, is saved and loaded."""

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.pipeline import Pipeline
from sklearn.utils import all_estimators
from sklearn.utils._param_validation import Options, StrOptions

from digits.learning import model_file
from digits.learning.estimators import RESERVED_ARGUMENTS, make_classifier
from digits.messages.errors import UserError
from tests.helpers import tiny
from tests.helpers.variants import mark_variants

CLASSIFIERS = {
    f"{found.__module__.split('.')[1]}.{name}": found
    for name, found in all_estimators("classifier")
}

# When each classifier is tried, if not once a week.
MARKS: dict[str, Any] = {
    "calibration.CalibratedClassifierCV": [],
    "neighbors.KNeighborsClassifier": pytest.mark.variant,
    "ensemble.HistGradientBoostingClassifier": pytest.mark.variant,  # has types unknown to skops
}

# scikit-learn itself cannot predict with the first three, or not without more arguments. skops
# cannot load the last, because its constructor needs an argument.
IMPOSSIBLE_METRICS = {"haversine", "mahalanobis", "pyfunc", "seuclidean"}


def list_hyperparameters(name: str) -> Iterator[dict[str, Any]]:
    """Yield the defaults, and each choice of each argument that has choices."""
    yield {}
    for argument, constraints in CLASSIFIERS[name]._parameter_constraints.items():
        if argument in RESERVED_ARGUMENTS or not isinstance(constraints, list):
            continue
        for constraint in constraints:
            if isinstance(constraint, Options | StrOptions):
                choices = sorted(map(str, constraint.options - IMPOSSIBLE_METRICS))
                yield from ({argument: choice} for choice in choices)
            if constraint == "boolean":
                yield from ({argument: choice} for choice in (False, True))


@pytest.mark.parametrize(
    "n_features", mark_variants([64, 10]), ids=["many features", "few features"]
)
@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=MARKS.get(name, pytest.mark.slow)) for name in CLASSIFIERS],
)
def test_what_can_be_fitted_can_be_saved(name: str, n_features: int, tmp_path: Path) -> None:
    pixels, labels = tiny.digits()
    noise = np.random.default_rng(0).random((120, n_features))
    X = pixels[:120, -n_features:] + noise
    y = labels[:120] % 3
    n_saved = 0
    for hyperparameters in list_hyperparameters(name):
        with warnings.catch_warnings(action="ignore"):
            try:
                classifier = make_classifier(name, hyperparameters, seed=0)
                model = Pipeline([("classifier", classifier)]).fit(X, y)
                model_file.check_prediction(clone(model).fit(X, y))
            except Exception:
                continue  # it is refused before the training, or by scikit-learn
            path = tmp_path / f"model {n_saved}"
            model_file.save(path, model, name)
            loaded = model_file.load(path, name)
            assert np.array_equal(loaded.predict(X), model.predict(X)), hyperparameters
            if not hyperparameters:
                check_bytes(path, clone(model).fit(X, y), name)
        n_saved += 1
    # It cannot be fitted if a class has fewer images than features.
    is_too_wide = "QuadraticDiscriminant" in name and n_features > len(X) / 3
    assert n_saved > 0 or is_too_wide or not is_accepted(name)


def check_bytes(path: Path, model: Pipeline, name: str) -> None:
    """Check that a model that is fitted again gives the same file, on any day."""
    again = path.with_name("again")
    model_file.save(again, model, name)
    assert again.read_bytes() == path.read_bytes()
    with ZipFile(path) as archive:
        assert "__id__" not in archive.read("schema.json").decode()
        assert {member.date_time[0] for member in archive.infolist()} == {1980}


def is_accepted(name: str) -> bool:
    """Return whether a classifier can be named in params.yaml."""
    try:
        make_classifier(name, {}, seed=0)
    except UserError:
        return False
    return True
