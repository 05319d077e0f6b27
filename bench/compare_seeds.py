"""Compare two models of params.yaml, each trained with several seeds.

    python -m bench.compare_seeds small-digit-trees my-model --seeds 5

A difference of two models may only be one of their seeds. The models need the same task and
number of folds. They are cross-validated on the same folds with each seed.
"""

import click
import numpy as np
import pandas as pd
from sklearn.metrics import accuracy_score
from tqdm import tqdm

from digits.core import paths
from digits.core.images import Images, read_images
from digits.learning.fitting import assign_folds, fit
from digits.learning.network_features import select_input
from digits.learning.pipelines import build_pipeline
from digits.learning.thresholds import predict_cross_validated
from digits.messages.errors import UserError
from digits.results.differences import t_test
from digits.results.verdicts import format_significance
from digits.settings import params_file
from digits.settings.params import ModelParams


@click.command()
@click.argument("before")
@click.argument("after")
@click.option("--seeds", "n_seeds", type=click.IntRange(3, 100), default=5, show_default=True)
def main(before: str, after: str, n_seeds: int) -> None:
    """Compare the models BEFORE and AFTER."""
    settings = params_file.load()
    models = settings.models
    same_task = models[before].task == models[after].task
    if not same_task or models[before].folds != models[after].folds or not models[after].folds:
        raise UserError("the models need the same task, and the same number of folds")
    images = read_images(paths.task(models[after].task, "train"))
    accuracies = compare(models[before], models[after], images, settings.seed, n_seeds)
    for name, column in [(before, "before"), (after, "after")]:
        click.echo(f"{name}: {accuracies[column].mean():.4f} ± {accuracies[column].std():.4f}")
    test = t_test((accuracies["after"] - accuracies["before"]).to_numpy())
    click.echo(f"{format_significance(*test)} in a t-test over {n_seeds} seeds")


def compare(
    before: ModelParams, after: ModelParams, images: Images, seed: int, n_seeds: int
) -> pd.DataFrame:
    """Return the cross-validated accuracies of two models, one row per seed.

    Args:
        before: the entry of the first model.
        after: the entry of the second model, which has as many folds.
        images: the training images.
        seed: the seed that the other seeds are drawn from.
        n_seeds: the number of seeds.
    """
    # SeedSequence draws seeds that give independent random numbers.
    seeds = np.random.SeedSequence(seed).generate_state(n_seeds).tolist()
    rows = [
        (cross_validate(before, each, images), cross_validate(after, each, images))
        for each in tqdm(seeds, "seeds", disable=None)
    ]
    return pd.DataFrame(rows, columns=["before", "after"])


def cross_validate(model_params: ModelParams, seed: int, images: Images) -> float:
    """Return the cross-validated accuracy of a model that is trained with a seed, 0 to 1.

    The folds do not depend on the seed.
    """
    pipeline = build_pipeline(model_params, images.format, seed)
    test_fold = assign_folds(images.y, images.groups, model_params.folds)
    X = select_input(model_params, images)
    fitted = fit(pipeline, X, images.y, test_fold)
    assert fitted.cross_validation is not None
    rule = model_params.hyperparameters.threshold
    y_pred = predict_cross_validated(fitted.model, rule, images.y, fitted.cross_validation)
    return float(accuracy_score(images.y, y_pred))


if __name__ == "__main__":
    main()
