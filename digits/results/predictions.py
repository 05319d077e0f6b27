"""A model's predictions of the test part or out of fold, in words, and its mistakes by its confidence in them."""

from collections.abc import Sequence
from itertools import combinations

from digits.io import parquet, paths, tables
from digits.io.files import require
from digits.io.tables import OUT_OF_FOLD, PREDICTIONS, Vector
from digits.results import measured as results
from digits.results import wording
from digits.results.intervals import compare, holm
from digits.support import parameters
from digits.support.errors import PipelineError
from digits.support.parameters import Experiment, Mix

import numpy as np
import pyarrow as pa


def read_predictions(experiment: str, images: int, part: str = "test") -> pa.Table:
    """Read an experiment's predictions of the part `test`, or out of fold of `train`; its dataset has so many images.

    Of a mix each image of its own dataset has one. Raises a PipelineError if they are missing, damaged, or stale.
    """
    is_test = part == "test"
    path = paths.predictions(experiment) if is_test else paths.out_of_fold(experiment)
    require(path, f"{'evaluate' if is_test else 'train'}@{experiment}")
    table = parquet.read(path, PREDICTIONS if is_test else OUT_OF_FOLD)
    if "prediction" not in table.column_names:
        raise PipelineError(f"{experiment} has no folds, so no predictions of its training part; choose --part test")
    rows = tables.column(table, "row")
    if not is_test and (params := parameters.load()).block(Experiment, experiment).split in params.names(Mix):
        own, first = np.unique(rows, return_index=True)
        return table.take(tables.array(first[own < images]))
    if (last := rows.max()) >= images:
        raise PipelineError(f"{path} is about a row {last}, the dataset has {images}; {parquet.REMEDY}")
    return table


def not_told_apart(names: Sequence[str]) -> list[str]:
    """Return the pairs of a task's experiments, in words, that the test images cannot tell apart.

    Their p, with Holm's correction for all pairs, is 0.05 or more (`intervals.compare`).
    """
    here = [name for name in names if paths.predictions(name).exists()]
    tested = {name: parquet.read(paths.predictions(name), PREDICTIONS) for name in here}
    pairs = [(a, b) for a, b in combinations(tested, 2) if tested[a]["row"].equals(tested[b]["row"])]
    right = {name: tables.column(each, "label") == tables.column(each, "prediction") for name, each in tested.items()}
    corrected = holm([compare(right[a], right[b], tables.group_of(tested[a])).p for a, b in pairs])
    return [f"{a} and {b} (p = {p:.2g})" for (a, b), p in zip(pairs, corrected, strict=True) if p >= 0.05]


def temperature(experiment: str) -> float | None:
    """Return the temperature that calibrates an experiment's scores, as `evaluate` fitted it; None where it did not."""
    if not paths.metrics(experiment).exists():
        return None
    return results.figures(experiment).get(("cross_validation", "temperature", "all"))


def in_words(
    predictions: pa.Table, digits: Sequence[object], names: Sequence[str], temperature: float | None
) -> list[str]:
    """Return `8, predicted 8 (97 %)` for each prediction; `digits` are what the images show, `names` the labels'."""
    from digits.evaluation import calibration  # which imports SciPy: half a second that `show` seldom needs

    y_pred = tables.column(predictions, "prediction")
    method, labels = tables.scored_by(predictions)
    logits = calibration.logits(tables.scores(predictions), method)
    columns = y_pred == labels[0] if len(labels) == 1 else np.searchsorted(labels, y_pred)
    shares = calibration.probabilities(logits, temperature or 1.0)[np.arange(len(columns)), columns.astype(int)]
    each = zip(y_pred, shares, digits, strict=True)
    return [wording.predicted(names[label], wording.percent(share), digit) for label, share, digit in each]


def most_confident(predictions: pa.Table) -> tuple[Vector, Vector]:
    """Order mistakes by how far the score of the predicted class stood above the next one's, or from the threshold.

    Returned are their positions, the most confident first, and the share (0 to 1) of the right predictions in which the
    model was less confident.
    """
    y_true, y_pred = tables.column(predictions, "label"), tables.column(predictions, "prediction")
    scores = tables.scores(predictions)
    if scores.ndim == 1:
        is_yes = y_pred == tables.scored_by(predictions)[1][0]
        edges = [*np.sort(scores[~is_yes])[-1:], *np.sort(scores[is_yes])[:1]]  # the threshold lies between them
        confidence = np.abs(scores - np.mean(edges))
    else:
        second, first = np.partition(scores, (-2, -1), axis=1)[:, -2:].T
        confidence = first - second
    wrong = np.flatnonzero(y_true != y_pred)
    mistakes = wrong[np.argsort(-confidence[wrong], kind="stable")]
    right = np.sort(confidence[y_true == y_pred])
    return mistakes, np.searchsorted(right, confidence[mistakes]) / max(len(right), 1)
