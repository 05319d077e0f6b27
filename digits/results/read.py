"""Read what the pipeline wrote: images of a dataset, metrics, predictions and mistakes."""

import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd
from pydantic import TypeAdapter

from digits.core import paths, tables
from digits.core.images import read_images
from digits.core.pixels import Pixels, Vector
from digits.core.predictions import labels_of_scores, read_scores
from digits.messages.errors import UserError
from digits.settings.params import RESERVED_NAME

OVERALL = RESERVED_NAME  # the slice of all images, as in digits/evaluation/metrics.py

METRICS = TypeAdapter(dict[str, float])  # the content of metrics/<model>.json

ROW_RANGE = re.compile(r"(\d+)(?:-(\d+))?")  # `36001` or `0-9`


@dataclass(frozen=True, eq=False)
class ImageDataset:
    """The images of a dataset.

    Attributes:
        name: the name of the dataset in params.yaml.
        pixels: shape (n_images, height, width) or, in colour, (n_images, height, width, 3).
        files: the path of each image's picture, or None if the images do not come from files.
        classes: the number of each image's class, shape (n_images,).
        class_names: the names of the classes, or their numbers as text if they have no names.
    """

    name: str
    pixels: Pixels
    files: list[str] | None
    classes: Vector
    class_names: list[str]

    @classmethod
    def read(cls, name: str) -> Self:
        """Read a dataset.

        Raises:
            UserError: its file is missing or damaged.
        """
        path = paths.raw(name)
        if not path.exists():
            raise missing_images_error(name)
        images = read_images(path)
        classes = images.table["class"].to_numpy()
        return cls(
            name=name,
            pixels=images.X.reshape(-1, *images.shape),
            files=images.table["file"].tolist() if "file" in images.table else None,
            classes=classes,
            class_names=images.class_names
            or [str(number) for number in range(classes.max() + 1)],
        )

    def name_image(self, row: int) -> str:
        """Return the file of an image, or else its row number, such as `row 18`."""
        return self.files[row] if self.files else f"row {row}"

    def parse_rows(self, ranges: Sequence[str]) -> Vector:
        """Return the row numbers in ranges such as `36001` and `0-9`, in the given order.

        Raises:
            UserError: a range is malformed, or exceeds the dataset.
        """
        n_images = len(self.classes)
        rows = []
        for text in ranges:
            first, last = parse_row_range(text)
            if last >= n_images:
                raise UserError(
                    f"{self.name} has no image {last}; allowed: 0 to {n_images - 1}"
                )
            rows.append(np.arange(first, last + 1))
        return np.concatenate(rows)


def missing_images_error(name: str) -> UserError:
    """Return the error if the images of a dataset are missing."""
    path = paths.raw(name)
    return UserError(
        f"{path} was not found; run `dvc repro fetch@{name}`, or `dvc pull {path}` if it was "
        "shared"
    )


def parse_row_range(text: str) -> tuple[int, int]:
    """Return the first and the last row number of a range such as `36001` or `0-9`.

    Raises:
        UserError: the range is malformed.
    """
    match = ROW_RANGE.fullmatch(text)
    if match:
        first = int(match[1])
        last = int(match[2] or match[1])
        if first <= last:
            return first, last
    raise UserError(f"{text!r} is neither a number such as 36001 nor a range such as 0-9")


@contextmanager
def report_damage(path: Path, model_name: str) -> Iterator[None]:
    """Report a missing or damaged file of the stage `evaluate` as a UserError."""
    check_evaluated(path, model_name)
    try:
        yield
    except (ValueError, KeyError) as error:
        raise UserError(
            f"{path} is damaged ({error}); run `dvc repro -f evaluate@{model_name}`"
        ) from None


def check_evaluated(path: Path, model_name: str) -> None:
    """Check that a file of a model exists.

    Raises:
        UserError: it doesn't.
    """
    if not path.exists():
        stages = f"train@{model_name} evaluate@{model_name}"
        raise UserError(
            f"{path} was not found; run `digits repro {model_name}`, or `dvc pull {stages}` if "
            "the results were shared"
        )


def read_metrics(model_name: str) -> dict[str, float]:
    """Return the content of metrics/<model>.json.

    Raises:
        UserError: the file is missing or damaged.
    """
    path = paths.metrics(model_name)
    with report_damage(path, model_name):
        metrics = METRICS.validate_json(path.read_bytes())
        check_metrics(metrics, ["accuracy", "baseline"])
        return metrics


def check_metrics(found: Collection[object], needed: Collection[object]) -> None:
    """Check that a file has the metrics that each model has.

    Raises:
        ValueError: one is missing.
    """
    for metric in needed:
        if metric not in found:
            raise ValueError(f"{metric} is missing")


def read_metrics_table(model_name: str) -> pd.DataFrame:
    """Return the content of plots/<model>/metrics.csv.

    Returns:
        A table with the columns `value`, `low` and `high`, indexed by `subset`, `metric` and
        `slice`.

    Raises:
        UserError: the file is missing or damaged.
    """
    path = paths.plots(model_name) / "metrics.csv"
    with report_damage(path, model_name):
        table = pd.read_csv(
            path,
            dtype={"slice": str, "value": float, "low": float, "high": float},
            # pandas would take a class called null for a missing value.
            keep_default_na=False,
            na_values={"low": [""], "high": [""]},
        )
        check_metrics(table["metric"].tolist(), ["accuracy", "support"])
        return table.set_index(["subset", "metric", "slice"])


def read_temperature(model_name: str) -> float | None:
    """Return the temperature that calibrates the scores of a model.

    Returns:
        None if the model has no folds to fit the temperature on, or was not evaluated yet.

    Raises:
        UserError: the table of metrics is missing or damaged.
    """
    if not paths.metrics(model_name).exists():
        return None
    values = read_metrics_table(model_name)["value"]
    return values.get(("cross_validation", "temperature", OVERALL))


def read_predictions(model_name: str, subset: str = "test") -> pd.DataFrame:
    """Return the predictions of a model.

    Args:
        model_name: an entry of params.yaml.
        subset: `test` for the test images, or `train` for the cross-validated predictions of
            the training images.

    Raises:
        UserError: the file is missing, or the model was not cross-validated.
    """
    if subset == "test":
        path = paths.predictions(model_name)
    else:
        path = paths.cv_predictions(model_name)
    check_evaluated(path, model_name)
    table = tables.read(path)
    if "prediction" not in table:
        raise UserError(
            f"{model_name} has no folds, so it has predictions of its test set only"
        )
    return table


def rank_mistakes(predictions: pd.DataFrame) -> Vector:
    """Return the positions of the wrong predictions, the most confident ones first.

    Args:
        predictions: a table of predictions, as docs/pipeline.md describes it.
    """
    is_wrong = (predictions["label"] != predictions["prediction"]).to_numpy()
    ranking = np.argsort(-compute_margins(predictions), kind="stable")
    return ranking[is_wrong[ranking]]


def compute_margins(predictions: pd.DataFrame) -> Vector:
    """Return the highest score minus the second highest of each image, shape (n_images,).

    With two classes, it is how far the score is on the side of the predicted class. It is
    negative if the model has a decision threshold by which it predicts the less probable class.
    """
    scores, response_method = read_scores(predictions)
    if scores.ndim == 2:
        sorted_scores = np.sort(scores, axis=1)
        return sorted_scores[:, -1] - sorted_scores[:, -2]
    middle = 0.5 if response_method == "predict_proba" else 0
    [positive_label] = labels_of_scores(predictions)
    is_positive = predictions["prediction"] == positive_label
    return np.where(is_positive, scores - middle, middle - scores)
