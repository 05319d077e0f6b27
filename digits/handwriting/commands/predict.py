"""Say which digits a picture shows: PNG, JPEG, BMP, GIF, TIFF or WebP, one digit or many, dark on light or the reverse.

Uses the best trained model that names all ten digits, or the one of `--model`. The exit status is 1 if a picture could
not be read; the others are read all the same.

A folder with a subfolder for each digit, one digit a picture (own/7/photo.jpg), is measured: the mistakes, the
confusion matrix and the accuracy are printed. A picture in which no digit or several are found is a mistake.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import count, islice
from pathlib import Path
from typing import NamedTuple

from digits.handwriting.components import Digit
from digits.handwriting.measure import Measurement, seen_before
from digits.handwriting.recognizer import Prediction, Recognizer
from digits.results import drawing
from digits.results import images as rows
from digits.results.wording import NONE, NOT_CALIBRATED, percent, predicted
from digits.support import cli, pictures
from digits.support.errors import ParameterError, PipelineError
from digits.support.pictures import Picture

import numpy as np
from PIL import Image

BATCH = 200  # pictures whose digits go to the model together
NAMED = 0.01  # the least probability of another class worth naming


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
            raise PipelineError(f"{argument}: there are no pictures in this folder, and no subfolder for each digit")
        yield from map(str, inside)


def look(name: str, find: Callable[[Picture], list[Digit]]) -> Seen:
    """Find the digits of one file, `-` for standard input."""
    if name == "-" and sys.stdin is None:
        return Seen(name, [], "standard input is closed")
    try:
        source = sys.stdin.buffer if name == "-" else Path(name)
        return Seen(name, find(pictures.read(source)))
    except pictures.PictureError as error:
        return Seen(name, [], str(error))
    except OSError as error:
        return Seen(name, [], error.strerror or str(error))


def in_words(recognizer: Recognizer, predictions: Sequence[Prediction], digit: object = None) -> str:
    """Return what `wording.predicted` does, for a picture of several digits `predicted 4 7 (97 %, 88 %)`.

    Of one digit among ten, the next likeliest stand in the brackets, too; of what is none, the nearest.
    """
    best = [next(iter(each.items())) for each in predictions]
    classes = [recognizer.names[label] for label, _ in best]
    shares = ", ".join(
        f"nearest {name}" if each.is_none else percent(probability)
        for each, name, (_, probability) in zip(predictions, classes, best, strict=True)
    )
    if recognizer.positive is None and len(predictions) == 1 and not predictions[0].is_none:
        next_likeliest = [(recognizer.names[label], p) for label, p in list(predictions[0].items())[1:3] if p >= NAMED]
        others = ", ".join(f"{name}: {percent(p)}" for name, p in next_likeliest)
        shares = "; ".join(filter(None, [shares, others]))
    between = " " if max(map(len, classes)) == 1 else ", "
    named = (NONE if each.is_none else name for each, name in zip(predictions, classes, strict=True))
    return predicted(between.join(named), shares, digit)


def as_json(recognizer: Recognizer, seen: Seen, predictions: Sequence[Prediction], **known: object) -> str:
    """Return one picture's JSON line, in which `known` stands as well."""
    if seen.error is not None:
        return json.dumps({"file": seen.name, **known, "error": seen.error}, ensure_ascii=False)
    digits = []
    for digit, prediction in zip(seen.digits, predictions, strict=True):
        label, probability = next(iter(prediction.items()))
        name = recognizer.names[label]
        key = "label" if recognizer.positive else "digit" if name == str(label) else "class"
        shown = name if key == "class" else label
        named = {key: None, "nearest": shown} if prediction.is_none else {key: shown}
        digits.append({**named, "probability": round(probability, 6), "box": list(digit.box)})
    return json.dumps({"file": seen.name, **known, "digits": digits}, ensure_ascii=False)


def save(folder: Path, seen: Seen, numbers: Iterator[int]) -> None:
    """Write each digit as the model sees it to `folder`, as `<file name>-<number>.png`.

    `numbers` counts all digits of the run: files of several folders may have one name.
    """
    folder.mkdir(parents=True, exist_ok=True)
    stem = "stdin" if seen.name == "-" else Path(seen.name).name
    for digit in seen.digits:
        Image.fromarray(drawing.brightened(digit.image)).save(folder / f"{stem}-{next(numbers)}.png")


def recognize(recognizer: Recognizer, names: Iterable[str]) -> Iterator[tuple[Seen, list[Prediction]]]:
    """Look at the pictures and ask the model; yield each with the predictions of its digits."""
    every = (look(name, recognizer.find) for name in names)
    while batch := list(islice(every, BATCH)):
        found = recognizer.split([seen.digits for seen in batch])
        images = [digit.image for digits in found for digit in digits]
        predictions = iter(recognizer.predict(np.array(images)) if images else [])
        for seen, digits in zip(batch, found, strict=True):
            yield seen._replace(digits=digits), list(islice(predictions, len(digits)))


def predict_files(recognizer: Recognizer, arguments: argparse.Namespace) -> int:
    """Look at the pictures, ask the model, print; return how many could not be read."""
    failed, numbers = 0, count(1)
    for seen, own in recognize(recognizer, list_files(arguments.image)):
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


def measure_files(recognizer: Recognizer, measurement: Measurement, arguments: argparse.Namespace) -> None:
    """Look at pictures whose classes are known, ask the model, and print how often it is right, and its mistakes."""
    numbers = count(1)
    files = measurement.actual
    shown = files if arguments.json else cli.progress(files, len(files), "pictures")  # a line each is progress enough
    for seen, own in recognize(recognizer, shown):
        actual = measurement.actual[seen.name]
        words = f"{actual}, {seen.error}" if seen.error else in_words(recognizer, own, actual)
        right = measurement.add(seen.name, seen.digits, own, words)
        if arguments.json:
            digit = int(actual) if actual.isdecimal() else actual
            print(as_json(recognizer, seen, own, actual=digit, right=right), flush=True)
        if arguments.save:
            save(arguments.save, seen, numbers)
    measurement.report(in_json=arguments.json, in_terminal=arguments.show, png=arguments.png)


def predict_rows(recognizer: Recognizer, dataset: str, numbers: Sequence[str], *, draw: int | None, show: bool) -> None:
    """Print the predictions for images of a dataset, which the model is given as they are.

    Args:
        recognizer: of images of this shape.
        dataset: its name.
        numbers: `36001` or `0-9`; none for all images.
        draw: how many of these to draw at random; None for all of them.
        show: draw the images, too.

    Raises:
        ParameterError: the dataset has no such image, or its images are of another shape than the model's.
        PipelineError: the dataset is not here.
    """
    fetched = rows.read(dataset)
    if fetched.shape != recognizer.shape:
        raise ParameterError(
            f"{recognizer.experiment} takes images of {recognizer.shape[0]} × {recognizer.shape[1]} pixels, "
            f"those of {dataset} are {fetched.shape[0]} × {fetched.shape[1]}; choose another --model"
        )
    chosen = rows.by_number(numbers, fetched)
    chosen = rows.at_random(chosen, draw) if draw else chosen
    images, verdicts = fetched.pixels(chosen), []
    for row, image, prediction in zip(chosen.tolist(), images, recognizer.predict(images), strict=True):
        digit = int(fetched.classes[row])
        label = digit if recognizer.positive is None else int(digit in recognizer.positive)
        verdict = "right" if next(iter(prediction)) == label else "wrong"
        verdicts.append("rejected" if prediction.is_none else verdict)
        words = in_words(recognizer, [prediction], fetched.names[digit])
        print(f"{dataset} {row}: {words}, {verdicts[-1]}", flush=True)
        if show:
            drawing.print_images(drawing.brightened(image[None]), [""])
    if len(chosen) > 1:
        rejected = verdicts.count("rejected")
        print(f"{verdicts.count('right')} of {len(chosen)} right" + (f", {rejected} rejected" if rejected else ""))
    cli.note(seen_before(recognizer.experiment, dataset, chosen))


def main() -> None:
    """Read the command line, load the model, predict."""
    parser = cli.parser(
        __doc__,
        "two.png scans/",
        "own/ --png mistakes.png",
        "--row mnist 60000-60009",
    )
    parser.add_argument("image", nargs="*", help="a picture, a folder of pictures, or - for standard input")
    parser.add_argument("--model", metavar="EXPERIMENT", help="default: the best that names all ten digits")
    parser.add_argument("--json", action="store_true", help="print a JSON object a picture")
    parser.add_argument("--show", action="store_true", help="draw what the model saw; if measured, the mistakes")
    parser.add_argument("--save", metavar="FOLDER", type=Path, help="write what the model saw, a PNG a digit, numbered")
    parser.add_argument("--png", metavar="FILE", type=Path, help="if measured, draw the mistakes as one sheet")
    parser.add_argument("--row", nargs="+", metavar=("DATASET", "NUMBERS"), help="take images of data/raw: 7 or 0-9")
    parser.add_argument(
        "--random", type=rows.count, metavar="N", help="with --row: N images at random, others each time"
    )
    arguments = parser.parse_args()
    if bool(arguments.image) == bool(arguments.row):
        parser.error("give pictures, or --row DATASET NUMBER")
    if arguments.row and (arguments.json or arguments.save or arguments.png):
        parser.error("--row goes with none of --json, --save and --png")
    dataset, *numbers = arguments.row or [None]
    if arguments.row and not (numbers or arguments.random):
        parser.error("--row DATASET: give numbers of images, or --random N")
    if arguments.random and not arguments.row:
        parser.error("--random goes with --row DATASET")

    recognizer = Recognizer.load(arguments.model, dataset)
    failed = 0
    measurement = None if dataset else Measurement.of(recognizer, arguments.image)
    if arguments.png and not measurement:
        parser.error("--png goes with one folder that has a subfolder for each digit")
    if dataset:
        predict_rows(recognizer, dataset, numbers, draw=arguments.random, show=arguments.show)
    elif measurement:
        measure_files(recognizer, measurement, arguments)
    else:
        failed = predict_files(recognizer, arguments)
    if recognizer.temperature is None:
        cli.note(NOT_CALIBRATED.format(recognizer.experiment))
    if failed:
        sys.exit(1)


if __name__ == "__main__":
    cli.run(main)
