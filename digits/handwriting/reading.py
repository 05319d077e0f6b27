"""Read picture files: the digits in each and what a model predicts for them, in words and as JSON."""

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from digits import pictures
from digits.core.errors import warn
from digits.handwriting.components import Digit
from digits.handwriting.recognizer import Prediction, Recognizer
from digits.pictures import PictureError
from digits.results import wording
from digits.sources import folder

import numpy as np

UNLIKE = "?"  # stands behind the class of what is unlike the training images
BATCH = 200  # pictures whose digits go to the model together
NAMED = 0.01  # the least probability of another class worth naming
RUNNERS_UP = 3  # of a digit, in JSON and on the drawing page


@dataclass
class Reading:
    """What was found in one file: its digits and the prediction for each, or else why there are none."""

    file: str
    digits: list[Digit]
    predictions: list[Prediction]
    error: str | None = None


def list_files(arguments: Iterable[str]) -> Iterator[str]:
    """Yield the files that the arguments stand for: a folder stands for its pictures, sorted, or for itself."""
    for argument in arguments:
        entries = [
            path
            for path in Path(argument).glob("*")
            if not folder.IGNORED_NAMES.fullmatch(path.name)
        ]
        inside = sorted(path for path in entries if path.suffix.lower() in pictures.SUFFIXES)
        if inside:
            folder.warn_about_other_files(Path(argument), sorted({*entries} - {*inside}))
        yield from map(str, inside) if inside else [argument]


def read(recognizer: Recognizer, files: Iterable[str]) -> Iterator[Reading]:
    """Find the digits of each file, `-` for standard input, and predict them, many files at a time."""
    remaining = iter(files)
    while batch := list(islice(remaining, BATCH)):
        found, errors = zip(*(_find(recognizer, file) for file in batch), strict=True)
        digits = recognizer.split(found)
        images = [digit.image for of_file in digits for digit in of_file]
        predictions = iter(recognizer.predict(np.array(images)) if images else [])
        for file, of_file, error in zip(batch, digits, errors, strict=True):
            yield Reading(file, of_file, list(islice(predictions, len(of_file))), error)


def _find(recognizer: Recognizer, file: str) -> tuple[list[Digit], str | None]:
    """Return the digits of one file, or why there are none."""
    try:
        if Path(file).is_dir():
            raise PictureError(
                "there are no pictures in this folder, and no subfolder for each class"
            )
        return recognizer.find(
            pictures.read(sys.stdin.buffer if file == "-" else Path(file))
        ), None
    except (PictureError, OSError) as error:
        return [], getattr(error, "strerror", None) or str(error)


def in_words(
    recognizer: Recognizer, predictions: Sequence[Prediction], actual: str | None = None
) -> str:
    """Return `predicted 4 7? (97 %, 88 %)`, after `actual` as `wording.describe_prediction` puts it.

    Of one digit among ten, the brackets have the next likeliest, too.
    """
    names = [recognizer.names[each.label] + UNLIKE * each.is_unlike for each in predictions]
    shares = ", ".join(wording.format_percent(each.probability) for each in predictions)
    if not recognizer.positive and len(predictions) == 1:
        likely = [each for each in predictions[0].runners_up[:2] if each[1] >= NAMED]
        others = [
            f"{recognizer.names[label]}: {wording.format_percent(probability)}"
            for label, probability in likely
        ]
        shares = "; ".join(filter(None, [shares, ", ".join(others)]))
    between = (
        " " if max(len(recognizer.names[each.label]) for each in predictions) == 1 else ", "
    )
    return wording.describe_prediction(between.join(names), shares, actual)


def note_mark(recognizer: Recognizer, predictions: Iterable[Prediction]) -> None:
    """Explain the mark in a line, where one of the predictions has it."""
    if any(each.is_unlike for each in predictions):
        warn(
            f"{UNLIKE} marks what is unlike the images that {recognizer.model_name} was trained on: perhaps no digit"
        )


def as_values(recognizer: Recognizer, digit: Digit, prediction: Prediction) -> dict[str, Any]:
    """Return what is found of one digit, as JSON and the drawing page have it; a class without a name is a number."""

    def name(label: int) -> int | str:
        return label if recognizer.names[label] == str(label) else recognizer.names[label]

    runners_up = prediction.runners_up[:RUNNERS_UP]
    return {
        "label": name(prediction.label),
        "unlike": prediction.is_unlike,
        "probability": round(prediction.probability, 6),
        "runners_up": [
            {"label": name(label), "probability": round(share, 6)}
            for label, share in runners_up
        ],
        "box": list(digit.box),
    }


def as_json(recognizer: Recognizer, reading: Reading, **facts: object) -> str:
    """Return one picture's line of JSON, in which `facts` stand as well.

    It is in ASCII, because the name of a file may hold any characters.
    """
    digits = zip(reading.digits, reading.predictions, strict=True)
    found = (
        {"error": reading.error}
        if reading.error
        else {"digits": [as_values(recognizer, *each) for each in digits]}
    )
    return json.dumps({"file": reading.file, "model": recognizer.model_name, **facts, **found})
