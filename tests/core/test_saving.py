"""Each classifier of scikit-learn, with each of its algorithms, can be saved, or is refused."""

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.pipeline import Pipeline
from sklearn.utils import all_estimators
from sklearn.utils._param_validation import Options, StrOptions

from digits.learning import model_file
from digits.learning.pipelines import RESERVED_ARGUMENTS, make_classifier
from digits.messages.errors import UserError
from tests.helpers import tiny
from tests.helpers.variants import mark_variants

CLASSIFIERS = {
    f"{found.__module__.split('.')[1]}.{name}": found
    for name, found in all_estimators("classifier")
}

QUICK = ["calibration.CalibratedClassifierCV", "neighbors.KNeighborsClassifier"]

# scikit-learn itself cannot predict with these, or not without more arguments.
IMPOSSIBLE_METRICS = {"haversine", "mahalanobis", "pyfunc"}


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
    [
        pytest.param(name, marks=[] if name in QUICK else pytest.mark.slow)
        for name in CLASSIFIERS
    ],
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
            except Exception:
                continue  # it is refused before the training, or by scikit-learn
            model_file.save(tmp_path / "model", model, name)
            loaded = model_file.load(tmp_path / "model", name)
            assert np.array_equal(loaded.predict(X), model.predict(X)), hyperparameters
        n_saved += 1
    # It cannot be fitted if a class has fewer images than features.
    is_too_wide = "QuadraticDiscriminant" in name and n_features > len(X) / 3
    assert n_saved > 0 or is_too_wide or not is_accepted(name)


def is_accepted(name: str) -> bool:
    """Return whether a classifier can be named in params.yaml."""
    try:
        make_classifier(name, {}, seed=0)
    except UserError:
        return False
    return True


def test_a_metric_that_cannot_be_saved_is_refused_before_the_training() -> None:
    with pytest.raises(UserError, match="a model with the metric seuclidean cannot be saved"):
        make_classifier("neighbors.KNeighborsClassifier", {"metric": "seuclidean"}, seed=0)
