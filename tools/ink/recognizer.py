"""Ask one of the trained models which digits it sees, and how sure it is."""

from common import parameters, tables
from common.cli import PipelineError
from common.files import expect
from common.parameters import FILE

import hashlib
import json
from math import isqrt
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt
import yaml
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

from learning import models

LOCK = Path("dvc.lock")
SAMPLE = 10_000  # out-of-fold scores that are enough to fit one temperature


class Recognizer(NamedTuple):
    """A trained model and what it takes to read its answers.

    Attributes:
        experiment: its name in params.yaml.
        size: height and width in pixels of the images that it takes: 28 or 8.
        classes: its answers: the digits, or 0 (no) and 1 (yes).
        positive: the digits it says yes to; None for a model that names the digit.
        model: the scikit-learn pipeline.
        temperature: what decision values are divided by on their way to probabilities; 1 where the model gives
            probabilities itself.
    """

    experiment: str
    size: int
    classes: list[int]
    positive: list[int] | None
    model: Any
    temperature: float

    @classmethod
    def load(cls, experiment: str | None = None, dataset: str | None = None) -> Self:
        """Load the model of an experiment.

        Args:
            experiment: its name; None for the best that names all digits: the one with the largest images, then with
                the highest test accuracy.
            dataset: None, or the dataset that the best one must have been trained on.

        Raises:
            ParameterError: there is no such experiment.
            PipelineError: its model is missing, is not the file that dvc.lock records, or was written by another
                version of scikit-learn; or no model is here at all.
        """
        values = parameters.load()
        name = experiment or _best(values, dataset)
        parameters.choose(f"{FILE}: experiments", name, values["experiments"])
        path = Path("models", f"{name}.joblib")
        _check_digest(path)
        model = models.load(path)
        task = values["tasks"][values["experiments"][name]["task"]]
        return cls(
            experiment=name,
            size=isqrt(model[0].n_features_in_),
            classes=[int(label) for label in model.classes_],
            positive=task.get("positive"),
            model=model,
            temperature=1.0 if hasattr(model, "predict_proba") else _temperature(name, model),
        )

    def probabilities(self, images: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
        """Return how likely each class is, in the model's opinion.

        Args:
            images: shape (n, size, size), as `digits.find` draws them.

        Returns:
            Shape (n, len(classes)), 0 to 1; each row sums to 1.
        """
        pixels = images.reshape(len(images), -1)
        if hasattr(self.model, "predict_proba"):
            return np.asarray(self.model.predict_proba(pixels), np.float64)
        return softmax(_logits(models.score(self.model, pixels)) / self.temperature, axis=1)


def _best(values: dict[str, Any], dataset: str | None) -> str:
    """Return the best experiment that names all digits, has a model and has been evaluated."""
    ranks = {}
    for name, block in values["experiments"].items():
        trained_on = values["splits"][block["split"]]["dataset"]
        figures = Path("metrics", f"{name}.json")
        if values["tasks"][block["task"]].get("positive") or (dataset and trained_on != dataset):
            continue
        if figures.exists() and Path("models", f"{name}.joblib").exists():
            height, width = values["datasets"][trained_on]["shape"]
            ranks[height * width, json.loads(figures.read_text())["test"]["accuracy"]] = name
    if not ranks:
        of = f" of the dataset {dataset}" if dataset else ""
        raise PipelineError(f"no model{of} that names digits is here; `make demo` makes some, `dvc pull` fetches them")
    return ranks[max(ranks)]


def _check_digest(path: Path) -> None:
    """Refuse a model file that is not the one that the pipeline made: to load a model is to run it.

    Raises:
        PipelineError: it is missing, or its MD5 digest is not the one in dvc.lock.
    """
    name = path.stem
    expect(path, f"train@{name}")
    lock = yaml.load(LOCK.read_text(encoding="utf-8"), yaml.CSafeLoader) if LOCK.exists() else {}
    outputs = lock.get("stages", {}).get(f"train@{name}", {}).get("outs", [])
    recorded = {output["md5"] for output in outputs if output["path"] == path.as_posix()}
    if hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest() not in recorded:
        raise PipelineError(
            f"{path} is not the file that {LOCK} records, so it is not loaded; "
            f"`dvc repro --force train@{name}` makes it again"
        )


def fitted_temperature(logits: npt.NDArray[np.floating[Any]], answers: npt.NDArray[np.integer[Any]]) -> float:
    """Fit the one number that turns decision values into honest probabilities.

    Dividing by it changes no answer, only how sure the model is: the value of greatest likelihood (C. Guo et al., On
    calibration of modern neural networks, 2017).

    Args:
        logits: shape (rows, classes), of images that the model had not seen.
        answers: shape (rows,), the column that is right.
    """

    def unlikeliness(log_temperature: float) -> float:
        likelihoods = log_softmax(logits / np.exp(log_temperature), axis=1)
        return -float(likelihoods[np.arange(len(answers)), answers].mean())

    return float(np.exp(minimize_scalar(unlikeliness, bounds=(-10, 20), method="bounded").x))


def _temperature(name: str, model: Any) -> float:
    """Return the temperature of an experiment's out-of-fold scores; 1 where it has no folds."""
    path = Path("data", "crossval", f"{name}.parquet")
    if not path.exists():
        return 1.0
    table = tables.read(path)
    if "fold" not in table.column_names:
        return 1.0
    step = max(1, -(-len(table) // SAMPLE))
    logits = _logits(tables.read_scores(table)[::step].astype(np.float64))
    return fitted_temperature(logits, np.searchsorted(model.classes_, tables.column(table, "label")[::step]))


def _logits(scores: tables.Scores) -> tables.Scores:
    """Give two classes a column each: softmax over (0, score) is the logistic function of the score."""
    return scores if scores.ndim == 2 else np.stack([np.zeros_like(scores), scores], axis=1)
