"""Read picture files: find their digits, predict them, and describe the predictions."""

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from digits.core.errors import warn
from digits.data import pictures
from digits.data.pictures import PictureError
from digits.data.sources import folder
from digits.handwriting.components import Digit
from digits.handwriting.recognizer import Prediction, Recognizer
from digits.results import formatting

import numpy as np

# This flag follows the label of an image that does not resemble the training images.
UNLIKE = "?"

# The digits of this many pictures are predicted together.
BATCH = 200

# Other labels are named in words if they have at least this probability, and at most this many.
NAMED = 0.01
N_NAMED = 2

# This many other labels are in JSON, and on the drawing page.
RUNNERS_UP = 3

# In pictures with this many digits, too many flags mean that the picture is turned, or shows
# more than digits. In other pictures, the flags themselves say that.
MIN_DIGITS = 3


@dataclass
class Reading:
    """What was found in a file.

    Attributes:
        file: the path, or `-` for standard input.
        digits: the digits in reading order.
        predictions: the prediction for each digit.
        error: why there are no digits, or None.
    """

    file: str
    digits: list[Digit]
    predictions: list[Prediction]
    error: str | None = None


def list_files(arguments: Iterable[str]) -> Iterator[str]:
    """Yield the files that arguments stand for.

    A folder stands for its pictures, sorted by name. Any other argument, and a folder without
    pictures, stands for itself.
    """
    for argument in arguments:
        found = []
        others = []
        for path in sorted(Path(argument).glob("*")):
            if folder.IGNORED_NAMES.fullmatch(path.name):
                continue
            if path.suffix.lower() in pictures.SUFFIXES:
                found.append(path)
            else:
                others.append(path)
        if not found:
            yield argument
            continue
        folder.warn_about_other_files(Path(argument), others)
        for path in found:
            yield str(path)


def read(recognizer: Recognizer, files: Iterable[str]) -> Iterator[Reading]:
    """Find the digits of each file, and predict them.

    The digits of many files are predicted together, which is faster.

    Args:
        recognizer: the recognizer.
        files: the paths of the files. `-` is standard input.
    """
    remaining = iter(files)
    while batch := list(islice(remaining, BATCH)):
        yield from read_batch(recognizer, batch)


def read_batch(recognizer: Recognizer, files: Sequence[str]) -> Iterator[Reading]:
    """Find the digits of each file, and predict all digits together."""
    found = []
    errors = []
    for file in files:
        digits, error = find_digits(recognizer, file)
        found.append(digits)
        errors.append(error)
    digits_of_files = recognizer.split(found)
    images = [digit.image for digits in digits_of_files for digit in digits]
    predictions = iter(recognizer.predict(np.array(images)) if images else [])
    for file, digits, error in zip(files, digits_of_files, errors, strict=True):
        yield Reading(file, digits, list(islice(predictions, len(digits))), error)


def find_digits(recognizer: Recognizer, file: str) -> tuple[list[Digit], str | None]:
    """Return the digits of a file, and why there are none, or None."""
    try:
        if Path(file).is_dir():
            return [], "there are no pictures in this folder, and no subfolder for each class"
        source = sys.stdin.buffer if file == "-" else Path(file)
        return recognizer.find(pictures.read(source)), None
    except PictureError as error:
        return [], str(error)
    except OSError as error:
        return [], error.strerror or str(error)


def in_words(
    recognizer: Recognizer, predictions: Sequence[Prediction], actual: str | None = None
) -> str:
    """Return the predictions in words, such as `predicted 4 7? (97 %, 88 %)`.

    If there is a single prediction of a class, the brackets also have the likeliest other
    classes.

    Args:
        recognizer: the recognizer.
        predictions: the predictions for the digits of a picture.
        actual: what the picture shows, or None if it is unknown.
    """
    names = [recognizer.names[prediction.label] for prediction in predictions]
    labels = [label_with_flag(recognizer, prediction) for prediction in predictions]
    percents = [formatting.format_percent(each.probability) for each in predictions]
    brackets = ", ".join(percents)
    if len(predictions) == 1 and not recognizer.positive:
        others = []
        for label, probability in predictions[0].runners_up[:N_NAMED]:
            if probability >= NAMED:
                percent = formatting.format_percent(probability)
                others.append(f"{recognizer.names[label]}: {percent}")
        if others:
            brackets += "; " + ", ".join(others)
    has_long_names = max(len(name) for name in names) > 1
    separator = ", " if has_long_names else " "
    return formatting.describe_prediction(separator.join(labels), brackets, actual)


def label_with_flag(recognizer: Recognizer, prediction: Prediction) -> str:
    """Return the name of the predicted label, and the flag if the image is flagged."""
    name = recognizer.names[prediction.label]
    return name + UNLIKE if prediction.is_unlike else name


def explain_flag(recognizer: Recognizer, predictions: Iterable[Prediction]) -> None:
    """Print a line on stderr that explains the flag, if an image is flagged."""
    if any(prediction.is_unlike for prediction in predictions):
        warn(
            f"{UNLIKE} flags what does not resemble the training data of "
            f"{recognizer.model_name}, and may be no digit"
        )


def suggest_cropping(reading: Reading) -> None:
    """Suggest on stderr what to do with a picture if most of its digits are flagged."""
    n_digits = len(reading.predictions)
    n_flagged = sum(prediction.is_unlike for prediction in reading.predictions)
    if n_digits >= MIN_DIGITS and n_flagged > n_digits / 2:
        warn(
            f"{reading.file}: {n_flagged} of {n_digits} are flagged; turn the picture "
            "upright, or crop it to the digits"
        )


def as_values(recognizer: Recognizer, digit: Digit, prediction: Prediction) -> dict[str, Any]:
    """Return a digit and its prediction, as JSON and the drawing page have them."""
    runners_up = []
    for label, probability in prediction.runners_up[:RUNNERS_UP]:
        name = label_as_value(recognizer, label)
        runners_up.append({"label": name, "probability": round(probability, 6)})
    return {
        "label": label_as_value(recognizer, prediction.label),
        "unlike": prediction.is_unlike,
        "probability": round(prediction.probability, 6),
        "runners_up": runners_up,
        "box": list(digit.box),
    }


def label_as_value(recognizer: Recognizer, label: int) -> int | str:
    """Return the name of a label, or the label itself if its class has no other name."""
    name = recognizer.names[label]
    return label if name == str(label) else name


def as_json(recognizer: Recognizer, reading: Reading, **facts: object) -> str:
    """Return a line of JSON about a picture.

    It is in ASCII, because the name of a file may have any characters.

    Args:
        recognizer: the recognizer.
        reading: the digits of the picture.
        facts: further values for the line.
    """
    values: dict[str, object] = {"file": reading.file, "model": recognizer.model_name, **facts}
    if reading.error is not None:
        values["error"] = reading.error
    else:
        digits = zip(reading.digits, reading.predictions, strict=True)
        values["digits"] = [as_values(recognizer, *each) for each in digits]
    return json.dumps(values)
