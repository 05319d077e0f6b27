"""A trained model, asked for the digits that it sees and how likely each is."""

import hashlib
import io
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt
import yaml
from sklearn.pipeline import Pipeline

from digits.common import parameters, paths
from digits.common.errors import ParameterError, PipelineError, require_choice
from digits.common.files import require
from digits.common.parameters import FILE, Dataset, Experiment, Parameters, Task
from digits.common.tables import Scores
from digits.evaluation import calibration
from digits.learning import models
from tools import results

DRAWN = [(28, 28), (8, 8)]  # height and width of the images that `handwriting.normalize` makes of a picture


NOT_CALIBRATED = "not calibrated: {} has no folds to fit its probabilities on, or has not been evaluated"


class Recognizer(NamedTuple):
    """A trained model and what it takes to read its predictions.

    Attributes:
        experiment: its name in params.yaml.
        shape: height and width in pixels of the images that it takes.
        classes: the digits, or 0 (no) and 1 (yes).
        positive: the digits that are a yes; None for a model that names the digit.
        model: the fitted pipeline.
        temperature: of the calibration, as `evaluate` fitted it; None where it was not: there were no folds to fit it
            on, or the experiment has not been evaluated.
    """

    experiment: str
    shape: tuple[int, int]
    classes: list[int]
    positive: list[int] | None
    model: Pipeline
    temperature: float | None

    @classmethod
    def load(cls, experiment: str | None = None, dataset: str | None = None) -> Self:
        """Load the model of an experiment.

        Args:
            experiment: its name; None for the best that names all digits: the one with the largest images, then with
                the highest out-of-fold accuracy.
            dataset: the one whose images it is to recognize, on which the best must have been trained; None for
                pictures.

        Raises:
            ParameterError: there is no such experiment or dataset, or its images are not what pictures can become.
            PipelineError: its model is missing, is not the file that dvc.lock records, was written by another version
                of scikit-learn, or takes other images than its dataset has; or no model is here at all.
        """
        params = parameters.load()
        if dataset is not None:
            require_choice(f"{FILE}: datasets", dataset, params.names(Dataset))
        name = experiment or _best(params, dataset)
        task = params.block(Experiment, name).task
        height, width = shape = _image_size(params, name)
        if dataset is None and shape not in DRAWN:
            raise ParameterError(
                f"{name} takes images of {height} × {width} pixels, a picture becomes one of 28 × 28 or 8 × 8; choose "
                "another --model"
            )
        path = paths.model(name)
        model = load_recorded(path)
        if model[0].n_features_in_ != height * width:
            raise PipelineError(
                f"{path} takes images of {model[0].n_features_in_} pixels, its dataset's are {height} × {width} now; "
                f"`dvc repro train@{name}` makes it again"
            )
        return cls(
            experiment=name,
            shape=shape,
            classes=model.classes_.tolist(),
            positive=params.block(Task, task).positive,
            model=model,
            temperature=_temperature(name),
        )

    @property
    def size(self) -> int:
        """Height and width in pixels of the images that pictures become."""
        return self.shape[0]

    def probabilities(self, images: npt.NDArray[np.uint8]) -> Scores:
        """Return the probability of each class, calibrated where there is a temperature.

        Args:
            images: shape (images, height, width), as `handwriting.normalize` draws them or as the dataset has them.

        Returns:
            Shape (images, classes), 0 to 1; each row sums to 1.
        """
        scores = models.score(self.model, images.reshape(len(images), -1))
        return calibration.probabilities(calibration.logits(scores, models.method(self.model)), self.temperature or 1.0)


def load_recorded(path: Path) -> Pipeline:
    """Load a model if it is the file that dvc.lock records, because to load a model is to run the code in it.

    The lock is in Git; the models come from a cache that others can write to.

    Raises:
        PipelineError: it is another file; or as `models.load` does.
    """
    stage = f"train@{path.stem}"
    require(path, stage)
    content = path.read_bytes()  # once: what is checked is what is loaded
    if hashlib.md5(content, usedforsecurity=False).hexdigest() != _recorded(path, stage):
        raise PipelineError(
            f"{path} is not the file that dvc.lock records, so it is not loaded; `dvc repro --force {stage}` makes it "
            f"again, `dvc commit {stage}` records it if it is your own work"
        )
    return models.load(path, io.BytesIO(content))


def _recorded(path: Path, stage: str) -> str | None:
    """Return the MD5 that dvc.lock records for a model; None where it records none."""
    try:
        stages = yaml.load(Path("dvc.lock").read_text(encoding="utf-8"), yaml.CSafeLoader)["stages"]
        return {out["path"]: out["md5"] for out in stages[stage]["outs"]}.get(path.as_posix())
    except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError):  # no lock, no such stage, or no lock of DVC's
        return None


def _temperature(experiment: str) -> float | None:
    if not paths.metrics(experiment).exists():
        return None
    return results.figures(experiment).get(("cross_validation", "temperature", "all"))


def _best(params: Parameters, dataset: str | None) -> str:
    """Return the best experiment that names all digits, has a model and has been evaluated."""
    ranks = {}
    for name, experiment in params.blocks(Experiment).items():
        height, width = shape = _image_size(params, name)
        fits = params.dataset_of(name) == dataset if dataset else shape in DRAWN
        made = paths.metrics(name).exists() and paths.model(name).exists()
        if fits and made and not params.block(Task, experiment.task).positive:
            ranks[height * width, results.read(name).merit] = name
    if not ranks:
        of = f"the dataset {dataset}" if dataset else "images of 28 × 28 or 8 × 8 pixels"
        raise PipelineError(
            f"no model of {of} that names digits is here; `make demo` or `dvc repro` makes one, `dvc pull` fetches it"
        )
    return ranks[max(ranks)]


def _image_size(params: Parameters, experiment: str) -> tuple[int, int]:
    height, width = params.block(Dataset, params.dataset_of(experiment)).shape
    return height, width
