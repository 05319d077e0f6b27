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
from typing import TYPE_CHECKING, Any, NamedTuple

from digits.common import cli
from digits.common.cli import ParameterError, PipelineError

if TYPE_CHECKING:  # these take a second to import: after the command line has been checked
    import numpy as np
    import numpy.typing as npt

    from tools.ink.digits import Found
    from tools.ink.recognizer import Recognizer

BATCH = 200  # pictures whose digits go to the model together
SHADES = " ░▒▓█"
NAMED = 0.01  # the least probability of another answer worth naming

Answers = list[dict[str, Any]]


class Seen(NamedTuple):
    """What was found in one file: its digits, or else why there are none."""

    name: str
    digits: "list[Found]"
    error: str | None = None


def paths(arguments: Sequence[str]) -> Iterator[str]:
    """Return the files that the arguments stand for: a folder stands for its pictures, sorted.

    Raises:
        PipelineError: a folder has no pictures.
    """
    from tools.ink.pictures import SUFFIXES

    for argument in arguments:
        if argument == "-" or not Path(argument).is_dir():
            yield argument
            continue
        inside = sorted(path for path in Path(argument).iterdir() if path.suffix.lower() in SUFFIXES)
        if not inside:
            raise PipelineError(f"{argument}: there are no pictures in this folder")
        yield from map(str, inside)


def look(name: str, size: int) -> Seen:
    """Find the digits of one file, `-` for standard input."""
    from tools.ink import digits, pictures

    if name == "-" and sys.stdin is None:
        return Seen(name, [], "standard input is closed")
    try:
        source = sys.stdin.buffer if name == "-" else Path(name)
        return Seen(name, digits.find(pictures.read(source), size))
    except pictures.PictureError as error:
        return Seen(name, [], str(error))
    except OSError as error:
        return Seen(name, [], error.strerror or str(error))


def answers(recognizer: "Recognizer", probabilities: "npt.NDArray[np.floating[Any]]") -> Answers:
    """Return for each image the class, its probability, and up to two others worth naming."""
    result = []
    for row in probabilities:
        order = (-row).argsort(kind="stable")
        others = {recognizer.classes[i]: float(row[i]) for i in order[1:3] if row[i] >= NAMED}
        best = order[0]
        result.append({"class": recognizer.classes[best], "probability": float(row[best]), "others": others})
    return result


def in_words(recognizer: "Recognizer", found: Answers) -> str:
    """Return one line for one picture: `7  (98 %; 1: 1 %, 9: 1 %)`, or for several digits `4 7  (97 %, 88 %)`."""
    words = [str(answer["class"]) for answer in found]
    sure = [f"{100 * answer['probability']:.0f} %" for answer in found]
    if recognizer.positive is not None:
        words = [("no", "yes")[answer["class"]] for answer in found]
    elif len(found) == 1 and found[0]["others"]:
        sure[0] += "; " + ", ".join(f"{other}: {100 * p:.0f} %" for other, p in found[0]["others"].items())
    return f"{' '.join(words)}  ({', '.join(sure)})"


def as_json(recognizer: "Recognizer", seen: Seen, found: Answers) -> str:
    """Return one picture's JSON line."""
    if seen.error is not None:
        return json.dumps({"file": seen.name, "error": seen.error}, ensure_ascii=False)
    key = "digit" if recognizer.positive is None else "label"
    digits = [
        {key: answer["class"], "probability": round(answer["probability"], 6), "box": list(digit.box)}
        for digit, answer in zip(seen.digits, found, strict=True)
    ]
    return json.dumps({"file": seen.name, "digits": digits}, ensure_ascii=False)


def drawn(image: "npt.NDArray[np.uint8]") -> str:
    """Draw an image of shape (height, width) with block characters, two a pixel, for light ink on a dark terminal."""
    from tools.report.images import brightened

    shades = (brightened(image).astype(int) * len(SHADES) // 256).tolist()
    return "\n".join("".join(2 * SHADES[shade] for shade in row).rstrip() for row in shades)


def save(folder: Path, seen: Seen, numbers: Iterator[int]) -> None:
    """Write each digit as the model sees it to `folder`, as `<file name>-<number>.png`.

    Args:
        folder: is made if need be.
        seen: one file, of a name that another folder's file may have too.
        numbers: count all digits of the run, so that each has a name of its own.
    """
    from PIL import Image

    from tools.report.images import brightened

    folder.mkdir(parents=True, exist_ok=True)
    stem = "stdin" if seen.name == "-" else Path(seen.name).name
    for digit in seen.digits:
        Image.fromarray(brightened(digit.image)).save(folder / f"{stem}-{next(numbers)}.png")


def predict(recognizer: "Recognizer", arguments: argparse.Namespace) -> int:
    """Look at the pictures, ask the model, print; return how many could not be read."""
    import numpy as np

    failed, numbers = 0, count(1)
    seen = (look(name, recognizer.size) for name in paths(arguments.image))
    while batch := list(islice(seen, BATCH)):
        images = [digit.image for one in batch for digit in one.digits]
        found = iter(answers(recognizer, recognizer.probabilities(np.array(images)))) if images else iter([])
        for one in batch:
            own = list(islice(found, len(one.digits)))
            failed += one.error is not None
            if arguments.json:
                print(as_json(recognizer, one, own), flush=True)
            elif one.error is not None:
                cli.note(f"{one.name}: {one.error}")
            else:
                print(f"{one.name}: {in_words(recognizer, own)}", flush=True)
            for digit in one.digits if arguments.show else []:
                print(drawn(digit.image), file=sys.stderr if arguments.json else sys.stdout)
            if arguments.save:
                save(arguments.save, one, numbers)
    return failed


def predict_row(recognizer: "Recognizer", dataset: str, number: int, *, show: bool) -> str:
    """Return the line for one image of a dataset, which is shown to the model as it is.

    Raises:
        ParameterError: the dataset has no such image, or its images are of another shape than the model's.
        PipelineError: the dataset is not here.
    """
    import numpy as np

    from digits.common import tables

    path = Path("data", "raw", f"{dataset}.parquet")
    classes = tables.column(tables.read(path, ["class"]), "class")
    if not 0 <= number < len(classes):
        raise ParameterError(f"{dataset} has no image {number}; allowed: 0 to {len(classes) - 1}")
    shape = tables.image_shape(path)
    if shape != recognizer.shape:
        raise ParameterError(
            f"{recognizer.experiment} takes images of {recognizer.shape[0]} × {recognizer.shape[1]} pixels, "
            f"those of {dataset} are {shape[0]} × {shape[1]}; choose another --model"
        )
    image = tables.take_pixels(path, np.array([number])).reshape(1, *shape)
    found = answers(recognizer, recognizer.probabilities(image))
    truth = int(classes[number])
    expected = truth if recognizer.positive is None else int(truth in recognizer.positive)
    verdict = "right" if found[0]["class"] == expected else f"wrong, it is {truth}"
    picture = f"\n{drawn(image[0])}" if show else ""
    return f"{dataset} {number}: {in_words(recognizer, found)}, {verdict}{picture}"


def whence(experiment: str, dataset: str, number: int) -> str:
    """Say whether an image of a dataset is one that an experiment's model was trained on."""
    from digits.common import parameters, tables
    from tools.report.sections import Experiment, Split

    values = parameters.load()
    name = parameters.block(values, "experiments", experiment, Experiment).split
    test = Path("data", "split", name, "test.parquet")
    if parameters.block(values, "splits", name, Split).dataset != dataset:
        return f"{experiment} was trained on other images than {dataset}"
    if not test.exists():
        return f"{experiment} may have been trained on this image"
    if number in tables.column(tables.read(test, ["row"]), "row"):
        return f"the image is in the test part: {experiment} had never seen it"
    return f"the image is in the training part: {experiment} has seen it before"


def main() -> None:
    """Read the command line, load the model, predict."""
    parser = cli.parser(
        __doc__,
        "-m tools.predict two.png scans/",
        "-m tools.predict --row mnist 36001",
    )
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

    from tools.ink.recognizer import Recognizer

    if arguments.row:
        dataset, number = arguments.row
        recognizer = Recognizer.load(arguments.model, dataset)
        print(predict_row(recognizer, dataset, int(number), show=arguments.show))
        cli.note(whence(recognizer.experiment, dataset, int(number)))
    elif predict(Recognizer.load(arguments.model), arguments):
        sys.exit(1)


if __name__ == "__main__":
    cli.run(main)
