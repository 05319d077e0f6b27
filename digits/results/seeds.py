"""Train models with several seeds."""

import numpy as np
import pandas as pd
from sklearn.metrics import accuracy_score
from tqdm import tqdm

from digits.core.tables import Pixels
from digits.learning.fitting import fit_and_cross_validate
from digits.settings.params import ModelParams


def compare_over_seeds(
    before: ModelParams,
    after: ModelParams,
    X_train: Pixels,
    train_images: pd.DataFrame,
    seed: int,
    n_seeds: int,
) -> pd.DataFrame:
    """Return the cross-validated accuracies of two models under several seeds.

    Args:
        before: the entry of the first model.
        after: the entry of the second model, which has as many folds.
        X_train: the pixels of the training images, shape (n_images, n_values).
        train_images: the table of their other columns.
        seed: the seed that the other seeds are drawn from.
        n_seeds: the number of seeds.

    Returns:
        A table with one row per seed and the columns `before` and `after`.

    Raises:
        UserError: a model cannot be trained.
    """
    # SeedSequence draws seeds that give independent random numbers.
    random_states = np.random.SeedSequence(seed).generate_state(n_seeds).tolist()
    rows = []
    for random_state in tqdm(random_states, "seeds", disable=None):
        accuracy_before = cross_validated_accuracy(before, random_state, X_train, train_images)
        accuracy_after = cross_validated_accuracy(after, random_state, X_train, train_images)
        rows.append((accuracy_before, accuracy_after))
    return pd.DataFrame(rows, columns=["before", "after"])


def cross_validated_accuracy(
    model_params: ModelParams, seed: int, X_train: Pixels, train_images: pd.DataFrame
) -> float:
    """Return the cross-validated accuracy of a model that is trained with a seed, 0 to 1.

    The folds do not depend on the seed.

    Args:
        model_params: the entry of params.yaml, with at least two folds.
        seed: the seed of the classifier's random numbers.
        X_train: the pixels of the training images, shape (n_images, n_values).
        train_images: the table of their other columns.

    Raises:
        UserError: the model cannot be trained.
    """
    _, cv_predictions = fit_and_cross_validate(model_params, seed, X_train, train_images)
    return float(accuracy_score(cv_predictions["label"], cv_predictions["prediction"]))
