"""Fit the steps of a pipeline so that most processors learn the same.

Processors add up the terms of a sum in different orders, and round differently. Of what a step
learns in float64, they agree on about ten decimal digits. In float32 they agree on few, because
an iterative solver stops where the rounding errors of its gradient begin.
"""

from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.decomposition import PCA
from sklearn.linear_model import SGDClassifier
from sklearn.linear_model._base import LinearClassifierMixin
from sklearn.pipeline import Pipeline
from sklearn.svm import SVC

from digits.core.pixels import Vector

# Coefficients, components and weights are rounded to a binary grid, whose step is about a
# millionth of the largest value. This is far more than the differences between processors, and
# sums of products of such numbers and whole numbers are exact, in whatever order.
BINARY_DIGITS = 20

# Logistic regression, for example, is a LinearClassifierMixin.
ROUNDED_STEPS = (PCA, LinearClassifierMixin, SVC)


def fit_rounded(pipeline: Pipeline, X: Any, y: Vector) -> Any:
    """Fit the steps of a pipeline in turn, and round what they learn. Return the features."""
    for _, step in pipeline.steps:
        # SGDClassifier adds up in an order of its own, so that float32 gives the same, too.
        if isinstance(step, ROUNDED_STEPS) and not isinstance(step, SGDClassifier):
            X = X if issparse(X) else np.asarray(X, np.float64)
        step.fit(X, y)
        if isinstance(step, ROUNDED_STEPS):
            round_learned(step)
        if hasattr(step, "transform"):
            X = step.transform(X)
    return X


def round_learned(step: Any) -> None:
    """Round all numbers that a step has learned, such as `coef_` and `intercept_`."""
    for name, value in vars(step).items():
        if issparse(value):  # the coefficients of an SVC that learned from sparse features
            value.data = round_to_digits(value.data)
        elif name.endswith("_") and np.issubdtype(np.asarray(value).dtype, np.floating):
            setattr(step, name, round_to_digits(value))


def round_to_digits(values: Any) -> Any:
    """Return values in float64, rounded to BINARY_DIGITS binary digits of the largest one."""
    _, exponent = np.frexp(np.abs(values).max())
    step = np.ldexp(1.0, exponent - BINARY_DIGITS)
    rounded = np.round(np.divide(values, step, dtype=np.float64)) * step
    return rounded + 0.0  # -0.0, what remains of a tiny negative value, becomes 0.0
