"""Read picture files: the digits in each and what a model predicts for them, in words and as JSON."""

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from digits import pictures
from digits.handwriting import components
from digits.handwriting.components import Digit
from digits.handwriting.recognizer import Prediction, Recognizer
from digits.pictures import PictureError
from digits.results import wording
from digits.sources import folder

import numpy as np

NONE = "none"  # the prediction for what is no digit
BATCH = 200  # pictures whose digits go to the model together
NAMED = 0.01  # the least probability of another class worth naming
RUNNERS_UP = 3  # of a digit, in JSON


@dataclass
class Reading:
    """What was found in one file: its digits and the prediction for each, or else why there are none."""

    file: str
    digits: list[Digit]
    predictions: list[Prediction]
    error: str | None = None


def list_files(arguments: Iterable[str]) -> Iterator[str]:
    """Yield the files that the arguments stand for: a folder stands for its pictures, sorted, or for itself.

    A line names what else is in a folder.
    """
    for argument in arguments:
        inside: list[Path] = []
        with suppress(OSError):  # what cannot be read is reported as a file that cannot
            if Path(argument).is_dir():
                entries = sorted(path for path in Path(argument).iterdir() if not folder.IGNORED.fullmatch(path.name))
                inside = [path for path in entries if path.suffix.lower() in pictures.SUFFIXES]
                if inside:
                    folder.note_others(Path(argument), sorted({*entries} - {*inside}))
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
    path = Path(file)
    try:
        if path.is_dir():
            raise PictureError("there are no pictures in this folder, and no subfolder for each class")
        return recognizer.find(pictures.read(sys.stdin.buffer if file == "-" else path)), None
    except (PictureError, OSError) as error:
        return [], getattr(error, "strerror", None) or str(error)


def in_cells(recognizer: Recognizer, reading: Reading) -> list[list[str]]:
    """Return what is predicted in each cell of a form, row by row: "" for an empty one, "?" for what is none.

    Raises:
        PictureError: the picture has no cells.
    """
    return [
        [
            "".join(
                "?" if prediction.is_none else recognizer.names[prediction.label]
                for digit, prediction in zip(reading.digits, reading.predictions, strict=True)
                if 0 <= digit.box[0] + digit.box[2] / 2 - x < width
                and 0 <= digit.box[1] + digit.box[3] / 2 - y < height
            )
            for x, y, width, height in row
        ]
        for row in components.cells(pictures.read(Path(reading.file)))
    ]


def in_words(recognizer: Recognizer, predictions: Sequence[Prediction], actual: object = None) -> str:
    """Return `predicted 4 7 (97 %, 88 %)`, after `actual` as `wording.predicted` puts it.

    Of one digit among ten, the brackets have the next likeliest, too; of what is none, the nearest.
    """
    names = [recognizer.names[each.label] for each in predictions]
    shares = ", ".join(
        (f"nearest {name}: " if each.is_none else "") + wording.percent(each.probability)
        for each, name in zip(predictions, names, strict=True)
    )
    if not recognizer.positive and len(predictions) == 1 and not predictions[0].is_none:
        next_likeliest = [each for each in predictions[0].runners_up[:2] if each[1] >= NAMED]
        others = [f"{recognizer.names[label]}: {wording.percent(probability)}" for label, probability in next_likeliest]
        shares = "; ".join(filter(None, [shares, ", ".join(others)]))
    between = " " if max(map(len, names)) == 1 else ", "
    shown = (NONE if each.is_none else name for each, name in zip(predictions, names, strict=True))
    return wording.predicted(between.join(shown), shares, actual)


def as_json(recognizer: Recognizer, reading: Reading, **facts: object) -> str:
    """Return one picture's line of JSON, in which `facts` stand as well."""
    if reading.error is not None:
        return json.dumps(
            {"file": reading.file, "model": recognizer.experiment, **facts, "error": reading.error}, ensure_ascii=False
        )
    digits = []
    for digit, prediction in zip(reading.digits, reading.predictions, strict=True):
        label = _as_label(recognizer, prediction.label)
        digits.append(
            {
                **({"label": None, "nearest": label} if prediction.is_none else {"label": label}),
                "none": prediction.is_none,
                "probability": round(prediction.probability, 6),
                "runners_up": [
                    {"label": _as_label(recognizer, other), "probability": round(probability, 6)}
                    for other, probability in prediction.runners_up[:RUNNERS_UP]
                ],
                "box": list(digit.box),
            }
        )
    values = {"file": reading.file, "model": recognizer.experiment, **facts, "digits": digits}
    return json.dumps(values, ensure_ascii=False)


def _as_label(recognizer: Recognizer, label: int) -> int | str:
    """Return the digit, where the classes are digits, else the class's name."""
    name = recognizer.names[label]
    return label if name == str(label) else name
