"""Predict what pictures show, with a trained model.

A picture is resized as a whole. If it is grey and nearly all training images have the other
background, it is inverted. Other packages convert pictures for other datasets: they add
subclasses of `Predictor` as entry points of the group `digits.predictors`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from operator import itemgetter
from pathlib import Path
from typing import Any, BinaryIO, Self

import numpy as np
from sklearn.pipeline import Pipeline

from digits.core import paths
from digits.core.pixels import PIXEL_MAX, Pixels, Scores
from digits.evaluation import calibration
from digits.fetching.conversion import to_uint8, transpose
from digits.fetching.summary import NETWORK_CHECKSUM, Summary, read_summary
from digits.imaging import drawing, pictures
from digits.imaging.background import classify_backgrounds, find_blank
from digits.learning import model_file
from digits.learning import scores as model_scores
from digits.learning.network_features import check_network, uses_network, uses_pixels
from digits.messages.errors import UserError, check_exists
from digits.networks import Network, load_networks
from digits.predicting.prediction import PicturePrediction, Prediction
from digits.results.labels import check_labels, label_names
from digits.results.metrics import read_temperature
from digits.results.predictions import calibration_warning
from digits.settings.params import DatasetParams, Params

OPPOSITE = {"dark": "light", "light": "dark"}  # of a background


@dataclass(frozen=True, eq=False)
class Predictor:
    """A trained model that predicts whole pictures.

    Attributes:
        model_name: the name of the model in params.yaml.
        dataset: the entry of params.yaml of the images that the model was trained on.
        summary: the summary of this dataset.
        labels: the name of each label, by its number. A label without a name stays a number,
            for example in JSON.
        model: the model.
        temperature: the temperature of the calibration. None if the model has no folds.
        networks: the networks whose features the model takes.
        takes_pixels: whether the model takes the pixels.
    """

    model_name: str
    dataset: DatasetParams
    summary: Summary
    labels: dict[int, int | str]
    model: Pipeline
    temperature: float | None
    networks: Sequence[Network] = ()
    takes_pixels: bool = True

    @property
    def shape(self) -> list[int]:
        """The shape of the images that the model takes."""
        return self.dataset.shape

    @classmethod
    def suits(cls, dataset: DatasetParams) -> bool:
        """Return whether this class converts pictures to images like those of a dataset."""
        return "files" in dataset.sources[0]  # your own pictures, which are resized as a whole

    @classmethod
    def load(cls, settings: Params, name: str) -> Self:
        """Load a model.

        Raises:
            UserError: the model is missing or damaged, or its dataset has another shape,
                another network or fewer classes now.
        """
        check_exists(paths.model(name), f"train@{name}", f"evaluate@{name}")
        model_params = settings.models[name]
        model = model_file.load(paths.model(name), model_params.classifier)
        task_name = model_params.task
        dataset = settings.dataset_of_task(task_name)
        check_network(model_params, has_network=dataset.network is not None)
        summary = read_summary(settings.dataset_name_of_task(task_name))
        networks: Sequence[Network] = []
        if uses_network(model_params):
            networks = load_networks(dataset, summary.sha256.get(NETWORK_CHECKSUM))
        n_values = sum(network.n_features for network in networks)
        takes_pixels = uses_pixels(model_params)
        if takes_pixels:
            n_values += math.prod(dataset.shape)
        if model.n_features_in_ != n_values:
            raise UserError(
                f"{name} takes {model.n_features_in_} values per image, but the shape or the "
                f"network of its dataset gives {n_values} now; run `dvc repro evaluate@{name}`"
            )
        names = label_names(settings, task_name)
        check_labels(names, model.classes_.max(), name)
        labels = {
            label: label if names[label] == str(label) else names[label]
            for label in model.classes_.tolist()
        }
        temperature = read_temperature(name)
        return cls(name, dataset, summary, labels, model, temperature, networks, takes_pixels)

    def predict(self, source: Path | BinaryIO) -> Sequence[Prediction]:
        """Predict what a picture shows. A subclass may return several predictions.

        Raises:
            PictureError: the picture cannot be read, or there is nothing to predict in it.
            OSError: the file cannot be opened.
        """
        content = pictures.read_content(source)
        white = self.dataset.white
        image = pictures.read_resized(BytesIO(content), self.shape, white)
        has_picture_files = "files" in self.summary.sha256  # their checksums
        if not has_picture_files:
            image = (image * (self.pixel_max / PIXEL_MAX)).round().astype(np.uint8)
        if not self.networks:
            return self.predict_images(image[np.newaxis])
        described = b"".join(network.describe(content, white) for network in self.networks)
        features = np.frombuffer(described, np.uint8)
        if self.takes_pixels:
            features = np.concatenate([features, image.ravel()])
        return self.predict_images(image[np.newaxis], features[np.newaxis])

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

    @property
    def pixel_max(self) -> int:
        """The largest value that a pixel can have."""
        return self.dataset.pixel_max or PIXEL_MAX

    def predict_images(self, images: Pixels, X: Pixels | None = None) -> list[Prediction]:
        """Predict images, and invert those with another background than the training images.

        The arguments are those of `classify`.
        """
        is_inverted = np.zeros(len(images), dtype=bool)
        # Photos, which networks are for, have no common background.
        if self.summary.background is not None and not self.networks:
            opposite = OPPOSITE[self.summary.background]
            is_inverted = classify_backgrounds(images, self.pixel_max) == opposite
            images = images.copy()
            # Resizing can overshoot.
            images[is_inverted] = self.pixel_max - images[is_inverted].clip(max=self.pixel_max)
        is_blank = find_blank(images.reshape(len(images), -1), self.pixel_max)
        predictions = self.classify(images, X)
        return [
            replace(prediction, is_inverted=inverted, is_blank=blank)
            for prediction, inverted, blank in zip(
                predictions, is_inverted.tolist(), is_blank.tolist(), strict=True
            )
        ]

    def classify(self, images: Pixels, X: Pixels | None = None) -> list[Prediction]:
        """Predict the labels of images as they are, without inverting any.

        Args:
            images: shape (n_images, height, width) or, in colour, (n_images, height, width, 3).
            X: what the model takes, one row per image. If None, it takes the images.
        """
        scores = self.compute_scores(images if X is None else X)
        y_pred = model_scores.predict_from_scores(self.model, scores).tolist()
        probabilities = self.calibrate(scores).tolist()
        predictions = []
        for image, label, row in zip(images, y_pred, probabilities, strict=True):
            name = self.labels[label]
            others = dict(zip(self.labels.values(), row, strict=True))  # in their order
            probability = others.pop(name)
            runners_up = sorted(others.items(), key=itemgetter(1), reverse=True)
            predictions.append(Prediction(name, probability, runners_up, image))
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

    def write_png(self, path: Path, predicted: Sequence[PicturePrediction]) -> None:
        """Write a PNG file of the images that the model takes, each below its prediction."""
        images = []
        captions = []
        for picture in predicted:
            for prediction in picture.predictions:
                images.append(prediction.image)
                captions.append(f"{picture.file}: {picture.describe()}")
        drawing.write_sheet(path, np.stack(images), captions)

    def describe_warnings(self, predicted: Sequence[PicturePrediction]) -> list[str]:
        """Return warnings about the predictions, one sentence each."""
        sentences = []
        predictions = [each for picture in predicted for each in picture.predictions]
        n_inverted = sum(each.is_inverted for each in predictions)
        if n_inverted:
            background = self.summary.background
            sentences.append(
                f"{n_inverted} of {len(predicted)} pictures were inverted, because nearly all "
                f"training images have a {background} background"
            )
        n_blank = sum(each.is_blank for each in predictions)
        if n_blank:
            sentences.append(
                f"{n_blank} of {len(predicted)} pictures are blank or nearly blank"
            )
        if self.temperature is None:
            sentences.append(calibration_warning(self.model_name))
        return sentences
