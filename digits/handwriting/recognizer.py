"""Ask a trained model for the digits in pictures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import NamedTuple, Self

from digits.core import params, paths
from digits.core.errors import UserError, warn
from digits.core.params import DatasetParams, Params
from digits.core.tables import Pixels, Scores, Vector
from digits.data.pictures import Picture
from digits.data.sources import folder
from digits.evaluation import calibration
from digits.handwriting import components, touching
from digits.handwriting.components import Digit
from digits.handwriting.likeness import Likeness
from digits.handwriting.normalize import MNIST_SIDE, SIDES
from digits.learning import model_file
from digits.learning import scores as model_scores
from digits.results import formatting
from digits.results.read import check_evaluated, read_metrics, read_temperature

import numpy as np
from sklearn.pipeline import Pipeline

# The shapes of the images to which the digits in pictures are normalized.
DRAWN_SHAPES = [[side, side] for side in SIDES]

# The sources of whole pictures. For their models, a picture is resized as a whole.
OWN_SOURCES = {"folder", "table"}


@dataclass(frozen=True)
class Prediction:
    """What a model predicts for one image.

    Attributes:
        label: the predicted label.
        probability: its probability, 0 to 1.
        runners_up: the other labels and their probabilities, the likeliest first.
        is_unlike: whether the image does not resemble the training images.
    """

    label: int
    probability: float
    runners_up: list[tuple[int, float]]
    is_unlike: bool


class Recognizer(NamedTuple):
    """A trained model, and what its predictions mean.

    Attributes:
        model_name: the name of the model in params.yaml.
        shape: the height and the width of the images that the model takes, in pixels.
        classes: the labels: the classes, or 0 and 1.
        names: the name of each label.
        positive: the classes with the label 1. Empty if the model names the class.
        model: the model.
        temperature: the temperature of the calibration. None if the model has no folds.
        likeness: the rule that flags images. None if no image is flagged.
        negative: the classes with the label 0. Empty if these are all others.
        resizes: whether the model takes whole pictures instead of the digits in them.
    """

    model_name: str
    shape: tuple[int, int]
    classes: list[int]
    names: list[str]
    positive: list[int]
    model: Pipeline
    temperature: float | None
    likeness: Likeness | None = None
    negative: Sequence[int] = ()
    resizes: bool = False

    @classmethod
    def load(cls, name: str | None = None, dataset: str | None = None) -> Self:
        """Load a model.

        Args:
            name: the name of the model. If None, the best model is chosen, and named on stderr.
            dataset: the name of the dataset whose images are predicted, or None for pictures.

        Raises:
            UserError: there is no such model or dataset, or the model does not take the
                images.
        """
        settings = params.load()
        if dataset is not None:
            settings.dataset(dataset)  # raises an error if there is no such dataset
        if name is None:
            name = choose_model(settings, dataset)
        task_name = settings.model(name).task
        trained_on = settings.dataset_of_task(task_name)
        height, width = trained_on.shape
        if dataset is None and not takes_pictures(trained_on):
            raise UserError(
                f"{name} takes images of {height} × {width} pixels, a picture becomes one of "
                "28 × 28 or 8 × 8; choose another --model"
            )

        model = load_model(name, height, width)
        positive, negative = settings.task_classes(task_name)
        recognizer = cls(
            model_name=name,
            shape=(height, width),
            classes=model.classes_.tolist(),
            names=formatting.label_names(settings, task_name),
            positive=positive or [],
            model=model,
            temperature=read_temperature(name),
            negative=negative or [],
            resizes=is_own(trained_on) or not takes_pictures(trained_on),
        )
        if recognizer.positive:
            # Whatever does not resemble a five is correctly labelled "not 5".
            return recognizer
        likeness = Likeness.load(settings.models, name, model, recognizer.calibrate)
        return recognizer._replace(likeness=likeness)

    def label_of(self, class_number: int) -> int | None:
        """Return the label of a class. None if the task of the model omits the class."""
        if self.negative and class_number not in [*self.positive, *self.negative]:
            return None
        if self.positive:
            return int(class_number in self.positive)
        return class_number

    def find(self, picture: Picture) -> list[Digit]:
        """Find the digits in a picture.

        A model of whole pictures gets the resized picture as a single digit.

        Raises:
            PictureError: there is no digit in the picture.
        """
        if not self.resizes:
            return components.find(picture, self.shape[0])
        height, width = picture.grey.shape
        box = components.scale_box((0, 0, width, height), picture.scale)
        image = folder.resize_and_pad(picture.grey, *self.shape)
        return [Digit(box, image, image / np.float32(255), is_alone=True)]

    def split(self, found: Sequence[list[Digit]]) -> list[list[Digit]]:
        """Split digits that touch.

        Only models of images like MNIST's split digits, and only if a model of densities
        belongs to the same task.

        Args:
            found: the digits of each picture.

        Returns:
            the digits of each picture, some of which were split.
        """
        rule = self.likeness
        if self.shape[0] != MNIST_SIDE or rule is None or rule.density is None:
            return list(found)
        digits = [digit for of_picture in found for digit in of_picture]
        if all(digit.is_alone for digit in digits):
            return list(found)

        # The thresholds of `touching` hold for MNIST's log densities. Others are scaled so that
        # they have the same median and the same 1 % quantile.
        log_densities = np.concatenate(rule.measures[1])
        median, low = np.quantile(log_densities, [0.5, 0.01])
        unit = (median - low) / (touching.MEDIAN - touching.LOW)

        def measure_density(images: Pixels) -> Vector:
            return touching.MEDIAN + (rule.log_densities(images) - median) / unit

        parts = touching.split(digits, self.measure_confidence, measure_density)
        split_pictures = []
        start = 0
        for of_picture in found:
            stop = start + len(of_picture)
            split_pictures.append([part for halves in parts[start:stop] for part in halves])
            start = stop
        return split_pictures

    def predict(self, images: Pixels) -> list[Prediction]:
        """Predict the labels of images.

        Args:
            images: shape (n_images, height, width), drawn as `normalize` or the dataset does.
        """
        scores = self.compute_scores(images)
        labels = model_scores.predict_from_scores(self.model, scores).tolist()
        probabilities = self.calibrate(scores).tolist()
        if self.likeness is None:
            is_unlike = [False] * len(images)
        else:
            is_unlike = self.likeness.marks(images, scores).tolist()

        predictions = []
        for label, row, flag in zip(labels, probabilities, is_unlike, strict=True):
            others = dict(zip(self.classes, row, strict=True))
            probability = others.pop(label)
            runners_up = sorted(others.items(), key=itemgetter(1), reverse=True)
            predictions.append(Prediction(label, probability, runners_up, flag))
        return predictions

    def calibrate(self, scores: Scores) -> Scores:
        """Return the probabilities of scores, shape (n_images, n_classes).

        They are calibrated if the model has a temperature.
        """
        response_method = model_scores.response_method(self.model)
        logits = calibration.to_logits(scores, response_method)
        return calibration.calibrate(logits, self.temperature or 1.0)

    def measure_confidence(self, images: Pixels) -> Vector:
        """Return the probability of the predicted label of each image."""
        return self.calibrate(self.compute_scores(images)).max(axis=1)

    def compute_scores(self, images: Pixels) -> Scores:
        """Return the scores of images, as the model's pipeline computes them."""
        X = images.reshape(len(images), -1)
        return model_scores.compute_scores(self.model, X)


def load_model(name: str, height: int, width: int) -> Pipeline:
    """Load a model, and check that it takes images of its dataset's shape.

    Raises:
        UserError: the model is missing or damaged, or the shape has changed since it was
            fitted.
    """
    check_evaluated(paths.model(name), name)
    model = model_file.load(paths.model(name))
    n_pixels = model[0].n_features_in_
    if n_pixels != height * width:
        raise UserError(
            f"{name} takes images of {n_pixels} pixels, its dataset's are {height} × {width} "
            f"now; `dvc repro train@{name}` fits it again"
        )
    return model


def choose_model(settings: Params, dataset: str | None) -> str:
    """Choose the model with the highest cross-validated accuracy, and name it on stderr.

    Only trained models of all classes are compared. Because accuracies on different datasets
    cannot be compared, only models of the largest dataset are.

    Args:
        settings: the parameters.
        dataset: the name of the dataset whose images are predicted, or None for pictures.

    Raises:
        UserError: there is no such model.
    """
    fitting = find_fitting_models(settings, dataset)
    trained = [
        name for name in fitting if paths.metrics(name).exists() and paths.model(name).exists()
    ]
    if not trained:
        raise missing_model(fitting, dataset)

    dataset_names = {}
    for name in trained:
        dataset_names[name] = settings.dataset_name_of_task(settings.models[name].task)

    def count_images(name: str) -> int:
        return settings.datasets[dataset_names[name]].images

    largest = dataset_names[max(trained, key=count_images)]
    accuracies = {}
    for name in trained:
        if dataset_names[name] == largest:
            accuracies[name] = read_metrics(name).get("cv_accuracy", 0)
    best = max(accuracies, key=lambda name: accuracies[name])
    warn(f"{best}: {explain_choice(settings, best, accuracies)}")
    return best


def explain_choice(settings: Params, best: str, accuracies: Mapping[str, float]) -> str:
    """Return why a model was chosen, in words.

    Args:
        settings: the parameters.
        best: the name of the chosen model.
        accuracies: the cross-validated accuracy of each model that could be chosen, 0 for a
            model without cross-validation.
    """
    task = settings.models[best].task
    n_compared = 0
    for name, accuracy in accuracies.items():
        if settings.models[name].task == task and accuracy > 0:
            n_compared += 1
    if n_compared > 1:
        return f"the highest cross-validated accuracy of {n_compared} models of the task {task}"
    if n_compared == 1 and len(accuracies) > 1:
        return f"the only cross-validated model of the task {task}"
    if len(accuracies) > 1:
        return f"a model of the task {task}, chosen without cross-validation"
    return f"the only trained model of the task {task}"


def find_fitting_models(settings: Params, dataset: str | None) -> list[str]:
    """Return the names of the models that fit, and name all classes.

    Args:
        settings: the parameters.
        dataset: the name of the dataset whose images are predicted, or None for pictures.
    """
    names = []
    for name, model in settings.models.items():
        if settings.tasks[model.task].positive:
            continue
        if dataset is None:
            fits = takes_pictures(settings.dataset_of_task(model.task))
        else:
            fits = settings.dataset_name_of_task(model.task) == dataset
        if fits:
            names.append(name)
    return names


def missing_model(fitting: list[str], dataset: str | None) -> UserError:
    """Return the error that there is no model to choose.

    Args:
        fitting: the names of models that could be trained.
        dataset: the name of the dataset whose images are predicted, or None for pictures.
    """
    about = f"the dataset {dataset}" if dataset else "images of 28 × 28 or 8 × 8 pixels"
    if not fitting:
        return UserError(
            f"no model in params.yaml names all digits of {about}; choose another --model"
        )
    return UserError(
        f"no model that names all digits of {about} is here; `dvc repro evaluate@{fitting[0]}` "
        "makes one, `dvc pull` fetches what was pushed"
    )


def is_own(dataset: DatasetParams) -> bool:
    """Return whether a dataset has a user's own images, which are pictures of any kind."""
    return not OWN_SOURCES.isdisjoint(dataset.sources[0])


def takes_pictures(dataset: DatasetParams) -> bool:
    """Return whether models of a dataset take pictures."""
    return is_own(dataset) or dataset.shape in DRAWN_SHAPES
