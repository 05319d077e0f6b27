"""Evaluate one experiment on the test part and out of fold.

Reads the model, the split's two parts, the task's labels and the out-of-fold scores; writes
`metrics/<experiment>.json`, the tables of `plots/<experiment>/`, and `data/predictions/<experiment>.parquet`, the
score and prediction of every test row. The one decision: every accuracy stands beside that of always saying the
commonest class, because a detector that always says no is right nine times in ten.
"""

from collections.abc import Iterable, Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from sklearn.pipeline import Pipeline

from digits.common import cli, files, tables, workers
from digits.common.cli import PipelineError
from digits.common.tables import Labels, Scores, Vector
from digits.evaluation import calibration, metrics
from digits.evaluation.rounding import rounded
from digits.learning import models

Part = tuple[Vector, Vector, Scores]  # labels, predictions, scores
ENOUGH = 10_000  # out-of-fold scores to fit one temperature to
HEADERS = {
    "confusion": ["part", "actual", "predicted", "count", "share"],
    "roc": ["part", "class", "false_positive_rate", "true_positive_rate", "threshold"],
    "precision_recall": ["part", "class", "recall", "precision", "threshold"],
    "reliability": ["part", "from", "to", "count", "confidence", "accuracy"],
}


def evaluate(
    parts: dict[str, Part], classes: Vector, train_labels: Vector, folds: Vector | None, are_probabilities: bool
) -> tuple[dict[str, Any], dict[str, list[tuple[Any, ...]]]]:
    """Measure the predictions on each part.

    Args:
        parts: `test`, and `cross_validation` where there are folds.
        classes: the model's classes, shape (classes,).
        train_labels: shape (training rows,), whose commonest class is the baseline.
        folds: the fold of each training row, from 1; None where there are none.
        are_probabilities: the scores are, not decision values.

    Returns:
        The metrics by part, and the rows of the tables `confusion`, `roc`, `precision_recall` and `reliability`, each
        beginning with its part. The temperature of the calibration is fitted out of fold; 1 where there are no folds.
    """
    measured = {
        part: metrics.measure(*values, classes)
        | {"baseline_accuracy": metrics.baseline_accuracy(train_labels, values[0])}
        for part, values in parts.items()
    }
    if folds is not None:
        labels, predictions, _ = parts["cross_validation"]
        measured["cross_validation"] |= metrics.by_fold(labels, predictions, folds)
    logits = {part: calibration.logits(scores, are_probabilities) for part, (_, _, scores) in parts.items()}
    answers = {part: np.searchsorted(classes, labels) for part, (labels, _, _) in parts.items()}
    temperature = 1.0
    if folds is not None:
        enough = slice(ENOUGH)  # rows in random order
        unseen = logits["cross_validation"][enough], answers["cross_validation"][enough]
        temperature = calibration.fit_temperature(*unseen)
    measured["calibration"] = {"temperature": rounded(temperature)}
    plots: dict[str, list[tuple[Any, ...]]] = {name: [] for name in HEADERS}
    for part, (labels, predictions, scores) in parts.items():
        probabilities = calibration.probabilities(logits[part], temperature)
        measured[part] |= calibration.measure(probabilities, answers[part])
        plots["reliability"] += [(part, *row) for row in calibration.reliability_rows(probabilities, answers[part])]
        plots["confusion"] += [(part, *row) for row in metrics.confusion_rows(labels, predictions, classes)]
        plots["roc"] += [(part, *row) for row in metrics.roc_rows(labels, scores, classes)]
        plots["precision_recall"] += [(part, *row) for row in metrics.precision_recall_rows(labels, scores, classes)]
    return measured, plots


def out_of_fold(
    path: Path, train: Iterable[Labels], model: Pipeline, columns: list[str]
) -> tuple[Vector, Part | None, Vector | None]:
    """Read the out-of-fold scores.

    Args:
        path: the file that `train` has written with the model.
        train: the rows and labels that they must be of, some at a time.
        model: the fitted pipeline.
        columns: the names of its scores.

    Returns:
        The training labels, shape (rows,), and what `evaluate` takes as `cross_validation` and as `folds`, None where
        there are no folds.

    Raises:
        PipelineError: they are of other rows, or of another model.
    """
    with_folds = ["row", "label", "fold", "prediction", *columns]
    labels, found = [], []
    for known, table in zip_longest(train, tables.groups(path)):
        if (
            known is None
            or table is None
            or table.column_names not in (with_folds, ["row", "label"])
            or not np.array_equal(tables.column(table, "row"), known.rows)
            or not np.array_equal(tables.column(table, "label"), known.labels)
        ):
            raise PipelineError(f"{path} is not about the training rows and the classes of the model; {tables.AGAIN}")
        labels.append(known.labels)
        found.append(table.drop_columns(["row", "label"]))
    train_labels, table = np.concatenate(labels), pa.concat_tables(found)
    if not table.column_names:
        return train_labels, None, None
    folds, predictions = tables.column(table, "fold"), tables.column(table, "prediction")
    scores = tables.read_scores(table)
    if not np.array_equal(predictions, models.predict(model, scores)) or 0 in np.bincount(folds)[1:]:
        raise PipelineError(f"{path}: its folds, predictions and scores contradict each other; {tables.AGAIN}")
    return train_labels, (train_labels, predictions, scores), folds


def main() -> None:
    """Read, score, measure, write."""
    parser = cli.parser(
        __doc__,
        "-m stages.evaluate models/two-logreg.joblib data/split/mnist/train.parquet data/split/mnist/test.parquet "
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
    seen = np.zeros((256, 256), bool)  # which class had which label, in either part

    def noting(labels: Iterator[Labels]) -> Iterator[Labels]:
        for some in labels:
            seen[some.classes, some.labels] = True
            yield some

    known, scored = [], []
    with workers.shared(model):
        try:
            in_test = noting(tables.labels(arguments.test, arguments.labels / "test.parquet"))
            for some, pixels in zip(in_test, tables.pixels(arguments.test), strict=True):
                if unknown := sorted({*some.labels.tolist()} - {*model.classes_.tolist()}):
                    raise PipelineError(
                        f"{arguments.model} has not been trained on the label {unknown[0]}, which the test part has; "
                        "use a split with more training images"
                    )
                known.append(some)
                scored.append(models.score(model, pixels))
            # The first row group, 10 000 images in random order: all would cost some models more than their fit.
            train_scores = models.score(model, next(tables.pixels(arguments.train)))
        except (ValueError, TypeError, ArithmeticError) as error:
            raise PipelineError(f"{arguments.model} cannot score these images: {error}") from None
    test, scores = Labels(*map(np.concatenate, zip(*known, strict=True))), np.concatenate(scored)
    in_train = noting(tables.labels(arguments.train, arguments.labels / "train.parquet"))
    train_labels, crossval, folds = out_of_fold(
        arguments.crossval, in_train, model, list(tables.score_columns(scores, model.classes_))
    )
    classes, labels = seen.nonzero()
    tables.check_labels(arguments.labels, labels, classes)
    positive = None if np.array_equal(labels, classes) else classes[labels == 1]

    parts = {"test": (test.labels, models.predict(model, scores), scores)}
    if crossval:
        parts["cross_validation"] = crossval
    measured, plots = evaluate(parts, model.classes_, train_labels, folds, models.gives_probabilities(model))
    predicted = models.predict(model, train_scores)
    measured["train"] = {"accuracy": metrics.accuracy(train_labels[: len(predicted)], predicted)}

    said = {"row": test.rows, "label": test.labels, "prediction": parts["test"][1]}
    tables.write(arguments.predictions, tables.prediction_table(said, scores, model.classes_, positive))
    for name, table in plots.items():
        files.write_csv(arguments.plots / f"{name}.csv", HEADERS[name], table)
    files.write_json(arguments.metrics, measured)


if __name__ == "__main__":
    cli.run(main)
