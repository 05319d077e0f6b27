"""Train one experiment's model, and cross-validate it on the training part.

Reads the split's training part and its labels; writes `models/<experiment>.skops`, fitted on all of it, and
`data/crossval/<experiment>.parquet`: for each training row the prediction and the scores of the model that was trained
on neither that row nor others of its group. With `folds: 0` it has rows and labels alone. The fits run side by side on
all cores.
"""

from pathlib import Path

from digits.io import parquet, paths, tables
from digits.io.parquet import Labelled
from digits.io.tables import Vector
from digits.learning import deformation, models, persistence, registry, thresholds, training
from digits.learning.training import Trained
from digits.support import cli, parameters, rooms
from digits.support.parameters import Experiment

import numpy as np


def fit(experiment: Experiment, seed: int, images: Path, rows: Labelled, fold: Vector | None) -> Trained:
    """Fit an experiment's pipeline on the labelled rows of a training part, whose folds have the shape (rows,)."""
    info, copies = parquet.image_info(images), deformation.require_copies(experiment)
    pipeline = registry.build(experiment, seed, info.maximum)
    if not registry.is_partial(experiment.classifier):
        pixels = deformation.add_copies(parquet.take_pixels(images, rows.at), info.shape, copies, seed)
        return training.train(pipeline, pixels, rows.y, fold)
    partial = rooms.load("scale.partial", f"classifier: {experiment.classifier}")
    trained: Trained = partial.train(pipeline, images, rows, fold)
    return trained


def main() -> None:
    """Read, train, write."""
    name = cli.block_name(__doc__, "experiments", "two-logreg")
    params = parameters.load()
    experiment = params.block(Experiment, name)
    images = paths.split(experiment.split, "train")
    rows = parquet.read_labels(images, paths.labels(name, "train"))
    y = rows.y
    rule = thresholds.require_rule(experiment, len(np.unique(y)))
    names = parquet.image_info(images).names if len(np.unique(y)) > 2 else None  # a detector's labels are 0 and 1
    fold = training.fold_of_rows(y, experiment.folds, rows.origin, rows.group, names)
    with cli.warnings_in_lines(name):
        trained = fit(experiment, params.seed, images, rows, fold)
    model = thresholds.apply(trained.model, rule, y, trained.scores)
    model.train_accuracy_ = training.accuracy(model, trained.seen, y)  # for `evaluate`, as `oob_score_` of forests
    persistence.save(paths.model(name), model)
    columns = {"row": rows.row, "group": rows.group, "label": y}
    if fold is not None and trained.scores is not None:
        columns |= {"fold": fold, "prediction": thresholds.predict_nested(model, rule, y, trained.scores, fold)}
        columns |= tables.score_columns(trained.scores, model.classes_, models.method(model))
    parquet.write(paths.out_of_fold(name), tables.table(columns))


if __name__ == "__main__":
    cli.run(main)
