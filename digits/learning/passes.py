"""Fit a model batch by batch, because the features of all images do not fit into memory.

Models with the hyperparameter `passes` are fitted this way.
"""

import joblib
import numpy as np
from sklearn.base import clone
from sklearn.pipeline import Pipeline
from tqdm import tqdm

from digits.core.pixels import Scores, Vector, rows_per_block
from digits.learning.pipelines import separate_stateless_steps
from digits.learning.scores import compute_scores
from digits.learning.training_set import Split, TrainingSet, apply_stateless_steps

# The bytes of pixels in a batch: 10,000 images of MNIST.
BATCH_BYTES = 10_000 * 28 * 28


def fit_in_passes(
    pipeline: Pipeline, training_set: TrainingSet, splits: list[Split], n_passes: int
) -> list[tuple[Pipeline, Scores]]:
    """Fit a copy of a pipeline for each split, on one batch of images after another.

    The steps that learn nothing are applied to each batch once, for all copies.

    Args:
        pipeline: an unfitted pipeline, whose classifier has `partial_fit`. Other steps that
            learn are fitted on the first batch of each split only.
        training_set: the images.
        splits: the rows of each fit.
        n_passes: the number of passes over the images.

    Returns:
        The fitted copy and the scores for each split.
    """
    stateless_steps, learning_steps = separate_stateless_steps(pipeline)
    batch_size = rows_per_block(BATCH_BYTES, training_set.X.shape[1])
    copies = []
    for split in splits:
        batch = training_set.select(split.train_rows[:batch_size])
        features = apply_stateless_steps(stateless_steps, batch)
        copies.append(fit_transformers(clone(learning_steps), features))
        del features  # before those of the next batch take memory

    classes = np.unique(training_set.y)
    is_train = np.zeros((len(splits), len(training_set)), dtype=bool)
    for number, split in enumerate(splits):
        is_train[number, split.train_rows] = True

    starts = list(range(0, len(training_set), batch_size)) * n_passes
    with joblib.Parallel(joblib.cpu_count(), prefer="threads") as parallel:
        for start in tqdm(starts, "batches", leave=False, disable=None):
            rows = slice(start, start + batch_size)
            features = apply_stateless_steps(stateless_steps, training_set.select(rows))
            parallel(
                joblib.delayed(fit_on_batch)(copy, features.select(in_split), classes)
                for copy, in_split in zip(copies, is_train[:, rows], strict=True)
            )
            del features

    fits = []
    with joblib.parallel_config("threading", n_jobs=joblib.cpu_count()):
        for copy, split in zip(copies, splits, strict=True):
            model = Pipeline([*stateless_steps.steps, *copy.steps])
            fits.append((model, compute_scores(model, training_set.X, split.test_rows)))
    return fits


def fit_transformers(pipeline: Pipeline, training_set: TrainingSet) -> Pipeline:
    """Fit all steps of a pipeline but its classifier, and return the pipeline."""
    X = training_set.X
    for _, step in pipeline.steps[:-1]:
        X = step.fit_transform(X, training_set.y)
    return pipeline


def fit_on_batch(pipeline: Pipeline, batch: TrainingSet, classes: Vector) -> None:
    """Continue to fit the classifier of a pipeline. The steps before it are fitted."""
    if len(batch) == 0:  # all images of the batch are in the fold that is held out
        return
    X = batch.X
    for _, step in pipeline.steps[:-1]:
        X = step.transform(X)
    pipeline[-1].partial_fit(X, batch.y, classes=classes)
