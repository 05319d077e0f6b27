"""Ask one of the trained models which digits it sees, and how sure it is."""

from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from digits.common import parameters
from digits.common.cli import ParameterError, PipelineError
from digits.common.parameters import FILE
from digits.common.tables import Scores
from digits.evaluation import calibration
from digits.learning import models
from tools.report import measured
from tools.report.sections import Dataset, Experiment, Split, Task

DRAWN = [(28, 28), (8, 8)]  # height and width of the images that `digits` can make of a picture


class Recognizer(NamedTuple):
    """A trained model and what it takes to read its answers.

    Attributes:
        experiment: its name in params.yaml.
        shape: height and width in pixels of the images that it takes.
        classes: its answers: the digits, or 0 (no) and 1 (yes).
        positive: the digits it says yes to; None for a model that names the digit.
        model: the scikit-learn pipeline.
        temperature: what makes its scores honest probabilities, fitted by `evaluate` to the out-of-fold scores.
    """

    experiment: str
    shape: tuple[int, int]
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
            dataset: the one whose images it is to be asked about, on which the best must have been trained; None for
                pictures.

        Raises:
            ParameterError: there is no such experiment or dataset, or its images are not what pictures can become.
            PipelineError: its model is missing, is not the file that dvc.lock records, was written by another version
                of scikit-learn, or takes other images than its dataset has; or no model is here at all.
        """
        values = parameters.load()
        if dataset is not None:
            parameters.choose(f"{FILE}: datasets", dataset, parameters.blocks(values, "datasets"))
        name = experiment or _best(values, dataset)
        block = parameters.block(values, "experiments", name, Experiment)
        height, width = _shape(values, block)
        if dataset is None and (height, width) not in DRAWN:
            raise ParameterError(
                f"{name} takes images of {height} × {width} pixels, a picture becomes one of 28 × 28 or 8 × 8; choose "
                "another --model"
            )
        path = Path("models", f"{name}.joblib")
        model = models.load(path)
        if model[0].n_features_in_ != height * width:
            raise PipelineError(
                f"{path} takes images of {model[0].n_features_in_} pixels, its dataset's are {height} × {width} now; "
                f"`dvc repro train@{name}` makes it again"
            )
        return cls(
            experiment=name,
            shape=(height, width),
            classes=[int(label) for label in model.classes_],
            positive=parameters.block(values, "tasks", block.task, Task).positive,
            model=model,
            temperature=_temperature(name),
        )

    @property
    def size(self) -> int:
        """Height and width in pixels of the images that pictures become."""
        return self.shape[0]

    def probabilities(self, images: npt.NDArray[np.uint8]) -> Scores:
        """Return how likely each class is, in the model's opinion.

        Args:
            images: shape (n, height, width), as `digits.find` draws them or as the dataset has them.

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
        height, width = _shape(values, block)
        figures = Path("metrics", f"{name}.json")
        if dataset:
            fits = parameters.block(values, "splits", block.split, Split).dataset == dataset
        else:
            fits = (height, width) in DRAWN
        if not fits or parameters.block(values, "tasks", block.task, Task).positive:
            continue
        if figures.exists() and Path("models", f"{name}.joblib").exists():
            ranks[height * width, measured.read(figures).test.accuracy] = name
    if not ranks:
        of = f"the dataset {dataset}" if dataset else "images of 28 × 28 or 8 × 8 pixels"
        raise PipelineError(
            f"no model of {of} that names digits is here; `make demo` or `dvc repro` makes one, `dvc pull` fetches it"
        )
    return ranks[max(ranks)]


def _shape(values: dict[str, Any], experiment: Experiment) -> tuple[int, int]:
    """Return the height and width in pixels of the images that an experiment is about."""
    dataset = parameters.block(values, "splits", experiment.split, Split).dataset
    height, width = parameters.block(values, "datasets", dataset, Dataset).shape
    return height, width


def _temperature(name: str) -> float:
    """Return the temperature of an experiment that has been evaluated; 1 for one that has not."""
    path = Path("metrics", f"{name}.json")
    if not path.exists():
        return 1.0
    return measured.read(path).calibration.temperature
