"""Fit a model batch by batch, if its features do not fit into memory."""

from collections.abc import Sequence
from typing import Any

import joblib
import numpy as np
from sklearn.base import clone
from sklearn.pipeline import Pipeline
from tqdm import tqdm

from digits.core.on_disk import rows_per_block
from digits.core.pixels import Scores, Vector
from digits.learning.scores import compute_scores
from digits.learning.stateless import apply_stateless_steps, separate_stateless_steps

# The bytes of pixels in a batch: 10,000 images of MNIST.
BATCH_BYTES = 10_000 * 28 * 28


def fit_in_passes(
    pipeline: Pipeline,
    X: Any,
    y: Vector,
    splits: Sequence[tuple[Vector, Vector]],
    n_passes: int,
) -> list[tuple[Pipeline, Scores]]:
    """Fit a copy of a pipeline for each split, on one batch of images after another.

    The arguments and the results are as in `fit_splits` of digits/learning/fitting.py. The
    classifier must have `partial_fit`. Other steps that learn are fitted on the first batch of
    each split only.
    """
    stateless_steps, learning_steps = separate_stateless_steps(pipeline)
    batch_size = rows_per_block(BATCH_BYTES, X.shape[1])
    models = []
    is_train = np.zeros((len(splits), len(y)), dtype=bool)  # of each split and image
    for number, (train_rows, _) in enumerate(splits):
        is_train[number, train_rows] = True
        first_rows = train_rows[:batch_size]
        features = apply_stateless_steps(stateless_steps, X[first_rows])
        models.append(fit_transformers(clone(learning_steps), features, y[first_rows]))
        del features  # before the features of the next batch take memory

    classes = np.unique(y)
    starts = list(range(0, len(y), batch_size)) * n_passes
    with joblib.Parallel(joblib.cpu_count(), prefer="threads") as parallel:
        for start in tqdm(starts, "batches", leave=False, disable=None):
            rows = slice(start, start + batch_size)
            features = apply_stateless_steps(stateless_steps, X[rows])
            labels = y[rows]
            parallel(
                joblib.delayed(fit_on_batch)(model, features[mask], labels[mask], classes)
                for model, mask in zip(models, is_train[:, rows], strict=True)
            )
            del features

    fits = []
    with joblib.parallel_config("threading", n_jobs=joblib.cpu_count()):
        for learned, (_, test_rows) in zip(models, splits, strict=True):
            model = Pipeline([*stateless_steps.steps, *learned.steps])
            fits.append((model, compute_scores(model, X, test_rows)))
    return fits


def fit_transformers(pipeline: Pipeline, X: Any, y: Vector) -> Pipeline:
    """Fit all steps of a pipeline but its classifier, and return the pipeline."""
    for _, step in pipeline.steps[:-1]:
        X = step.fit_transform(X, y)
    return pipeline


def fit_on_batch(pipeline: Pipeline, X: Any, y: Vector, classes: Vector) -> None:
    """Continue to fit the classifier of a pipeline. The steps before it are fitted."""
    if len(y) == 0:  # all images of the batch are in the fold that is held out
        return
    for _, step in pipeline.steps[:-1]:
        X = step.transform(X)
    pipeline[-1].partial_fit(X, y, classes=classes)
