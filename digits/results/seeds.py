"""Train models with several seeds."""

import numpy as np
import pandas as pd
from sklearn.metrics import accuracy_score
from tqdm import tqdm

from digits.core import paths
from digits.core.errors import UserError
from digits.core.images import Images, read_images
from digits.learning.fitting import fit
from digits.learning.folds import assign_folds
from digits.learning.inputs import select_input
from digits.learning.pipelines import build_pipeline
from digits.learning.thresholds import predict_cross_validated
from digits.settings.params import ModelParams, Params


def compare_models_with_seeds(
    before: str, after: str, params_before: Params, params_after: Params, n_seeds: int
) -> pd.DataFrame:
    """Train two models with several seeds, on the training images of the workspace.

    Args:
        before: the name of the first model.
        after: the name of the second model.
        params_before: the content of params.yaml that has the first model.
        params_after: the content of params.yaml that has the second model.
        n_seeds: the number of seeds.

    Returns:
        A table of accuracies with one row per seed and the columns `before` and `after`.

    Raises:
        UserError: the models are of different tasks or folds, have equal entries in
            params.yaml, or do not depend on the seed.
    """
    model_before = params_before.models[before]
    model_after = params_after.models[after]
    task_before = params_before.tasks[model_before.task]
    task_after = params_after.tasks[model_after.task]
    is_same_task = task_before == task_after
    has_same_folds = model_before.folds == model_after.folds
    if not is_same_task or not has_same_folds or model_after.folds == 0:
        raise UserError(
            "--seeds needs two models of the same task with the same number of folds, at least "
            "2"
        )

    texts = {"description", "tutorial"}  # no model depends on them
    if model_before.model_dump(exclude=texts) == model_after.model_dump(exclude=texts):
        raise UserError(
            "both have the same entry in params.yaml, and --seeds trains both with the code of "
            "the workspace; compare without --seeds"
        )

    images = read_images(paths.task(model_after.task, "train"))
    accuracies = compare_over_seeds(
        model_before, model_after, images, params_after.seed, n_seeds
    )
    ignore_seed = (accuracies.nunique() == 1).all()
    if ignore_seed:
        raise UserError("the accuracies are the same with all seeds; compare without --seeds")
    return accuracies


def compare_over_seeds(
    before: ModelParams,
    after: ModelParams,
    images: Images,
    seed: int,
    n_seeds: int,
) -> pd.DataFrame:
    """Return the cross-validated accuracies of two models under several seeds.

    Args:
        before: the entry of the first model.
        after: the entry of the second model, which has as many folds.
        images: the training images.
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
        accuracy_before = cross_validated_accuracy(before, random_state, images)
        accuracy_after = cross_validated_accuracy(after, random_state, images)
        rows.append((accuracy_before, accuracy_after))
    return pd.DataFrame(rows, columns=["before", "after"])


def cross_validated_accuracy(model_params: ModelParams, seed: int, images: Images) -> float:
    """Return the cross-validated accuracy of a model that is trained with a seed, 0 to 1.

    The folds do not depend on the seed.

    Args:
        model_params: the entry of params.yaml, with at least two folds.
        seed: the seed of the classifier's random numbers.
        images: the training images.

    Raises:
        UserError: the model cannot be trained.
    """
    pipeline = build_pipeline(
        model_params, seed, images.pixel_max, images.shape, images.n_network_features
    )
    folds = assign_folds(images.y, images.groups, model_params.folds)
    assert folds is not None
    hyperparameters = model_params.hyperparameters
    X = select_input(model_params, images)
    fitted = fit(pipeline, X, images.y, folds, hyperparameters.passes)
    assert fitted.cv_scores is not None
    y_pred = predict_cross_validated(
        hyperparameters.threshold, fitted.model, images.y, fitted.cv_scores, folds
    )
    return float(accuracy_score(images.y, y_pred))
