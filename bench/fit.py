"""Fit an experiment in this process, from a project's own split, and print as JSON what it took.

The test part is never read. Prints the seconds of `fit` (with its folds) and of `predict`, and the `error` on the
held-out rows.
"""

import json
import time
import warnings
from typing import Any

from digits.io import parquet, paths
from digits.io.tables import IMAGES
from digits.learning import models, registry, training
from digits.support import cli, parallel, parameters
from digits.support.parameters import Experiment, Task
from stages.binarize import binarize


def main() -> None:
    """Fit, predict the held-out rows, and print."""
    parser = cli.parser(__doc__)
    parser.add_argument("block", type=json.loads, help="the experiment's block, as JSON")
    parser.add_argument("rows", type=int, help="how many training rows to fit on at most")
    parser.add_argument("held_out", type=int, help="how many of the last training rows to predict; 0 for none")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")  # of convergence: the iterations are the experiment's choice
    experiment, params = Experiment.model_validate(arguments.block), parameters.load()
    images = paths.split(experiment.split, "train")
    X = parquet.read_pixels(images)  # noqa: N806
    y = binarize(parquet.read_column(images, IMAGES, "class"), params.block(Task, experiment.task).labels(None))
    last = len(y) - arguments.held_out
    fitted = slice(min(arguments.rows, last))
    model = registry.build(experiment, params.seed)
    result: dict[str, Any] = {}
    with parallel.parallel_backend():
        begin = time.perf_counter()
        if experiment.folds:
            training.train(model, X[fitted], y[fitted], experiment.folds)
        else:
            model.fit(X[fitted], y[fitted])
        result["fit"] = time.perf_counter() - begin
        if arguments.held_out:
            begin = time.perf_counter()
            y_pred = models.predict(model, models.score(model, X[last:]))
            result["predict"] = time.perf_counter() - begin
            result["error"] = float((y_pred != y[last:]).mean())
    print(json.dumps(result))


if __name__ == "__main__":
    cli.run(main)
