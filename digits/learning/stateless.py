"""The steps of a pipeline that learn nothing from data. They are applied once for all fits."""

from typing import Any

import joblib
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline
from sklearn.utils import get_tags


def separate_stateless_steps(pipeline: Pipeline) -> tuple[Pipeline, Pipeline]:
    """Cut a pipeline before its first step that learns from data. Each part may be empty."""
    for i, (_, step) in enumerate(pipeline.steps):
        if requires_fit(step):
            return pipeline[:i], pipeline[i:]
    return pipeline, Pipeline([])


def requires_fit(step: Any) -> bool:
    """Return whether a step of a pipeline learns from data.

    scikit-learn's tag of this name is always true for a step that is made of other steps, so
    its parts are checked.
    """
    if isinstance(step, ColumnTransformer):
        return any(requires_fit(part) for _, part, _ in step.transformers)
    if isinstance(step, Pipeline):
        return any(requires_fit(part) for _, part in step.steps)
    return get_tags(step).requires_fit


def apply_stateless_steps(stateless_steps: Pipeline, X: Any) -> Any:
    """Return X after steps that learn nothing; X itself if there are none."""
    with joblib.parallel_config("threading", n_jobs=joblib.cpu_count()):
        for _, step in stateless_steps.steps:
            X = step.fit_transform(X)
    return X
