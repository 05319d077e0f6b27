"""Train models with several seeds."""

from digits.core import tables
from digits.core.params import ModelParams
from digits.learning.crossval import make_crossval_table
from digits.learning.fitting import fit_and_cross_validate
from digits.learning.folds import assign_folds
from digits.learning.pipelines import build_pipeline
from digits.learning.thresholds import apply_threshold_rule

import numpy as np
import pandas as pd
from sklearn.metrics import accuracy_score
from tqdm import tqdm


def compare_over_seeds(
    before: ModelParams,
    after: ModelParams,
    train_images: pd.DataFrame,
    seed: int,
    n_seeds: int,
) -> pd.DataFrame:
    """Return the cross-validated accuracies of two models under several seeds.

    Args:
        before: the entry of the first model.
        after: the entry of the second model, which has as many folds.
        train_images: the table of labelled training images.
        seed: the seed that the other seeds are drawn from.
        n_seeds: the number of seeds.

    Returns:
        A table with one row per seed and the columns `before` and `after`.

    Raises:
        UserError: a model cannot be trained.
    """
    seeds = np.random.SeedSequence(seed).generate_state(n_seeds).tolist()
    rows = []
    for drawn_seed in tqdm(seeds, "seeds", disable=None):
        accuracy_before = cross_validated_accuracy(before, drawn_seed, train_images)
        accuracy_after = cross_validated_accuracy(after, drawn_seed, train_images)
        rows.append((accuracy_before, accuracy_after))
    return pd.DataFrame(rows, columns=["before", "after"])


def cross_validated_accuracy(
    model_params: ModelParams, seed: int, train_images: pd.DataFrame
) -> float:
    """Return the accuracy of a model in cross-validation, 0 to 1, if it is trained with a seed.

    The folds do not depend on the seed.

    Args:
        model_params: the entry of params.yaml, with at least two folds.
        seed: the seed of the classifier's random numbers.
        train_images: the table of labelled training images.

    Raises:
        UserError: the model cannot be trained.
    """
    X_train = tables.pixels(train_images)
    y_train = train_images["label"].to_numpy()
    groups = train_images.get("group")
    pipeline = build_pipeline(model_params, seed, train_images.attrs["pixel_max"])
    test_fold = assign_folds(y_train, model_params.folds, groups)
    model, train_scores, cv_scores = fit_and_cross_validate(
        pipeline, X_train, y_train, test_fold
    )
    threshold_rule = model_params.hyperparameters.threshold
    model = apply_threshold_rule(threshold_rule, model, y_train, cv_scores)
    cv_predictions = make_crossval_table(
        train_images, model, threshold_rule, test_fold, train_scores, cv_scores
    )
    return float(accuracy_score(cv_predictions["label"], cv_predictions["prediction"]))
