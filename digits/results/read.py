"""What the pipeline wrote of an experiment: its metrics, figures and predictions."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from digits.core import paths, tables
from digits.core.errors import PipelineError
from digits.core.tables import Vector
from digits.evaluation import calibration
from digits.evaluation.metrics import ALL
from digits.learning.scoring import scores_of
from digits.results import wording

import numpy as np
import pandas as pd

Key = tuple[str, str, str]  # a figure's part, name, and what it is of: a class, a fold, or all


@contextmanager
def reading(path: Path, name: str) -> Iterator[None]:
    """Report in one line that results of an experiment are missing, or damaged by an edit."""
    tables.require(path)
    try:
        yield
    except (ValueError, LookupError, TypeError) as error:
        raise PipelineError(
            f"{path} is damaged ({error}); `dvc repro --force evaluate@{name}` makes it again"
        ) from None


def metrics(name: str) -> dict[str, float]:
    """Return what metrics/NAME.json holds."""
    with reading(path := paths.metrics(name), name):
        return dict(json.loads(path.read_text(encoding="utf-8")))


def rank(name: str) -> float:
    """Return what models are chosen by, the accuracy out of fold, or 0 without folds; the best is the highest."""
    return metrics(name).get("cv_accuracy", 0.0)


def table(name: str) -> pd.DataFrame:
    """Return the columns `value`, `low` and `high` of plots/NAME/figures.csv, by each figure's key."""
    with reading(path := paths.plots(name) / "figures.csv", name):
        empty = {"low": [""], "high": [""]}  # and no others: a class may be called null
        rows = pd.read_csv(path, dtype={"of": str}, keep_default_na=False, na_values=empty)
        return rows.set_index(["part", "figure", "of"])[["value", "low", "high"]]


def figures(name: str) -> dict[Key, float]:
    """Return all figures of an experiment."""
    return dict(table(name)["value"].items())  # type: ignore[arg-type]  # pandas' keys are any


def intervals(name: str) -> dict[Key, tuple[float, float]]:
    """Return the 95 % intervals of those figures of an experiment that have one."""
    ends = table(name).dropna()
    return dict(zip(ends.index, zip(ends["low"], ends["high"], strict=True), strict=True))


def error(name: str, part: str = "test") -> str:
    """Return an experiment's error in percent with its interval, `0.49 (0.37 to 0.65)`.

    Of few groups it is the mistakes, and the error of each: `3.66 (14 of 382; 0.0 7.4 3.8)`.
    """
    found = {key[1:]: value for key, value in figures(name).items() if key[0] == part}
    wrong = {of: 100 * (1 - value) for (figure, of), value in found.items() if figure == "accuracy"}
    if ends := intervals(name).get((part, "accuracy", ALL)):
        return f"{wrong[ALL]:.2f} ({100 * (1 - ends[1]):.2f} to {100 * (1 - ends[0]):.2f})"
    rows = sum(value for (figure, _), value in found.items() if figure == "count")
    groups = " ".join(f"{value:.1f}" for of, value in wrong.items() if of.startswith("group "))
    return f"{wrong[ALL]:.2f} ({wrong[ALL] * rows / 100:.0f} of {rows:.0f}{'; ' * bool(groups)}{groups})"


def temperature(name: str) -> float | None:
    """Return the temperature that calibrates an experiment's scores, as `evaluate` fitted it; None where it did not."""
    return figures(name).get(("cross_validation", "temperature", ALL)) if paths.metrics(name).exists() else None


def predictions(name: str, part: str = "test") -> pd.DataFrame:
    """Return an experiment's predictions of the part `test`, or out of fold of `train`."""
    found = tables.read(paths.predictions(name) if part == "test" else paths.out_of_fold(name))
    if "prediction" not in found:
        raise PipelineError(f"{name} has no folds, so no predictions of its training part; choose --part test")
    return found


def most_confident(predictions: pd.DataFrame) -> Vector:
    """Return the positions of mistakes, ordered by how far the predicted class's score stood above the next one's.

    Of two classes it is the score's distance from the threshold. The most confident mistake comes first.
    """
    scores, _, labels = scores_of(predictions)
    wrong = np.flatnonzero(predictions["label"] != predictions["prediction"])
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
