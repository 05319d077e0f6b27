"""Train a model, and cross-validate it.

Reads `data/task/<task>/train.parquet`, and writes

- `models/<model>.skops`: the model, fitted on all training images.
- `data/crossval/<model>.parquet`: cross-validated predictions. Each training image is predicted
  by a model that was fitted on the other folds. With `folds: 0` the table has no predictions,
  only the labels.
"""

from digits.core import params, paths, tables
from digits.core.stage import StageCommand
from digits.learning import model_file
from digits.learning.crossval import make_crossval_table
from digits.learning.fitting import fit_and_cross_validate
from digits.learning.folds import assign_folds
from digits.learning.pipelines import build_pipeline
from digits.learning.thresholds import apply_threshold_rule

import click


@click.command(cls=StageCommand, depends_on=["seed", "models"])
@click.argument("name")
def main(name: str) -> None:
    """Train the model NAME."""
    settings = params.load()
    model_params = settings.models[name]
    train_images = tables.read(paths.task(model_params.task, "train"))
    X_train = tables.pixels(train_images)
    y_train = train_images["label"].to_numpy()
    groups = train_images.get("group")  # such as the writer of each image; None if unknown

    # Fit the model on all images. Fit it once more per fold, on the images outside the fold, to
    # score the images in the fold.
    pipeline = build_pipeline(model_params, settings.seed, train_images.attrs["pixel_max"])
    test_fold = None
    if model_params.folds > 0:
        test_fold = assign_folds(y_train, model_params.folds, groups)
    model, train_scores, cv_scores = fit_and_cross_validate(
        pipeline, X_train, y_train, test_fold
    )

    # Set the decision threshold, if params.yaml has one: a number, or a rule that chooses it on
    # the cross-validated scores.
    threshold_rule = model_params.hyperparameters.threshold
    model = apply_threshold_rule(threshold_rule, model, y_train, cv_scores)

    # Predict each image with a model that was not fitted on it.
    cv_predictions = make_crossval_table(
        train_images, model, threshold_rule, test_fold, train_scores, cv_scores
    )

    model_file.save(paths.model(name), model)
    tables.write(paths.crossval(name), cv_predictions)


if __name__ == "__main__":
    main()
