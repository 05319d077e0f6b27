"""A trained model, asked for the digits that it sees and how likely each is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

from digits.core import params, paths
from digits.core.errors import PipelineError, warn
from digits.core.params import DatasetParams, Params
from digits.core.tables import Pixels, Scores, Vector
from digits.evaluation import calibration
from digits.handwriting import components, touching
from digits.handwriting.components import Digit
from digits.handwriting.likeness import Likeness
from digits.learning import model_file
from digits.learning import scores as model_scores
from digits.pictures import Picture
from digits.results import wording
from digits.results.read import read_metrics, read_temperature
from digits.sources import folder

import numpy as np
from sklearn.pipeline import Pipeline


@dataclass(frozen=True)
class Prediction:
    """What a model predicts for one image."""

    label: int
    probability: float  # of the label, 0 to 1
    runners_up: list[
        tuple[int, float]
    ]  # the other labels and their probabilities, the likeliest first
    is_unlike: bool  # the image is unlike those that the model was trained on


class Recognizer(NamedTuple):
    """A trained model and what it takes to read its predictions."""

    model_name: str
    shape: tuple[int, int]  # height and width in pixels of the images that it takes
    classes: list[int]  # the labels: the digits, or 0 and 1
    names: list[str]  # of the labels
    positive: list[
        int
    ]  # the digits of the second class of two; empty for a model that names the digit
    model: Pipeline
    temperature: float | None  # of the calibration; None where there are no folds to fit it on
    likeness: Likeness | None = (
        None  # the rule for what is unlike the training images; None where nothing is marked
    )
    negative: Sequence[
        int
    ] = ()  # the digits of the first class of two, where the task leaves out others
    resizes: bool = False  # takes whole pictures, resized to its images' shape, not the digits found in them

    @classmethod
    def load(cls, name: str | None = None, dataset: str | None = None) -> Self:
        """Load a model, by default the best, which a line names; for pictures, or a dataset's images."""
        settings = params.load()
        if dataset is not None:
            settings.dataset(dataset)  # an error if there is none
        name = name or _best(settings, dataset)
        task_name = settings.model(name).task
        trained_on = settings.dataset_of_task(task_name)
        positive, negative = (classes or [] for classes in settings.task_classes(task_name))
        height, width = trained_on.shape
        if dataset is None and not _takes_pictures(trained_on):
            takes = f"{name} takes images of {height} × {width} pixels, a picture becomes one of 28 × 28 or 8 × 8"
            raise PipelineError(f"{takes}; choose another --model")
        model = model_file.load(paths.model(name))
        if (pixels := model[0].n_features_in_) != height * width:
            reason = f"{name} takes images of {pixels} pixels, its dataset's are {height} × {width} now"
            raise PipelineError(f"{reason}; `dvc repro train@{name}` fits it again")
        names, temperature = wording.label_names(settings, task_name), read_temperature(name)
        resizes = _is_own(trained_on) or not _takes_pictures(trained_on)
        classes = model.classes_.tolist()
        recognizer = cls(
            name,
            (height, width),
            classes,
            names,
            positive,
            model,
            temperature,
            None,
            negative,
            resizes,
        )
        if positive:  # whatever is not a five is "not 5"
            return recognizer
        return recognizer._replace(
            likeness=Likeness.load(settings.models, name, model, recognizer.calibrate)
        )

    def label_of(self, digit: int) -> int | None:
        """Return the label of a digit or class; None where the model's task leaves it out."""
        if self.negative and digit not in [*self.positive, *self.negative]:
            return None
        return int(digit in self.positive) if self.positive else digit

    def find(self, picture: Picture) -> list[Digit]:
        """Find the digits in a picture, or a PictureError; resize all of it, where the training images were made so."""
        if not self.resizes:
            return components.find(picture, self.shape[0])
        height, width = (round(length * picture.scale) for length in picture.grey.shape)
        image = folder.resize_and_pad(picture.grey, *self.shape)
        return [Digit((0, 0, width, height), image, image / np.float32(255), alone=True)]

    def split(self, found: Sequence[list[Digit]]) -> list[list[Digit]]:
        """Split each picture's touching digits: only those in 28 × 28, by Gaussians, which tell two from one."""
        digits, rule = [digit for of_picture in found for digit in of_picture], self.likeness
        if (
            self.shape[0] != 28
            or not (rule and rule.density)
            or all(digit.alone for digit in digits)
        ):
            return list(found)
        median, low = np.quantile(np.concatenate(rule.measures[1]), [0.5, 0.01])
        unit = (median - low) / (touching.MEDIAN - touching.LOW)

        def log_density(images: Pixels) -> Vector:
            return touching.MEDIAN + (rule.log_densities(images) - median) / unit

        parts = iter(
            touching.split(
                digits,
                lambda images: self.calibrate(self._score(images)).max(axis=1),
                log_density,
            )
        )
        return [[part for _ in of_picture for part in next(parts)] for of_picture in found]

    def predict(self, images: Pixels) -> list[Prediction]:
        """Predict the class of images, shape (images, height, width), as `normalize` or the dataset draws them."""
        scores = self._score(images)
        is_unlike = (
            self.likeness.marks(images, scores)
            if self.likeness
            else np.zeros(len(images), np.bool_)
        )
        labels, shares = (
            model_scores.predict_from_scores(self.model, scores),
            self.calibrate(scores),
        )
        predictions = []
        for label, row, marked in zip(
            labels.tolist(), shares.tolist(), is_unlike.tolist(), strict=True
        ):
            of_label = dict(zip(self.classes, row, strict=True))
            probability = of_label.pop(label)
            runners_up = sorted(of_label.items(), key=lambda each: -each[1])
            predictions.append(Prediction(label, probability, runners_up, marked))
        return predictions

    def calibrate(self, scores: Scores) -> Scores:
        """Return the probabilities of scores, shape (images, classes), calibrated if there is a temperature."""
        logits = calibration.to_logits(scores, model_scores.response_method(self.model))
        return calibration.calibrate(logits, self.temperature or 1.0)

    def _score(self, images: Pixels) -> Scores:
        return model_scores.compute_scores(self.model, images.reshape(len(images), -1))


def _best(settings: Params, dataset: str | None) -> str:
    """Return the model of the highest cross-validated accuracy, of those that name all classes and are here.

    Accuracies are compared within one dataset alone, the largest that there is a model of. A line says what was chosen.
    """
    datasets = {
        name: settings.dataset_name_of_task(model.task)
        for name, model in settings.models.items()
    }
    fitting = [
        name
        for name, model in settings.models.items()
        if (
            datasets[name] == dataset
            if dataset
            else _takes_pictures(settings.datasets[datasets[name]])
        )
        and not settings.tasks[model.task].positive
    ]
    if here := [
        name for name in fitting if paths.metrics(name).exists() and paths.model(name).exists()
    ]:
        largest = max(
            (datasets[name] for name in here), key=lambda each: settings.datasets[each].images
        )
        ranks = {
            name: read_metrics(name).get("cv_accuracy", 0)
            for name in here
            if datasets[name] == largest
        }
        best = max(ranks, key=lambda name: ranks[name])
        why = (
            f"highest cross-validated accuracy of {len(ranks)} models"
            if len(ranks) > 1
            else "only model"
        )
        warn(f"{best}: the {why} of {settings.models[best].task} on {largest}")
        return best
    about = f"the dataset {dataset}" if dataset else "images of 28 × 28 or 8 × 8 pixels"
    if not fitting:
        raise PipelineError(
            f"no model in params.yaml names all digits of {about}; choose another --model"
        )
    remedy = f"`dvc repro evaluate@{fitting[0]}` makes one, `dvc pull` fetches what was pushed"
    raise PipelineError(f"no model that names all digits of {about} is here; {remedy}")


def _is_own(dataset: DatasetParams) -> bool:
    return not {"folder", "table"}.isdisjoint(dataset.sources[0])


def _takes_pictures(dataset: DatasetParams) -> bool:
    return _is_own(dataset) or dataset.shape in ([28, 28], [8, 8])
