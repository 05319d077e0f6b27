"""An experiment's mistakes for the report: the most confused pairs, and the most confident mistakes."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from digits.io import tables
from digits.report.content import Dataset
from digits.results.predictions import in_words, most_confident

import pyarrow as pa

PAIRS = 6
PICTURES = 3  # of each pair
MISTAKES = 12  # in the gallery of the most confident ones

Mistake = tuple[int, int]  # the class that an image shows, and the label that was predicted


class Pair(NamedTuple):
    """A class that was predicted as another: how often, of how many images of it, and which of them to show.

    `out_of_fold` has the same two counts on the training part; None where there are no folds.
    """

    words: str
    times: int
    images: int
    out_of_fold: tuple[int, int] | None
    rows: list[int]


def count(predictions: pa.Table, dataset: Dataset) -> tuple[Counter[Mistake], Counter[int]]:
    """Count the mistakes of each pair, and the images of each class.

    Args:
        predictions: a table that meets `tables.PREDICTIONS` or `tables.OUT_OF_FOLD`.
        dataset: that they are about.
    """
    rows, y_true, y_pred = (tables.column(predictions, name) for name in ("row", "label", "prediction"))
    classes = dataset.classes[rows]
    wrong = y_true != y_pred
    return Counter(zip(classes[wrong].tolist(), y_pred[wrong].tolist(), strict=True)), Counter(classes.tolist())


def pairs(predictions: pa.Table, out_of_fold: pa.Table | None, dataset: Dataset, names: Sequence[str]) -> list[Pair]:
    """Return the most confused pairs of the test part, each with its most confident mistakes.

    Args:
        predictions: of the test part.
        out_of_fold: those of the training part; None where there are none.
        dataset: that they are about.
        names: of the labels, as `wording.label_names` has them.
    """
    counts, images = count(predictions, dataset)
    others = count(out_of_fold, dataset) if out_of_fold else None
    worst = predictions.take(most_confident(predictions)[0])
    rows, y_pred = tables.column(worst, "row"), tables.column(worst, "prediction")
    ranked = sorted(counts.items(), key=lambda each: (-each[1], each[0]))[:PAIRS]
    return [
        Pair(
            f"{dataset.names[shown]} predicted as {names[label]}",
            times,
            images[shown],
            (others[0][shown, label], others[1][shown]) if others else None,
            rows[(dataset.classes[rows] == shown) & (y_pred == label)][:PICTURES].tolist(),
        )
        for (shown, label), times in ranked
    ]


def gallery(
    predictions: pa.Table, dataset: Dataset, names: Sequence[str], temperature: float | None
) -> list[tuple[int, str]]:
    """Return the rows of the most confident mistakes of the test part, each with its words (`predictions.in_words`)."""
    worst = predictions.take(most_confident(predictions)[0][:MISTAKES])
    rows = tables.column(worst, "row").tolist()
    shown = [dataset.names[dataset.classes[row]] for row in rows]
    return list(zip(rows, in_words(worst, shown, names, temperature), strict=True))
