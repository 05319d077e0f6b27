"""Predict the digits in pictures with a trained model."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import BinaryIO, Self

import numpy as np

from digits.core.pixels import Pixels, Scores, Vector
from digits.imaging import pictures
from digits.imaging.pictures import Picture
from digits.predicting.prediction import PicturePrediction
from digits.predicting.predictor import Predictor
from digits.settings.params import DatasetParams, Params
from digits_handwriting import boxes, components, touching
from digits_handwriting.components import Digit
from digits_handwriting.normalize import MNIST_SIDE, SIDES
from digits_handwriting.novelty import MIN_P_VALUE, NoveltyDetector
from digits_handwriting.prediction import DigitPrediction

# The shapes of the images to which the digits in pictures are normalized.
SHAPES = [[side, side] for side in SIDES]

# If most digits of a picture with at least this many digits are flagged, the picture may be
# turned, or show more than digits.
MIN_DIGITS = 3


@dataclass(frozen=True, eq=False)
class Recognizer(Predictor):
    """A trained model that predicts each digit in a picture.

    Attributes:
        novelty_detector: tells which digits are flagged. None if no digit is flagged.
    """

    novelty_detector: NoveltyDetector | None = None

    @classmethod
    def suits(cls, dataset: DatasetParams) -> bool:
        """Return whether digits are drawn as the images of a dataset, by their shape."""
        return dataset.shape in SHAPES

    @classmethod
    def load(cls, settings: Params, name: str) -> Self:
        """Load a model.

        Raises:
            UserError: the model is missing or damaged, or its dataset has another shape now.
        """
        recognizer = super().load(settings, name)
        task = settings.tasks[settings.models[name].task]
        if task.positive is not None:
            # Whatever does not resemble a five is correctly labelled "not 5".
            return recognizer
        detector = NoveltyDetector.load(settings.models, name, recognizer.calibrate)
        return replace(recognizer, novelty_detector=detector)

    def predict(self, source: Path | BinaryIO) -> Sequence[DigitPrediction]:
        """Predict the digits in a picture file, as `predict_picture` does."""
        return self.predict_picture(pictures.read(source))

    def predict_picture(self, picture: Picture) -> Sequence[DigitPrediction]:
        """Predict the digits in a picture.

        Returns:
            the predictions in reading order.

        Raises:
            PictureError: there is no digit in the picture.
        """
        found = components.find(picture, self.shape[0])
        return self.predict_digits(list(chain.from_iterable(self.split(found))))

    def split(self, digits: Sequence[Digit]) -> list[list[Digit]]:
        """Split digits that touch.

        Only models of images like MNIST's split digits, and only if a model of Gaussians
        belongs to the same task.

        Returns:
            for each digit its halves, or only the digit itself.
        """
        is_like_mnist = self.shape[0] == MNIST_SIDE
        detector = self.novelty_detector
        if not is_like_mnist or detector is None or detector.density_model is None:
            return [[digit] for digit in digits]
        if all(digit.is_alone for digit in digits):  # none of them is split
            return [[digit] for digit in digits]

        def compute_normality(images: Pixels) -> Vector:
            return detector.compute_normality(images, self.predict_proba(images))

        return touching.split(digits, compute_normality)

    def measure_p_values(self, images: Pixels) -> Vector:
        """Return the p-value of each image, or 1 if no digit is flagged."""
        if self.novelty_detector is None:
            return np.ones(len(images))
        return self.novelty_detector.p_values(images, self.predict_proba(images))

    def predict_proba(self, images: Pixels) -> Scores:
        """Return the probability of each label for each image, shape (n_images, n_labels)."""
        return self.calibrate(self.compute_scores(images))

    def predict_digits(self, digits: Sequence[Digit]) -> list[DigitPrediction]:
        """Predict the labels of digits, and flag what does not resemble the training images."""
        images = np.array([digit.image for digit in digits])
        is_novel = (self.measure_p_values(images) < MIN_P_VALUE).tolist()
        predictions = []
        for digit, prediction, flag in zip(
            digits, self.classify(images), is_novel, strict=True
        ):
            values = vars(prediction) | {"box": digit.box, "is_novel": flag}
            predictions.append(DigitPrediction(**values))
        return predictions

    def write_png(self, path: Path, predicted: Sequence[PicturePrediction]) -> None:
        """Write a PNG file of a picture with the boxes of its digits.

        For several pictures, for mistakes and for standard input, write the images of the
        digits.
        """
        [first, *others] = predicted
        if others or first.actual is not None or first.file == "-":
            super().write_png(path, predicted)
        else:
            boxes.write_picture(path, first.file, list_digits(first))

    def describe_warnings(self, predicted: Sequence[PicturePrediction]) -> list[str]:
        """Return warnings about the predictions, one sentence each."""
        sentences = []
        has_flags = False
        for picture in predicted:
            n_digits = len(picture.predictions)
            n_flagged = sum(digit.is_novel for digit in list_digits(picture))
            has_flags |= n_flagged > 0
            if n_digits >= MIN_DIGITS and n_flagged > n_digits / 2:
                sentences.append(
                    f"{picture.file}: {n_flagged} of {n_digits} are flagged; turn the picture "
                    "upright, or crop it to the digits"
                )
        if has_flags:
            sentences.append(
                f"? flags what does not resemble the training data of {self.model_name}, and "
                "may be no digit"
            )
        return [*sentences, *super().describe_warnings(predicted)]


def list_digits(picture: PicturePrediction) -> list[DigitPrediction]:
    """Return the predictions for the digits in a picture."""
    return [each for each in picture.predictions if isinstance(each, DigitPrediction)]
