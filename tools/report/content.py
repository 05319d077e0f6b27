"""What the report's page says: of a dataset, of an experiment, and of the versions that made it."""

import hashlib
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from digits.common import parquet, paths, tables
from digits.common.errors import PipelineError
from digits.common.files import DECIMALS
from digits.common.parameters import Experiment
from digits.common.tables import IMAGES, Pixels, Vector
from tools import drawing, results
from tools.mistakes import most_confident, read_predictions
from tools.report import figures

MISTAKES = 12  # in an experiment's gallery
SAMPLES = 10  # of each digit on the sample sheet
POINTS = 12  # of the ROC curve, in numbers
PACKAGES = ["dvc", "joblib", "numpy", "pandas", "pyarrow", "scikit-learn", "scipy"]


def locked_versions(requirements: str) -> dict[str, str]:
    """Return the versions that requirements.lock pins for the packages that results depend on.

    Raises:
        PipelineError: one is not pinned.
    """
    pinned = dict(re.findall(r"^([a-z0-9-]+)==([^ ;\\]+)", requirements, flags=re.MULTILINE))
    if missing := {*PACKAGES} - {*pinned}:
        raise PipelineError(f"requirements.lock does not pin {min(missing)}; take it from Git again")
    return {name: pinned[name] for name in PACKAGES}


def describe_dataset(name: str) -> dict[str, Any]:
    """Return what the page says of a dataset, with its images and classes for the galleries."""
    path = paths.raw(name)
    images = parquet.read_pixels(path).reshape(-1, *parquet.image_shape(path))
    classes = parquet.read_column(path, IMAGES, "class")
    present, counts = np.unique(classes, return_counts=True)
    return {
        "name": name,
        "images": images,
        "classes": classes,
        "shape": images.shape[1:],
        "counts": dict(zip(present.tolist(), counts.tolist(), strict=True)),
        "sha256": hashlib.sha256(images.tobytes()).hexdigest(),
        "averages": drawing.in_page(averages(images, classes), columns=len(present)),
        "samples": drawing.in_page(samples(images, classes, SAMPLES), columns=SAMPLES),
    }


def averages(images: Pixels, classes: Vector) -> Pixels:
    """Return the mean image of each class, shape (classes, height, width)."""
    return np.stack([images[classes == label].mean(axis=0) for label in np.unique(classes)]).astype(np.uint8)


def samples(images: Pixels, classes: Vector, count: int) -> Pixels:
    """Return the first `count` images of each class, class by class, shape (classes * count, height, width).

    Where a class has fewer, black ones follow, so that the next class begins at its place.
    """
    first = [images[classes == label][:count] for label in np.unique(classes)]
    return np.concatenate([np.pad(batch, [(0, count - len(batch)), (0, 0), (0, 0)]) for batch in first])


def describe_experiment(name: str, experiment: Experiment, dataset: dict[str, Any]) -> dict[str, Any]:
    """Return what the page says of an experiment, from its block of params.yaml and its files.

    Raises:
        PipelineError: a file is missing or damaged, or they are not of the same run.
    """
    again = f"`dvc repro --force evaluate@{name}` makes them again"
    predictions = read_predictions(name, len(dataset["classes"]))
    positive = tables.metadata(predictions.schema).get("positive")
    result = results.read(name)
    measured = results.figures(name)
    test = {figure: value for (part, figure, of), value in measured.items() if (part, of) == ("test", "all")}
    recall = {of: value for (part, figure, of), value in measured.items() if (part, figure) == ("test", "recall")}
    try:
        charts = _charts(paths.plots(name), recall, positive is not None)
    except (ValueError, LookupError, TypeError, NameError, RecursionError) as error:  # edited or merged by hand
        raise PipelineError(f"the plots of {name} are damaged ({error}); {again}") from None
    rows, y_true, y_pred = (tables.column(predictions, key) for key in ("row", "label", "prediction"))
    if abs((y_true == y_pred).mean() - result.accuracy) > 10**-DECIMALS:
        raise PipelineError(f"{paths.predictions(name)} and {paths.metrics(name)} are not of the same run; {again}")
    wrong, shares = most_confident(predictions)
    return {
        "name": name,
        "block": experiment,
        "rank": result.rank(experiment),
        "cells": result.cells(len(y_true)),
        "test": test,
        "train_accuracy": measured["train", "accuracy", "all"],
        "calibrated": ("cross_validation", "temperature", "all") in measured,
        "parameters": yaml.safe_dump(experiment.model_dump(exclude={"description", "tutorial"}), sort_keys=False),
        "dataset": dataset["name"],
        "positive": tables.integers(positive) if positive else None,
        "wrong": len(wrong),
        "tested": len(y_true),
        "mistakes": [
            {
                "row": rows[i],
                "prediction": y_pred[i],
                "share": share,
                "digit": dataset["classes"][rows[i]],
                "picture": drawing.in_page(dataset["images"][[rows[i]]]),
            }
            for i, share in zip(wrong[:MISTAKES], shares[:MISTAKES], strict=True)
        ],
        "digests": {
            path: hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
            for path in (paths.model(name), paths.predictions(name), paths.metrics(name))
            if path.is_file()  # a table in several files has none of its own
        },
        **charts,
    }


def _charts(folder: Path, recall: dict[str, float], is_detector: bool) -> dict[str, Any]:
    """Draw an experiment's figures; for two classes, also give points of the ROC curve as numbers."""
    confusion = pd.read_csv(folder / "confusion.csv").query("part == 'test'")
    charts = {f"confusion_{column}": figures.confusion(confusion, column, is_detector) for column in ("count", "share")}
    charts["reliability"] = figures.reliability(pd.read_csv(folder / "reliability.csv"))
    if not is_detector:
        by_class = {of: value for of, value in recall.items() if of != "all"}
        return {"charts": charts | {"recall": figures.recall(by_class)}, "thresholds": []}
    roc, precision_recall = (pd.read_csv(folder / f"{kind}.csv") for kind in ("roc", "precision_recall"))
    charts["roc"] = figures.curves(roc, "roc")
    charts["precision_recall"] = figures.curves(precision_recall, "precision_recall")
    tested = roc.query("part == 'test'")
    points = tested.iloc[:: max(1, math.ceil(len(tested) / POINTS))]
    return {"charts": charts, "thresholds": points.to_dict("records")}
