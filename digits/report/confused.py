"""An experiment's mistakes for the report: the most confused pairs, and the most confident mistakes, with pictures."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

from digits.io import tables
from digits.results import drawing
from digits.results.predictions import in_words, most_confident

import pyarrow as pa

PAIRS = 6
PICTURES = 3  # of each pair
MISTAKES = 12  # in the gallery of the most confident ones

Pair = tuple[int, int]  # the digit that an image shows, and the label that was predicted


def count(predictions: pa.Table, dataset: dict[str, Any]) -> tuple[Counter[Pair], Counter[int]]:
    """Count the mistakes of each pair, and the images of each digit.

    Args:
        predictions: a table that meets `tables.PREDICTIONS` or `tables.OUT_OF_FOLD`.
        dataset: as `content.describe_dataset` returns it.
    """
    rows, y_true, y_pred = (tables.column(predictions, name) for name in ("row", "label", "prediction"))
    digits = dataset["classes"][rows]
    wrong = y_true != y_pred
    pairs = Counter(zip(digits[wrong].tolist(), y_pred[wrong].tolist(), strict=True))
    return pairs, Counter(digits.tolist())


def pairs(
    predictions: pa.Table, out_of_fold: pa.Table | None, dataset: dict[str, Any], names: Sequence[str]
) -> list[dict[str, Any]]:
    """Return the most confused pairs of the test part, each with its most confident mistakes.

    Args:
        predictions: of the test part.
        out_of_fold: those of the training part; None where there are none.
        dataset: as `content.describe_dataset` returns it.
        names: of the labels, as `wording.class_names` has them.
    """
    counts, images = count(predictions, dataset)
    others = count(out_of_fold, dataset) if out_of_fold else None
    pictures: dict[Pair, list[int]] = defaultdict(list)
    worst = predictions.take(most_confident(predictions)[0])
    rows, y_pred = tables.column(worst, "row"), tables.column(worst, "prediction")
    for row, digit, label in zip(rows.tolist(), dataset["classes"][rows].tolist(), y_pred.tolist(), strict=True):
        pictures[digit, label].append(row)
    ranked = sorted(counts.items(), key=lambda each: (-each[1], each[0]))[:PAIRS]
    return [
        {
            "words": f"{digit} predicted as {names[label]}",
            "count": times,
            "images": images[digit],
            "out_of_fold": others and {"count": others[0][digit, label], "images": others[1][digit]},
            "pictures": [
                {"row": row, "image": drawing.in_page(dataset["images"][[row]])}
                for row in pictures[digit, label][:PICTURES]
            ],
        }
        for (digit, label), times in ranked
    ]


def gallery(
    predictions: pa.Table, dataset: dict[str, Any], names: Sequence[str], temperature: float | None
) -> list[dict[str, Any]]:
    """Return the most confident mistakes of the test part; the other arguments are those of `mistakes.in_words`."""
    wrong, _ = most_confident(predictions)
    worst = predictions.take(wrong[:MISTAKES])
    rows = tables.column(worst, "row")
    digits = dataset["classes"][rows]
    words = in_words(worst, digits, names, temperature)
    return [
        {"row": row, "digit": digit, "words": text, "picture": drawing.in_page(dataset["images"][[row]])}
        for row, digit, text in zip(rows.tolist(), digits.tolist(), words, strict=True)
    ]
