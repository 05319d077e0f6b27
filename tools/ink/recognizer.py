"""Ask one of the trained models which digits it sees, and how sure it is."""

from common import parameters
from common.cli import PipelineError
from common.tables import Scores

from math import isqrt
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from evaluation import calibration
from learning import models
from reporting import measured
from reporting.sections import Dataset, Experiment, Split, Task


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
        block = parameters.block(values, "experiments", name, Experiment)
        path = Path("models", f"{name}.joblib")
        model = models.load(path)
        return cls(
            experiment=name,
            size=isqrt(model[0].n_features_in_),
            classes=[int(label) for label in model.classes_],
            positive=parameters.block(values, "tasks", block.task, Task).positive,
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
    for name, block in parameters.section(values, "experiments", Experiment).items():
        trained_on = parameters.block(values, "splits", block.split, Split).dataset
        positive = parameters.block(values, "tasks", block.task, Task).positive
        figures = Path("metrics", f"{name}.json")
        if positive or (dataset and trained_on != dataset):
            continue
        if figures.exists() and Path("models", f"{name}.joblib").exists():
            height, width = parameters.block(values, "datasets", trained_on, Dataset).shape
            ranks[height * width, measured.read(figures).test.accuracy] = name
    if not ranks:
        of = f" of the dataset {dataset}" if dataset else ""
        raise PipelineError(f"no model{of} that names digits is here; `make demo` makes some, `dvc pull` fetches them")
    return ranks[max(ranks)]


def _temperature(name: str) -> float:
    """Return the temperature of an experiment that has been evaluated; 1 for one that has not."""
    path = Path("metrics", f"{name}.json")
    if not path.exists():
        return 1.0
    return measured.read(path).calibration.temperature
