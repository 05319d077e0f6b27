"""Fit experiments in this process, from a project's own split, and print as JSON what each took.

Reads a list of tasks as JSON, each an experiment's block with these keys more: `rows`, how many training rows to fit
on (all when null), and `held_out`, how many of the last training rows to predict (0 for none). The test part is never
read. For each task a line: the seconds of `fit` (with its folds) and of `predict`, and the `error` on the held-out
rows. Run from a project that has its split: python -m bench.fit TASKS
"""

import json
import time
import warnings
from pathlib import Path
from typing import Any

import joblib

from digits.common import cli, parameters, tables
from digits.learning import models
from stages.train import Experiment, build, train

EXAMPLE = (
    '[{"description": "", "split": "digits", "task": "digit", "features": "raw", "classifier": "svc", '
    '"hyperparameters": {}, "folds": 0, "rows": null, "held_out": 300}]'
)


def measure(task: dict[str, Any], seed: int) -> dict[str, Any]:
    """Fit, predict what is held out, and return what it took."""
    rows, held_out = task.pop("rows"), task.pop("held_out")
    experiment = Experiment.model_validate(task)
    images = Path("data", "split", experiment.split, "train.parquet")
    answers = Path("data", "labels", experiment.split, experiment.task, "train.parquet")
    labels, pixels = tables.read_labels(images, answers).labels, tables.read_pixels(images)
    last = len(labels) - held_out
    fitted = slice(min(rows or last, last))
    pipeline = build(experiment, seed)
    begin = time.perf_counter()
    model, _ = train(pipeline, pixels[fitted], labels[fitted], experiment.folds)
    middle = time.perf_counter()
    seen: dict[str, Any] = {"rows": fitted.stop, "fit": middle - begin, "predict": None, "error": None}
    if held_out:
        with joblib.parallel_config("threading", n_jobs=-1):
            said = models.predict(model, models.score(model, pixels[last:]))
        seen["predict"] = time.perf_counter() - middle
        seen["error"] = float((said != labels[last:]).mean())
    return seen


def main() -> None:
    """Measure each task."""
    parser = cli.parser(__doc__, f"-m bench.fit '{EXAMPLE}'")
    parser.add_argument("tasks", type=json.loads, metavar="TASKS", help="the list, as JSON")
    tasks = parser.parse_args().tasks
    warnings.simplefilter("ignore")  # of convergence: the iterations are the experiment's choice
    for task in tasks:
        print(json.dumps(measure(task, parameters.seed(parameters.load()))), flush=True)


if __name__ == "__main__":
    cli.run(main)
