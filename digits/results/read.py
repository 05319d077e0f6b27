"""What the pipeline wrote: the images of a dataset, and the metrics, figures and predictions of an experiment."""

import io
import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, Self, TypeVar

from digits.core import paths, tables
from digits.core.errors import PipelineError
from digits.core.tables import Pixels, Vector
from digits.evaluation import calibration
from digits.evaluation.metrics import ALL
from digits.learning.scoring import scores_of
from digits.results import wording

import numpy as np
import pandas as pd

Found = TypeVar("Found")


class Images(NamedTuple):
    """The images of a dataset of `data/raw/`."""

    name: str
    pixels: Pixels  # shape (images, height, width)
    classes: Vector  # that each image shows, shape (images,)
    own_names: list[str] | None  # of the classes; None for digits
    names: list[str]  # of each class, by its number

    @classmethod
    def read(cls, name: str) -> Self:
        """Read a dataset; a PipelineError if its file is missing or damaged."""
        frame = tables.read(paths.raw(name))
        names, pixels = frame.attrs.get("names"), tables.pixels(frame).reshape(-1, *frame.attrs["shape"])
        return cls(name, pixels, frame["class"].to_numpy(), names, names or [*map(str, range(256))])

    def select(self, numbers: Sequence[str]) -> Vector:
        """Turn `36001` and `0-9` into row numbers, in the order given. Without numbers, return all rows."""
        rows = [] if numbers else [np.arange(len(self.classes))]
        for text in numbers:
            match = re.fullmatch(r"(\d{1,18})(?:-(\d{1,18}))?", text)
            if not match or (last := int(match[2] or match[1])) < int(match[1]):
                raise PipelineError(f"{text!r} is neither a number such as 36001 nor a range such as 0-9")
            if last >= len(self.classes):
                raise PipelineError(f"{self.name} has no image {last}; allowed: 0 to {len(self.classes) - 1}")
            rows.append(np.arange(int(match[1]), last + 1))
        return np.concatenate(rows)


def parsed(path: Path, name: str, parse: Callable[[str], Found]) -> Found:
    """Return what is in a file of results; a PipelineError if it is missing, or damaged by an edit."""
    tables.require(path)
    try:
        return parse(path.read_text(encoding="utf-8"))
    except (ValueError, LookupError, TypeError) as error:
        raise PipelineError(f"{path} is damaged ({error}); `dvc repro -f evaluate@{name}` makes it again") from None


def metrics(name: str) -> dict[str, float]:
    """Return what metrics/NAME.json holds."""
    return parsed(paths.metrics(name), name, lambda text: dict(json.loads(text)))


def figures(name: str) -> pd.DataFrame:
    """Return the columns `value`, `low` and `high` of plots/NAME/figures.csv, by `part`, `figure` and `of`."""
    empty = {"low": [""], "high": [""]}  # and no others: a class may be called null

    def parse(text: str) -> pd.DataFrame:
        found = pd.read_csv(io.StringIO(text), dtype={"of": str}, keep_default_na=False, na_values=empty)
        return found.set_index(["part", "figure", "of"])

    return parsed(paths.plots(name) / "figures.csv", name, parse)


def error(name: str, part: str = "test") -> str:
    """Return an experiment's error in percent, `0.49 (0.37 to 0.65)`; of few groups `3.66 (14 of 382; 0.0 7.4 3.8)`."""
    found = figures(name).loc[part].reset_index()
    errors = 100 * (1 - found[found["figure"] == "accuracy"].set_index("of")[["value", "high", "low"]])
    error, low, high = map(float, errors.loc[ALL])
    if low <= high:  # else there is none
        return f"{error:.2f} ({low:.2f} to {high:.2f})"
    rows = found.loc[found["figure"] == "count", "value"].sum()
    groups = " ".join(f"{each:.1f}" for each in errors.filter(like="group ", axis="index")["value"])
    return f"{error:.2f} ({error * rows / 100:.0f} of {rows:.0f}{'; ' * bool(groups)}{groups})"


def temperature(name: str) -> float | None:
    """Return the temperature that calibrates an experiment's scores, as `evaluate` fitted it; None where it did not."""
    key = "cross_validation", "temperature", ALL
    return figures(name)["value"].get(key) if paths.metrics(name).exists() else None


def predictions(name: str, part: str = "test") -> pd.DataFrame:
    """Return an experiment's predictions of the part `test`, or out of fold of `train`."""
    found = tables.read(paths.predictions(name) if part == "test" else paths.out_of_fold(name))
    if "prediction" not in found:
        raise PipelineError(f"{name} has no folds, so no predictions of its training part; choose --part test")
    return found


def most_confident(predictions: pd.DataFrame) -> Vector:
    """Return the positions of mistakes, by how far the score is above the next class's, or from the threshold."""
    wrong = np.flatnonzero(predictions["label"] != predictions["prediction"])
    scores, _, labels = scores_of(predictions)
    if scores.ndim == 1:
        is_yes = (predictions["prediction"] == labels[0]).to_numpy()
        edges = [*np.sort(scores[~is_yes])[-1:], *np.sort(scores[is_yes])[:1]]  # the threshold lies between them
        confidence = np.abs(scores - np.mean(edges))
    else:
        confidence = np.diff(np.sort(scores)[:, -2:])[:, 0]
    return wrong[np.argsort(-confidence[wrong], kind="stable")]


def in_words(
    predictions: pd.DataFrame, digits: Sequence[object], names: Sequence[str], temperature: float | None
) -> list[str]:
    """Return `8, predicted 8 (97 %)` for each prediction; `digits` are what the images show, `names` the labels'."""
    y_pred = predictions["prediction"].to_numpy()
    scores, method, labels = scores_of(predictions)
    columns = (y_pred == labels[0]).astype(int) if len(labels) == 1 else np.searchsorted(labels, y_pred)
    shares = calibration.probabilities(calibration.logits(scores, method), temperature or 1.0)
    each = zip(y_pred, shares[np.arange(len(columns)), columns], digits, strict=True)
    return [wording.predicted(names[label], wording.percent(share), digit) for label, share, digit in each]
