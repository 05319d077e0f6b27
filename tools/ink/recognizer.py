"""Ask one of the trained models which digits it sees, and how sure it is."""

from common import parameters
from common.cli import PipelineError
from common.parameters import FILE
from common.tables import Scores

import json
from math import isqrt
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from evaluation import calibration
from learning import models


class Recognizer(NamedTuple):
    """A trained model and what it takes to read its answers.

    Attributes:
        experiment: its name in params.yaml.
        size: height and width in pixels of the images that it takes: 28 or 8.
        classes: its answers: the digits, or 0 (no) and 1 (yes).
        positive: the digits it says yes to; None for a model that names the digit.
        model: the scikit-learn pipeline.
        temperature: what makes its scores honest probabilities, fitted by `evaluate` to the out-of-fold scores.
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
        model = models.load(path)
        task = values["tasks"][values["experiments"][name]["task"]]
        return cls(
            experiment=name,
            size=isqrt(model[0].n_features_in_),
            classes=[int(label) for label in model.classes_],
            positive=task.get("positive"),
            model=model,
            temperature=_temperature(name),
        )

    def probabilities(self, images: npt.NDArray[np.uint8]) -> Scores:
        """Return how likely each class is, in the model's opinion.

        Args:
            images: shape (n, size, size), as `digits.find` draws them.

        Returns:
            Shape (n, len(classes)), 0 to 1; each row sums to 1.
        """
        scores = models.score(self.model, images.reshape(len(images), -1))
        logits = calibration.logits(scores, models.gives_probabilities(self.model))
        return calibration.probabilities(logits, self.temperature)


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


def _temperature(name: str) -> float:
    """Return the temperature of an experiment that has been evaluated; 1 for one that has not."""
    path = Path("metrics", f"{name}.json")
    if not path.exists():
        return 1.0
    return float(json.loads(path.read_text(encoding="utf-8"))["calibration"]["temperature"])
