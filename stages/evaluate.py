"""Evaluate one experiment on the test part and out of fold.

Reads the model, the split's two parts, the task's labels and the out-of-fold scores; writes
`metrics/<experiment>.json`, the tables of `plots/<experiment>/`, and `data/predictions/<experiment>.parquet`, the
score and prediction of every test row. The one decision: every accuracy stands beside that of always saying the
commonest class, because a detector that always says no is right nine times in ten.
"""

from common import cli, files, tables
from common.tables import Scores, Vector

from pathlib import Path
from typing import Any

import joblib
from threadpoolctl import threadpool_limits

from learning import metrics, models

Part = tuple[Vector, Vector, Scores]  # labels, predictions, scores


def evaluate(
    parts: dict[str, Part], classes: Vector, train_labels: Vector, folds: Vector | None
) -> tuple[dict[str, Any], dict[str, list[tuple[Any, ...]]]]:
    """Measure the predictions on each part.

    Args:
        parts: `test`, and `cross_validation` where there are folds.
        classes: the model's classes, shape (classes,).
        train_labels: shape (training rows,), whose commonest class is the baseline.
        folds: the fold of each training row, from 1; None where there are none.

    Returns:
        The metrics by part, and the rows of the tables `confusion`, `roc` and `precision_recall`, each beginning with
        its part.
    """
    measured = {
        part: metrics.measure(*values, classes)
        | {"baseline_accuracy": metrics.baseline_accuracy(train_labels, values[0])}
        for part, values in parts.items()
    }
    if folds is not None:
        labels, predictions, _ = parts["cross_validation"]
        measured["cross_validation"] |= metrics.by_fold(labels, predictions, folds)
    plots: dict[str, list[tuple[Any, ...]]] = {"confusion": [], "roc": [], "precision_recall": []}
    for part, (labels, predictions, scores) in parts.items():
        plots["confusion"] += [(part, *row) for row in metrics.confusion_rows(labels, predictions, classes)]
        plots["roc"] += [(part, *row) for row in metrics.roc_rows(labels, scores, classes)]
        plots["precision_recall"] += [(part, *row) for row in metrics.precision_recall_rows(labels, scores, classes)]
    return measured, plots


HEADERS = {
    "confusion": ["part", "actual", "predicted", "count", "share"],
    "roc": ["part", "class", "false_positive_rate", "true_positive_rate", "threshold"],
    "precision_recall": ["part", "class", "recall", "precision", "threshold"],
}


def main() -> None:
    """Read, score, measure, write."""
    parser = cli.parser(
        __doc__,
        "stages/evaluate.py models/two-logreg.joblib data/split/mnist/train.parquet data/split/mnist/test.parquet "
        "data/labels/mnist/two data/crossval/two-logreg.parquet "
        "metrics/two-logreg.json plots/two-logreg data/predictions/two-logreg.parquet",
    )
    parser.add_argument("model", type=Path, help="the model of the experiment")
    parser.add_argument("train", type=Path, help="the training part of the split")
    parser.add_argument("test", type=Path, help="the test part of the split")
    parser.add_argument("labels", type=Path, help="the folder of the task's labels")
    parser.add_argument("crossval", type=Path, help="the out-of-fold scores")
    parser.add_argument("metrics", type=Path, help="the JSON file to write")
    parser.add_argument("plots", type=Path, help="the folder to write the tables of the plots to")
    parser.add_argument("predictions", type=Path, help="the parquet file to write the test rows' predictions to")
    arguments = parser.parse_args()

    model = models.load(arguments.model)
    rows, labels = tables.read_labels(arguments.labels, "test")
    _, train_labels = tables.read_labels(arguments.labels, "train")
    train_pixels = tables.read_pixels(arguments.train, row_groups=1)
    with joblib.parallel_config("threading", n_jobs=-1), threadpool_limits(1, user_api="blas"):
        scores = models.score(model, tables.read_pixels(arguments.test))
        train_scores = models.score(model, train_pixels)
    parts = {"test": (labels, models.predict(model, scores), scores)}
    crossval = tables.read(arguments.crossval)
    folds = None
    if "fold" in crossval.column_names:
        folds = tables.column(crossval, "fold")
        held_out = tables.read_scores(crossval)
        parts["cross_validation"] = (train_labels, tables.column(crossval, "prediction"), held_out)

    measured, plots = evaluate(parts, model.classes_, train_labels, folds)
    # On the first row group, 10 000 images in random order: all of them would cost some models more than their fit.
    predicted = models.predict(model, train_scores)
    measured["train"] = {"accuracy": metrics.accuracy(train_labels[: len(predicted)], predicted)}

    predictions = {"row": rows, "label": labels, "prediction": parts["test"][1]}
    tables.write(arguments.predictions, tables.table({**predictions, **tables.score_columns(scores, model.classes_)}))
    for name, table in plots.items():
        files.write_csv(arguments.plots / f"{name}.csv", HEADERS[name], table)
    files.write_json(arguments.metrics, measured)


if __name__ == "__main__":
    cli.run(main)
