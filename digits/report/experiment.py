"""What the page says of an experiment, on the test part and out of fold."""

import hashlib
import re
from collections.abc import Sequence
from typing import Any

from digits.core import paths
from digits.core.errors import PipelineError
from digits.core.params import Params
from digits.evaluation.metrics import ALL
from digits.report.plots import Key, read_plots
from digits.results import read, wording
from digits.results.read import Images

import pandas as pd
import yaml

PAIRS = 6
PICTURES = 3  # of each pair


def describe(name: str, settings: Params, images: Images) -> dict[str, Any]:
    """Return what experiment.html says of an experiment; a PipelineError if its files are not of the same run."""
    block = settings.experiments[name]
    task = settings.tasks[block.task]
    names = wording.label_names(task, images.own_names)
    metrics, table = read.metrics(name), read.figures(name)
    figures: dict[Key, float] = dict(table["value"].items())  # type: ignore[arg-type]
    ends = table[["low", "high"]].dropna()
    intervals = dict(zip(ends.index, ends.itertuples(index=False, name=None), strict=True))
    tested = read_predictions(name, "test", images)
    wrong = tested.iloc[read.most_confident(tested)]
    error = len(wrong) / len(tested)
    if abs(1 - error - metrics["accuracy"]) > 1e-6:  # which is rounded
        remedy = "`dvc checkout` or `dvc repro` brings them together"
        raise PipelineError(f"{paths.predictions(name)} and {paths.metrics(name)} are not of the same run; {remedy}")
    has_folds = "cv_accuracy" in metrics and paths.out_of_fold(name).exists()
    out_of_fold = read_predictions(name, "train", images) if has_folds else None
    folds, groups = (
        {(part, of.removeprefix(kind)): value for (part, figure, of), value in figures.items() if of.startswith(kind)}
        for kind in ("fold ", "group ")
    )
    values = block.model_dump(exclude={"description", "tutorial"}, exclude_unset=True)
    rule = block.hyperparameters.threshold
    files = (paths.model(name), paths.predictions(name), paths.metrics(name))
    return {
        "name": name,
        "block": block,
        "task": task,
        "images": images,
        "noun": "class" if images.own_names else "digit",
        "names": names,  # of the labels
        "wrong": len(wrong),
        "tested": len(tested),
        "error": error,
        "shown_error": read.error(name),
        "interval": [1 - end for end in reversed(intervals.get(("test", "accuracy", ALL), ()))],  # of the error
        "metrics": metrics,
        "figures": figures,
        "intervals": intervals,
        "folds": folds,
        "groups": groups,
        "group_errors": [1 - accuracy for (part, _), accuracy in groups.items() if part == "test"],
        "is_by_group": "group" in tested,
        "plots": read_plots(name, figures, names, is_detector=bool(task.positive)),
        "pairs": confused_pairs(wrong, tested, out_of_fold, images, names),
        "mistakes": list_mistakes(wrong, images, names, read.temperature(name)),
        "rule": rule if isinstance(rule, dict) else {},  # what chose its threshold
        "parameters": yaml.safe_dump(values, sort_keys=False),
        "digests": {path.as_posix(): hashlib.md5(path.read_bytes()).hexdigest() for path in files if path.exists()},
    }


def read_predictions(name: str, part: str, images: Images) -> pd.DataFrame:
    """Return an experiment's predictions of its dataset's images, each once, with what they show, `class`."""
    table = read.predictions(name, part).drop_duplicates("row")
    own = table[table["row"] < len(images.classes)]  # the others are a mix's other dataset's
    return own.assign(**{"class": images.classes[own["row"]]})


def confused_pairs(
    wrong: pd.DataFrame, tested: pd.DataFrame, out_of_fold: pd.DataFrame | None, images: Images, names: Sequence[str]
) -> list[dict[str, Any]]:
    """Return which classes were predicted as which label most often on the test part.

    Each pair has its words; how often it occurred, of how many images of the class, on the test part and, where there
    are folds, out of fold; and the rows of its most confident mistakes, of `wrong`, the mistakes of `tested`.
    """

    def count(table: pd.DataFrame, shown: int, label: int) -> tuple[int, int]:
        is_shown = table["class"] == shown
        return int((is_shown & (table["prediction"] == label)).sum()), int(is_shown.sum())

    by_pair = wrong.groupby(["class", "prediction"])["row"]
    return [
        {
            "words": f"{images.names[shown]} predicted as {names[label]}",
            "test": count(tested, shown, label),
            "out_of_fold": None if out_of_fold is None else count(out_of_fold, shown, label),
            "rows": by_pair.get_group((shown, label)).tolist()[:PICTURES],
        }
        for shown, label in by_pair.size().sort_values(ascending=False, kind="stable").index[:PAIRS]
    ]


def list_mistakes(
    wrong: pd.DataFrame, images: Images, names: Sequence[str], temperature: float | None
) -> list[tuple[int, str, str, str]]:
    """Return the row, actual label, prediction and words (`read.in_words`) of mistakes, in their order."""
    actual, predicted = ([names[label] for label in wrong[column]] for column in ("label", "prediction"))
    words = read.in_words(wrong, [images.names[label] for label in wrong["class"]], names, temperature)
    unbroken = [re.sub(r" (?=[^(]*\)$)", "\N{NO-BREAK SPACE}", text) for text in words]
    return list(zip(wrong["row"].tolist(), actual, predicted, unbroken, strict=True))
