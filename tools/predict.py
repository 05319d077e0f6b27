"""Say which digits a picture shows: PNG, JPEG, BMP, GIF, TIFF or WebP, one digit or many, dark on light or the reverse.

Uses the best trained model that names all ten digits, or the one of `--model`. The exit status is 1 if a picture could
not be read; the others are read all the same.
"""

import argparse
import json
import re
import reprlib
import sys
from collections.abc import Iterator, Sequence
from itertools import count, islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from digits.common import cli, parameters, parquet, paths
from digits.common.errors import ParameterError, PipelineError
from digits.common.parameters import Experiment
from digits.common.tables import IMAGES, Pixels
from tools import drawing
from tools.handwriting import components, pictures
from tools.handwriting.components import Digit
from tools.recognizer import NOT_CALIBRATED, Recognizer

BATCH = 200  # pictures whose digits go to the model together
NAMED = 0.01  # the least probability of another class worth naming

Prediction = dict[int, float]


class Seen(NamedTuple):
    """What was found in one file: its digits, or else why there are none."""

    name: str
    digits: list[Digit]
    error: str | None = None


def list_files(arguments: Sequence[str]) -> Iterator[str]:
    """Return the files that the arguments stand for: a folder stands for its pictures, sorted.

    Raises:
        PipelineError: a folder has no pictures.
    """
    for argument in arguments:
        if argument == "-" or not Path(argument).is_dir():
            yield argument
            continue
        inside = sorted(path for path in Path(argument).iterdir() if path.suffix.lower() in pictures.SUFFIXES)
        if not inside:
            raise PipelineError(f"{argument}: there are no pictures in this folder")
        yield from map(str, inside)


def look(name: str, size: int) -> Seen:
    """Find the digits of one file, `-` for standard input."""
    if name == "-" and sys.stdin is None:
        return Seen(name, [], "standard input is closed")
    try:
        source = sys.stdin.buffer if name == "-" else Path(name)
        return Seen(name, components.find(pictures.read(source), size))
    except pictures.PictureError as error:
        return Seen(name, [], str(error))
    except OSError as error:
        return Seen(name, [], error.strerror or str(error))


def classify(recognizer: Recognizer, images: Pixels) -> list[Prediction]:
    """Return each image's probabilities by class, the likeliest first; `images` has the shape (images, height, width).

    Of equals, the first class comes first.
    """
    return [
        {recognizer.classes[i]: float(row[i]) for i in (-row).argsort(kind="stable")}
        for row in recognizer.probabilities(images)
    ]


def in_words(recognizer: Recognizer, predictions: Sequence[Prediction]) -> str:
    """Return one line for one picture: `7  (98 %; 1: 1 %, 9: 1 %)`, or for several digits `4 7  (97 %, 88 %)`."""
    best = [next(iter(each.items())) for each in predictions]
    words = [str(label) if recognizer.positive is None else ("no", "yes")[label] for label, _ in best]
    shares = [percent(probability) for _, probability in best]
    if recognizer.positive is None and len(predictions) == 1:
        others = [f"{label}: {percent(p)}" for label, p in list(predictions[0].items())[1:3] if p >= NAMED]
        shares = ["; ".join(filter(None, [*shares, ", ".join(others)]))]
    return f"{' '.join(words)}  ({', '.join(shares)})"


def percent(probability: float) -> str:
    """Return a probability as text that never claims to be certain."""
    return "> 99 %" if probability > 0.995 else f"{100 * probability:.0f} %"


def as_json(recognizer: Recognizer, seen: Seen, predictions: Sequence[Prediction]) -> str:
    """Return one picture's JSON line."""
    if seen.error is not None:
        return json.dumps({"file": seen.name, "error": seen.error}, ensure_ascii=False)
    key = "digit" if recognizer.positive is None else "label"
    digits = []
    for digit, prediction in zip(seen.digits, predictions, strict=True):
        label, probability = next(iter(prediction.items()))
        digits.append({key: label, "probability": round(probability, 6), "box": list(digit.box)})
    return json.dumps({"file": seen.name, "digits": digits}, ensure_ascii=False)


def save(folder: Path, seen: Seen, numbers: Iterator[int]) -> None:
    """Write each digit as the model sees it to `folder`, as `<file name>-<number>.png`.

    `numbers` counts all digits of the run: files of several folders may have one name.
    """
    folder.mkdir(parents=True, exist_ok=True)
    stem = "stdin" if seen.name == "-" else Path(seen.name).name
    for digit in seen.digits:
        Image.fromarray(drawing.brightened(digit.image)).save(folder / f"{stem}-{next(numbers)}.png")


def predict_files(recognizer: Recognizer, arguments: argparse.Namespace) -> int:
    """Look at the pictures, ask the model, print; return how many could not be read."""
    failed, numbers = 0, count(1)
    every = (look(name, recognizer.size) for name in list_files(arguments.image))
    while batch := list(islice(every, BATCH)):
        images = [digit.image for seen in batch for digit in seen.digits]
        predictions = iter(classify(recognizer, np.array(images)) if images else [])
        for seen in batch:
            own = list(islice(predictions, len(seen.digits)))
            failed += seen.error is not None
            if arguments.json:
                print(as_json(recognizer, seen, own), flush=True)
            elif seen.error is not None:
                cli.note(f"{seen.name}: {seen.error}")
            else:
                print(f"{seen.name}: {in_words(recognizer, own)}", flush=True)
            if arguments.show and seen.digits:
                drawn = drawing.brightened(np.array([digit.image for digit in seen.digits]))
                drawing.print_images(drawn, [""] * len(drawn), sys.stderr if arguments.json else sys.stdout)
            if arguments.save:
                save(arguments.save, seen, numbers)
    return failed


def predict_row(recognizer: Recognizer, dataset: str, number: int, *, show: bool) -> None:
    """Print the prediction for one image of a dataset, which the model is given as it is.

    Raises:
        ParameterError: the dataset has no such image, or its images are of another shape than the model's.
        PipelineError: the dataset is not here.
    """
    path = paths.raw(dataset)
    classes = parquet.read_column(path, IMAGES, "class")
    if not 0 <= number < len(classes):
        raise ParameterError(f"{dataset} has no image {number}; allowed: 0 to {len(classes) - 1}")
    shape = parquet.image_shape(path)
    if shape != recognizer.shape:
        raise ParameterError(
            f"{recognizer.experiment} takes images of {recognizer.shape[0]} × {recognizer.shape[1]} pixels, "
            f"those of {dataset} are {shape[0]} × {shape[1]}; choose another --model"
        )
    image = parquet.take_pixels(path, np.array([number])).reshape(1, *shape)
    predictions = classify(recognizer, image)
    truth = int(classes[number])
    expected = truth if recognizer.positive is None else int(truth in recognizer.positive)
    verdict = "right" if next(iter(predictions[0])) == expected else f"wrong, it is {truth}"
    print(f"{dataset} {number}: {in_words(recognizer, predictions)}, {verdict}", flush=True)
    if show:
        drawing.print_images(drawing.brightened(image), [""])
    cli.note(seen_before(recognizer.experiment, dataset, number))


def seen_before(experiment: str, dataset: str, number: int) -> str:
    """Say whether an image of a dataset is one that an experiment's model was trained on."""
    params = parameters.load()
    test = paths.split(params.block(Experiment, experiment).split, "test")
    if params.dataset_of(experiment) != dataset:
        return f"{experiment} was trained on other images than {dataset}"
    if not test.exists():
        return f"{experiment} may have been trained on this image"
    if number in parquet.read_column(test, IMAGES, "row"):
        return f"the image is in the test part: {experiment} had never seen it"
    return f"the image is in the training part: {experiment} has seen it before"


def main() -> None:
    """Read the command line, load the model, predict."""
    parser = cli.parser(__doc__, "two.png scans/", "--row mnist 36001")
    parser.add_argument("image", nargs="*", help="a picture, a folder of pictures, or - for standard input")
    parser.add_argument("--model", metavar="EXPERIMENT", help="default: the best that names all ten digits")
    parser.add_argument("--json", action="store_true", help="print a JSON object a picture")
    parser.add_argument("--show", action="store_true", help="draw what the model saw")
    parser.add_argument("--save", metavar="FOLDER", type=Path, help="write what the model saw, a PNG a digit, numbered")
    parser.add_argument("--row", nargs=2, metavar=("DATASET", "NUMBER"), help="take an image of data/raw instead")
    arguments = parser.parse_args()
    if bool(arguments.image) == bool(arguments.row):
        parser.error("give pictures, or --row DATASET NUMBER")
    if arguments.row and (arguments.json or arguments.save):
        parser.error("--row goes with neither --json nor --save")
    if arguments.row and not re.fullmatch("[0-9]{1,18}", arguments.row[1]):
        parser.error(f"argument --row: {reprlib.repr(arguments.row[1])} is not the number of an image")

    recognizer = Recognizer.load(arguments.model, arguments.row[0] if arguments.row else None)
    failed = 0
    if arguments.row:
        dataset, number = arguments.row
        predict_row(recognizer, dataset, int(number), show=arguments.show)
    else:
        failed = predict_files(recognizer, arguments)
    if recognizer.temperature is None:
        cli.note(NOT_CALIBRATED.format(recognizer.experiment))
    if failed:
        sys.exit(1)


if __name__ == "__main__":
    cli.run(main)
