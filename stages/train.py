"""Train one experiment's model, and cross-validate it on the training part.

Reads the split's training part and its labels; writes `models/<experiment>.joblib`, fitted on all of it, and
`data/crossval/<experiment>.parquet`: for each training row the prediction and the scores of the model that has not seen
it (neither where `folds` is 0). The fits run side by side on all cores.
"""

from digits.io import parquet, paths, tables
from digits.io.tables import IMAGES
from digits.learning import models, registry, thresholds, training
from digits.support import cli, parameters, rooms
from digits.support.parameters import Experiment

import numpy as np


def main() -> None:
    """Read, train, write."""
    name = cli.block_name(__doc__, "experiments", "two-logreg")
    params = parameters.load()
    experiment = params.block(Experiment, name)
    images = paths.split(experiment.split, "train")
    pipeline = registry.build(experiment, params.seed, parquet.image_info(images).maximum)
    y = parquet.read_labels(images, paths.labels(name, "train"))
    rule = thresholds.require_rule(experiment, len(np.unique(y)))
    with cli.warnings_in_lines(name):
        if registry.is_partial(experiment.classifier):
            partial = rooms.load("scale.partial", f"classifier: {experiment.classifier}")
            trained = partial.train(pipeline, images, y, experiment.folds)
        else:
            X, origin = parquet.read_pixels(images), parquet.read_origin(images)  # noqa: N806
            trained = training.train(pipeline, X, y, experiment.folds, origin)
    model = thresholds.apply(trained.model, rule, y, trained.scores)
    model.train_accuracy_ = training.accuracy(model, trained.seen, y)  # for `evaluate`, as `oob_score_` of forests
    models.save(paths.model(name), model)
    columns = {"row": parquet.read_column(images, IMAGES, "row"), "label": y}
    if trained.fold is not None and trained.scores is not None:
        columns |= {"fold": trained.fold, "prediction": models.predict(model, trained.scores)}
        columns |= tables.score_columns(trained.scores, model.classes_, models.method(model))
    parquet.write(paths.out_of_fold(name), tables.table(columns))


if __name__ == "__main__":
    cli.run(main)
