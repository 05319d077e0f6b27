"""Train a model, and cross-validate it.

Reads `data/task/<task>/train.parquet`, and writes

- `models/<model>.skops`: the model, fitted on all training images.
- `data/crossval/<model>.parquet`: cross-validated predictions. Each training image is predicted
  by a model that was fitted on the other folds. With `folds: 0` the table has no predictions,
  only the labels.
"""

import click

from digits.core import paths, tables
from digits.learning import model_file
from digits.learning.fitting import fit_and_cross_validate
from digits.settings import params
from stages.command import StageCommand


@click.command("train", cls=StageCommand)
@click.argument("name")
def main(name: str) -> None:
    """Train the model NAME."""
    settings = params.load()
    model_params = settings.models[name]
    # X_train is the pixels, memory-mapped. `train_images` is a table of everything else.
    X_train, train_images = tables.read_images(paths.task(model_params.task, "train"))

    # Fit the model on all images. Fit it once more per fold, on the images outside the fold, to
    # predict the images in the fold.
    model, cv_predictions = fit_and_cross_validate(
        model_params, settings.seed, X_train, train_images
    )

    model_file.save(paths.model(name), model, model_params.classifier)
    tables.write(paths.cv_predictions(name), cv_predictions)


if __name__ == "__main__":
    main()
