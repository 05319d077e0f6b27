"""Predict what pictures show, with a trained model.

A picture is resized as a whole. If it is grey and nearly all training images have the other
background, it is inverted. Other packages convert pictures for other datasets: they add
subclasses of `Predictor` as entry points of the group `digits.predictors`.
"""

import math
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from io import BytesIO
from operator import itemgetter
from pathlib import Path
from types import ModuleType
from typing import Any, BinaryIO, NamedTuple, Self

import numpy as np
from sklearn.pipeline import Pipeline

from digits.core import paths
from digits.core.tables import PIXEL_MAX, Pixels, Scores
from digits.data.images import to_uint8, transpose
from digits.data.intake.collection import Collection
from digits.evaluation import calibration
from digits.imaging import drawing, pictures
from digits.imaging.background import find_backgrounds
from digits.imaging.contrast import find_blank
from digits.imaging.pictures import PictureError
from digits.learning import model_file
from digits.learning import scores as model_scores
from digits.learning.inputs import check_network, takes_network, takes_pixels
from digits.networks import describe_picture, import_network
from digits.plugins import find_plugins
from digits.results import formatting
from digits.results.read import check_evaluated, read_metrics, read_temperature
from digits.settings import params
from digits.settings.errors import REMEDY, UserError, warn
from digits.settings.params import DatasetParams, Params

# The sources of your own images, which are resized as a whole.
RESIZING_SOURCES = {"files"}

# At most this many other labels are printed, and only those with at least this probability.
N_PRINTED = 2
MIN_PRINTED = 0.01

# The rows of a table of predictions have this many other labels.
N_RUNNERS_UP = 3

# What is predicted for a picture without a digit, and for a picture with several.
NOT_FOUND = "not found"
SEVERAL = "several"


@dataclass(frozen=True, eq=False)
class Prediction:
    """What a model predicts for an image.

    Attributes:
        label: the predicted label: its name, or its number if it has no other name.
        probability: its probability, 0 to 1.
        runners_up: the other labels and their probabilities, the likeliest first.
        image: the image, of the shape that the model takes.
        is_inverted: whether the picture was inverted, because its background differs from that
            of the training images.
        is_blank: whether hardly anything can be seen on the image.
    """

    label: int | str
    probability: float
    runners_up: list[tuple[int | str, float]]
    image: Pixels
    is_inverted: bool = field(default=False, kw_only=True)
    is_blank: bool = field(default=False, kw_only=True)

    @property
    def text(self) -> str:
        """The label as it is printed."""
        return str(self.label)

    def as_record(self) -> dict[str, Any]:
        """Return the prediction as a row of a table, with the likeliest other labels."""
        record = {"label": self.label, "probability": round(self.probability, 6)}
        for rank, (label, probability) in enumerate(self.runners_up[:N_RUNNERS_UP], start=2):
            record[f"label_{rank}"] = label
            record[f"probability_{rank}"] = round(probability, 6)
        return record


class Reading(NamedTuple):
    """What a model predicts for a picture file.

    Attributes:
        file: the path, `-` for standard input, or the number of an image in a table.
        actual: the class that the picture shows, or None if it is unknown.
        predictions: one prediction, or one for each digit that was found.
        error: why there is no prediction, or None.
        id: what the owner calls the image, in a table of predictions.
    """

    file: str
    actual: str | None
    predictions: Sequence[Prediction]
    error: str | None = None
    id: str = ""

    @property
    def predicted(self) -> str:
        """The predicted class, or that there is not exactly one prediction."""
        if not self.predictions:
            return NOT_FOUND
        if len(self.predictions) > 1:
            return SEVERAL
        return str(self.predictions[0].label)

    def describe(self) -> str:
        """Return the predictions in words, such as `cross, predicted line (97 %; cross: 3 %)`.

        If there is a single prediction, the brackets also have the likeliest other labels.
        """
        are_numbers = all(isinstance(each.label, int) for each in self.predictions)
        separator = " " if are_numbers else ", "
        labels = separator.join(each.text for each in self.predictions)
        percents = [formatting.format_percent(each.probability) for each in self.predictions]
        brackets = ", ".join(percents)
        if len(self.predictions) == 1:
            for label, probability in self.predictions[0].runners_up[:N_PRINTED]:
                if probability >= MIN_PRINTED:
                    brackets += f"; {label}: {formatting.format_percent(probability)}"
        return formatting.describe_prediction(labels, brackets, self.actual)


@dataclass(frozen=True, eq=False)
class Predictor:
    """A trained model that predicts whole pictures.

    Attributes:
        model_name: the name of the model in params.yaml.
        dataset: the entry of params.yaml of the images that the model was trained on.
        labels: the name of each label by its number. A label without a name has its number.
        model: the model.
        temperature: the temperature of the calibration. None if the model has no folds.
        network: the module of the network whose features the model takes, or None.
        takes_pixels: whether the model takes the pixels.
    """

    model_name: str
    dataset: DatasetParams
    labels: dict[int, int | str]
    model: Pipeline
    temperature: float | None
    network: ModuleType | None = None
    takes_pixels: bool = True

    @property
    def shape(self) -> list[int]:
        """The shape of the images that the model takes."""
        return self.dataset.shape

    @classmethod
    def suits(cls, dataset: DatasetParams) -> bool:
        """Return whether this class converts pictures to images like those of a dataset."""
        return not RESIZING_SOURCES.isdisjoint(dataset.sources[0])

    @classmethod
    def load(cls, settings: Params, name: str) -> Self:
        """Load a model.

        Raises:
            UserError: the model is missing or damaged, or its dataset has another shape or
                fewer classes now.
        """
        check_evaluated(paths.model(name), name)
        model_params = settings.models[name]
        model = model_file.load(paths.model(name), model_params.classifier)
        if not is_trained_model(model):
            raise UserError(f"{paths.model(name)} has no trained model; {REMEDY}")
        task_name = model_params.task
        dataset = settings.dataset_of_task(task_name)
        check_network(model_params, dataset.model_dump(exclude_none=True))
        network = None
        n_pixels = model.n_features_in_
        if dataset.network is not None and takes_network(model_params):
            network = import_network(dataset.network)
            n_pixels -= network.N_FEATURES
        if n_pixels != math.prod(dataset.shape) and takes_pixels(model_params):
            raise UserError(
                f"{name} takes images of {n_pixels} values, but the shape of its dataset is "
                f"{dataset.shape} now; run `dvc repro evaluate@{name}`"
            )
        names = formatting.label_names(settings, task_name)
        formatting.check_labels(names, model.classes_.max(), name)
        labels: dict[int, int | str] = {}
        for label in model.classes_.tolist():
            has_other_name = names[label] != str(label)
            labels[label] = names[label] if has_other_name else label
        temperature = read_temperature(name)
        return cls(
            name, dataset, labels, model, temperature, network, takes_pixels(model_params)
        )

    def read(self, file: str, actual: str | None = None) -> Reading:
        """Predict what a picture file shows.

        Args:
            file: the path, or `-` for standard input.
            actual: the class that the picture shows, or None if it is unknown.
        """
        source = sys.stdin.buffer if file == "-" else Path(file)
        return self.read_picture(file, source, actual)

    def read_picture(
        self, file: str, source: Path | BinaryIO, actual: str | None, image_id: str = ""
    ) -> Reading:
        """Predict what a picture shows, which may be opened already.

        Args:
            file: how the user knows the picture.
            source: the path of the file, or the opened file.
            actual: the class that the picture shows, or None if it is unknown.
            image_id: what the owner calls the picture. If "", it is the file.
        """
        image_id = image_id or file
        try:
            predictions = self.predict_source(source)
        except PictureError as error:
            return Reading(file, actual, [], str(error), image_id)
        except OSError as error:
            return Reading(file, actual, [], error.strerror or str(error), image_id)
        return Reading(file, actual, predictions, None, image_id)

    def read_collection(self, place: Path, collection: Collection) -> Iterator[Reading]:
        """Predict the images of a folder, table or array file.

        Args:
            place: where they are.
            collection: the images.

        Raises:
            UserError: the images are pixels of another shape than the model takes, or have
                other values.
        """
        rows = collection.rows
        actual = rows["class"] if "class" in rows else [None] * len(rows)
        if collection.pictures is not None:
            contents = collection.pictures()
            for file, content, name, image_id in zip(
                rows["file"], contents, actual, rows["id"], strict=True
            ):
                if isinstance(content, Path):  # beside the table, or in an inner folder
                    yield self.read_picture(str(content), content, name, image_id)
                else:
                    yield self.read_picture(str(place / file), BytesIO(content), name, image_id)
            return
        assert collection.blocks is not None
        if math.prod(collection.shape) != math.prod(self.shape):
            raise UserError(
                f"{place} has images of the shape {collection.shape}, but {self.model_name} "
                f"takes images of the shape {self.shape}"
            )
        predictions = self.predict_blocks(place, collection.blocks())
        for image_id, name, prediction in zip(rows["id"], actual, predictions, strict=True):
            yield Reading(f"{place}:{image_id}", name, [prediction], None, image_id)

    def predict_blocks(self, place: Path, blocks: Iterable[Any]) -> Iterator[Prediction]:
        """Predict images from blocks of pixels.

        Args:
            place: where they are.
            blocks: as `predict_pixels` takes them.

        Raises:
            UserError: some values are not those of pixels.
        """
        for block in blocks:
            try:
                predictions = self.predict_pixels(block)
            except UserError as error:
                raise UserError(f"{place}: {error.message}") from None
            yield from predictions

    def predict_pixels(self, block: Any) -> list[Prediction]:
        """Predict images from pixels like those that the source of the dataset reads.

        Args:
            block: shape (n_images, n_values).

        Raises:
            UserError: a value is not a whole number, or not in the range of the dataset.
        """
        if self.dataset.transpose:
            block = transpose(block, self.shape)
        pixels = to_uint8(block)
        if pixels.max(initial=0) > self.pixel_max:
            raise UserError(
                f"its pixels are up to {pixels.max()}, but {self.model_name} takes pixels from "
                f"0 to {self.pixel_max}"
            )
        return self.predict_images(pixels.reshape(-1, *self.shape))

    def predict_source(self, source: Path | BinaryIO) -> Sequence[Prediction]:
        """Predict what a picture shows.

        Args:
            source: the path of the file, or the opened file.

        Returns:
            a single prediction. A subclass may return several.

        Raises:
            PictureError: the picture cannot be read, or there is nothing to predict in it.
            OSError: the file cannot be opened.
        """
        content = pictures.read_content(source)
        image = pictures.read_resized(BytesIO(content), self.shape)
        if "files" not in self.dataset.sha256:  # the training images were not pictures
            image = (image * (self.pixel_max / PIXEL_MAX)).round().astype(np.uint8)
        if self.network is None:
            return self.predict_images(image[np.newaxis])
        # Photos, which networks are for, have no common background.
        features = np.frombuffer(describe_picture(self.network, content), np.uint8)
        parts = [features, image.ravel()] if self.takes_pixels else [features]
        [prediction] = self.predict(image[np.newaxis], np.concatenate(parts)[np.newaxis])
        [is_blank] = find_blank(image.reshape(1, -1), self.pixel_max).tolist()
        return [replace(prediction, is_blank=is_blank)]

    @property
    def pixel_max(self) -> int:
        """The largest value that a pixel can have."""
        return self.dataset.pixel_max or PIXEL_MAX

    def predict_images(self, images: Pixels) -> list[Prediction]:
        """Predict images, and invert those with another background than the training images.

        Args:
            images: as `predict` takes them.
        """
        is_inverted = np.zeros(len(images), dtype=bool)
        opposite = {"dark": "light", "light": "dark"}.get(self.dataset.background or "")
        if opposite:
            is_inverted = find_backgrounds(images, self.pixel_max) == opposite
            images = images.copy()
            # Resizing can overshoot.
            images[is_inverted] = self.pixel_max - images[is_inverted].clip(max=self.pixel_max)
        is_blank = find_blank(images.reshape(len(images), -1), self.pixel_max)
        return [
            replace(prediction, is_inverted=inverted, is_blank=blank)
            for prediction, inverted, blank in zip(
                self.predict(images), is_inverted.tolist(), is_blank.tolist(), strict=True
            )
        ]

    def predict(self, images: Pixels, X: Pixels | None = None) -> list[Prediction]:
        """Predict the labels of images.

        Args:
            images: shape (n_images, height, width) or, in colour, (n_images, height, width, 3).
            X: what the model takes, one row per image. If None, it takes the images.
        """
        scores = self.compute_scores(images if X is None else X)
        y_pred = model_scores.predict_from_scores(self.model, scores).tolist()
        probabilities = self.calibrate(scores).tolist()
        predictions = []
        for image, number, row in zip(images, y_pred, probabilities, strict=True):
            label = self.labels[number]
            others = dict(zip(self.labels.values(), row, strict=True))
            probability = others.pop(label)
            runners_up = sorted(others.items(), key=itemgetter(1), reverse=True)
            predictions.append(Prediction(label, probability, runners_up, image))
        return predictions

    def compute_scores(self, images: Pixels) -> Scores:
        """Return the scores of images, or of other rows that the model takes."""
        X = images.reshape(len(images), -1)
        return model_scores.compute_scores(self.model, X)

    def calibrate(self, scores: Scores) -> Scores:
        """Return the probabilities of scores, shape (n_images, n_classes).

        They are calibrated if the model has a temperature.
        """
        response_method = model_scores.response_method(self.model)
        logits = calibration.to_logits(scores, response_method)
        return calibration.calibrate(logits, self.temperature)

    def write_png(self, path: Path, readings: Sequence[Reading]) -> None:
        """Write a PNG file of the images that the model takes, each below its prediction."""
        images = []
        captions = []
        for reading in readings:
            for prediction in reading.predictions:
                images.append(prediction.image)
                captions.append(f"{reading.file}: {reading.describe()}")
        drawing.write_sheet(path, np.stack(images), captions)

    def explain(self, readings: Sequence[Reading]) -> None:
        """Print warnings about the predictions on stderr."""
        predictions = [each for reading in readings for each in reading.predictions]
        n_inverted = sum(prediction.is_inverted for prediction in predictions)
        if n_inverted:
            background = self.dataset.background
            warn(
                f"{n_inverted} of {len(readings)} pictures were inverted, because nearly all "
                f"training images have a {background} background"
            )
        n_blank = sum(prediction.is_blank for prediction in predictions)
        if n_blank:
            warn(f"{n_blank} of {len(readings)} pictures are blank or nearly blank")
        if self.temperature is None:
            warn(formatting.calibration_warning(self.model_name))


def is_trained_model(loaded: object) -> bool:
    """Return whether the object in a file is a fitted pipeline whose labels are numbers."""
    if not (isinstance(loaded, Pipeline) and hasattr(loaded, "n_features_in_")):
        return False
    labels = np.asarray(getattr(loaded, "classes_", None))
    return labels.size > 0 and np.issubdtype(labels.dtype, np.integer)


def load(name: str | None = None) -> Predictor:
    """Load a model that predicts pictures.

    Args:
        name: the name of the model. If None, the best model is chosen, and named on stderr.

    Raises:
        UserError: there is no such model.
    """
    settings = params.load()
    if name is None:
        name = choose_model(settings)
    dataset = settings.dataset_of_task(settings.models[name].task)
    return find_predictor_class(dataset).load(settings, name)


def choose_model(settings: Params) -> str:
    """Return the name of the best model, and print it on stderr, with equally good ones.

    Accuracies on different datasets cannot be compared. Therefore only models of the largest
    dataset are compared, by their cross-validated accuracy. Models of tasks with
    `positive` classes are left out, because they do not tell all classes apart.

    Raises:
        UserError: no such model has been evaluated.
    """
    ranks = {}
    for name, model in settings.models.items():
        dataset = settings.dataset_of_task(model.task)
        has_positive = settings.tasks[model.task].positive is not None
        is_evaluated = paths.model(name).exists() and paths.metrics(name).exists()
        if is_evaluated and not has_positive:
            ranks[name] = (dataset.images, read_metrics(name).get("cv_accuracy", 0))
    if not ranks:
        raise UserError(
            "no model that predicts all classes is here; run `dvc pull` if one was shared, or "
            "`dvc repro`, or choose a --model"
        )
    best = max(ranks, key=ranks.__getitem__)
    tied = [name for name, rank in ranks.items() if rank == ranks[best] and name != best]
    and_tied = f", whose cross-validated accuracy {' and '.join(tied)} also has" if tied else ""
    warn(f"the model is {best}{and_tied}; --model chooses another")
    return best


def find_predictor_class(dataset: DatasetParams) -> type[Predictor]:
    """Return the class that converts pictures to images like those of a dataset."""
    if not Predictor.suits(dataset):
        for plugin in find_plugins("digits.predictors").values():
            predictor_class: type[Predictor] = plugin.load()
            if predictor_class.suits(dataset):
                return predictor_class
    return Predictor
