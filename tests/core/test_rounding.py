"""The environment in which NumPy rounds in the same way on every machine."""

import os
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.pipeline import Pipeline
from sklearn.svm import SVC
from threadpoolctl import threadpool_limits

from digits.core.rounding import fix_rounding
from digits.learning.rounding import fit_rounded, round_to_digits
from digits.running.cluster import numeric_environment
from tests.helpers import tiny
from tests.helpers.calls import call, import_anew


def test_a_number_of_threads_in_the_environment_does_not_change_results(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "8")  # as clusters do
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Nehalem")  # for an old processor
    fix_rounding()
    assert os.environ["OPENBLAS_NUM_THREADS"] == "1"
    assert os.environ["OPENBLAS_CORETYPE"] == "Nehalem"


def test_each_command_and_stage_rounds_in_this_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "8")
    tiny.edit(tmp_path, {})
    call(tmp_path, "check")
    assert os.environ["OPENBLAS_NUM_THREADS"] == "1"
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "8")
    with import_anew("stages"):
        import_module("stages")
    assert os.environ["OPENBLAS_NUM_THREADS"] == "1"


def test_a_worker_of_several_threads_would_calculate_differently() -> None:
    with threadpool_limits(1, "blas"):
        one = numeric_environment()
    with threadpool_limits(2, "blas"):
        two = numeric_environment()
    assert one.pop("matrix products") != two.pop("matrix products")
    assert one == two


@pytest.mark.parametrize(
    "step", [LogisticRegression(), RidgeClassifier(), PCA(20, svd_solver="covariance_eigh")]
)
def test_what_is_learned_does_not_depend_on_the_order_of_sums(step: Any) -> None:
    pixels, labels = tiny.digits()
    X = np.divide(pixels, tiny.PIXEL_MAX, dtype=np.float32)
    order = np.random.default_rng(0).permutation(X.shape[1])
    # Sums over the pixels are added up in another order, as they are on another processor.
    one, two = clone(step), clone(step)
    fit_rounded(Pipeline([("step", one)]), X, labels)
    fit_rounded(Pipeline([("step", two)]), X[:, order], labels)
    for name in vars(one).keys() & {
        "coef_",
        "intercept_",
        "components_",
        "explained_variance_",
    }:
        expected, found = getattr(one, name), getattr(two, name)
        if expected.shape[-1] == X.shape[1]:
            expected = expected[..., order]
        assert expected.tobytes() == found.tobytes(), name


def test_values_are_rounded_by_the_size_of_the_largest() -> None:
    values = np.array([3.0, 1 / 3, -1e-9])
    assert round_to_digits(values).tolist() == [3.0, round(2**18 / 3) / 2**18, 0.0]
    assert np.allclose(round_to_digits(values * 1e-6), values * 1e-6, atol=1e-11, rtol=0)


def test_coefficients_of_sparse_features_are_rounded_as_well() -> None:
    pixels, labels = tiny.digits()
    steps = [SVC(kernel="linear", tol=1e-9), SVC(kernel="linear", tol=1e-9)]
    for step, X in zip(steps, [csr_matrix(pixels), pixels], strict=True):
        fit_rounded(Pipeline([("step", step)]), X, labels)
    assert np.array_equal(steps[0].dual_coef_.toarray(), steps[1].dual_coef_)
