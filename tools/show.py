"""Show digits of a dataset, in the terminal or as a PNG file: by number, at random, by label, or a model's mistakes.

Reads data/raw/<dataset>.parquet, and data/predictions/<experiment>.parquet for the mistakes, the most confident first:
those where the score of the predicted class stands furthest above the next one's. Without any digits to show it
describes the dataset: shape, columns, range, how many of each digit.
"""

import argparse
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from digits.common import cli, files, parameters, parquet, paths, tables
from digits.common.errors import ParameterError, PipelineError, require_choice, show
from digits.common.parameters import Dataset, Experiment, Parameters, Task
from digits.common.tables import IMAGES, Pixels, Vector
from tools import drawing
from tools.mistakes import most_confident, read_predictions

LIMIT = 1_000  # digits at a time
DEFAULT_LIMIT = 20  # by label and of mistakes


class Images(NamedTuple):
    """A dataset: its table, the height and width of its images, and their classes, of shape (images,)."""

    name: str
    path: Path
    shape: tuple[int, int]
    classes: Vector


def read(name: str) -> Images:
    """Read what a dataset's table says of its images, without their pixels.

    Raises:
        PipelineError: it has not been fetched yet, or its file is not one of images.
    """
    path = paths.raw(name)
    files.require(path, f"fetch@{name}")
    return Images(name, path, parquet.image_shape(path), parquet.read_column(path, IMAGES, "class"))


def row_numbers(texts: Sequence[str], images: Images) -> Vector:
    """Turn `36001` and `0-9` into row numbers, in the order given.

    Raises:
        ParameterError: one is no number or range, runs backwards, or lies beyond the last image.
    """
    last = len(images.classes) - 1
    rows: list[int] = []
    for text in texts:
        match = re.fullmatch(r"(\d{1,18})(?:-(\d{1,18}))?", text, re.ASCII)
        if not match or int(match[2] or match[1]) < int(match[1]):
            raise ParameterError(f"{show(text)} is neither a number such as 36001 nor a range such as 0-9")
        if int(match[2] or match[1]) > last:
            raise ParameterError(f"{images.name} has no digit {match[2] or match[1]}; the last is {last}")
        rows += range(int(match[1]), int(match[2] or match[1]) + 1)
    return np.array(rows, np.int64)


def mistakes(experiment: str, params: Parameters, images: Images) -> dict[int, str]:
    """Return the captions of an experiment's mistakes on its test part by row number, the most confident first.

    Raises:
        ParameterError: there is no such experiment, or it is about another dataset.
        PipelineError: it has not been evaluated yet, or its predictions are not about this dataset.
    """
    require_choice("--mistakes", experiment, params.names(Experiment))
    if (dataset := params.dataset_of(experiment)) != images.name:
        raise ParameterError(f"--mistakes: {experiment} is about {dataset}, not {images.name}")
    table = read_predictions(experiment, len(images.classes))
    rows, y_pred = tables.column(table, "row"), tables.column(table, "prediction")
    task = params.block(Experiment, experiment).task
    names = ["not " + task, task] if params.block(Task, task).positive else range(256)
    return {
        int(rows[i]): f"row {rows[i]}: is {images.classes[rows[i]]}, predicted as {names[y_pred[i]]}"
        for i in most_confident(table)[0]
    }


def description(images: Images) -> Iterator[str]:
    """Yield lines that say what is in a dataset."""
    count, (height, width) = len(images.classes), images.shape
    lowest, highest = zip(*((pixels.min(), pixels.max()) for pixels in parquet.pixels(images.path)), strict=True)
    yield f"{images.name}: {_spaced(count)} images of {height} x {width}"
    yield f"columns: pixel1 to pixel{height * width} (row by row, uint8), class"
    yield f"pixels: {min(lowest)} (paper) to {max(highest)} (ink)"
    yield ""
    yield "digit  images   share"
    for digit, images_of_it in enumerate(np.bincount(images.classes).tolist()):
        yield f"{digit:5}  {_spaced(images_of_it):>6}  {100 * images_of_it / count:4.1f} %"


def choose(images: Images, arguments: argparse.Namespace, params: Parameters) -> tuple[Pixels, list[str]]:
    """Return the digits that the command line asks for, of shape (digits, height, width), and their captions.

    Raises:
        ParameterError: a wrong number, label or experiment; or too many digits.
        PipelineError: there are no such digits, or the experiment has not been evaluated yet.
    """
    rows = row_numbers(arguments.numbers, images) if arguments.numbers else np.arange(len(images.classes))
    captions: dict[int, str] = {}
    if arguments.mistakes:
        captions = mistakes(arguments.mistakes, params, images)
        rows = np.array([row for row in captions if row in set(rows.tolist())], np.int64)
    if arguments.label is not None:
        require_choice("--label", str(arguments.label), map(str, np.unique(images.classes)))
        rows = rows[images.classes[rows] == arguments.label]
    if arguments.random:
        rows = np.random.RandomState(arguments.seed).permutation(rows)[: arguments.random]
    counted = arguments.random or (arguments.numbers and not arguments.mistakes and arguments.label is None)
    limit = arguments.limit or (len(rows) if counted else DEFAULT_LIMIT)
    if not len(rows):
        raise PipelineError("no digit is like that")
    if min(len(rows), limit) > LIMIT:
        if arguments.limit:
            raise ParameterError(f"--limit {limit} is too large; at most {LIMIT} digits at a time")
        raise ParameterError(f"{len(rows)} digits are too many; at most {LIMIT} at a time, --limit N shows the first")
    if len(rows) > limit:
        cli.note(f"the first {limit} of {len(rows)}; --limit shows more")
    rows = rows[:limit]
    pixels = drawing.brightened(parquet.take_pixels(images.path, rows)).reshape(-1, *images.shape)
    return pixels, [captions.get(row, f"{images.name} {row} is a {images.classes[row]}") for row in rows.tolist()]


def _spaced(number: int) -> str:
    return f"{number:,}".replace(",", " ")


def _positive(text: str) -> int:
    if not (text.isdecimal() and int(text)):
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1")
    return int(text)


def _seed(text: str) -> int:
    if not (text.isdecimal() and int(text) < 2**32):
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 0 to {2**32 - 1}")
    return int(text)


def main() -> None:
    """Read, choose, and print or draw."""
    parser = cli.parser(__doc__, "mnist 36000 36001 0-2", "mnist --mistakes digit-knn --limit 40 --png mistakes.png")
    parser.add_argument("dataset", help="a dataset of params.yaml")
    parser.add_argument("numbers", nargs="*", metavar="NUMBER|FIRST-LAST", help="which digits, counted from 0")
    parser.add_argument("--random", type=_positive, metavar="N", help="N of them at random")
    parser.add_argument("--seed", type=_seed, default=42, metavar="S", help="of --random (default: 42)")
    parser.add_argument("--label", type=int, metavar="DIGIT", help="only those that are this digit")
    parser.add_argument("--mistakes", metavar="EXPERIMENT", help="only those that this experiment got wrong")
    parser.add_argument(
        "--limit", type=_positive, metavar="N", help=f"the first N (by label or mistakes: {DEFAULT_LIMIT})"
    )
    parser.add_argument("--png", type=Path, metavar="FILE", help="write a sheet of them instead of printing them")
    parser.add_argument("--describe", action="store_true", help="shape, columns, range and counts of the dataset")
    arguments = parser.parse_intermixed_args()

    params = parameters.load()
    require_choice("DATASET", arguments.dataset, params.names(Dataset))
    images = read(arguments.dataset)
    chosen = arguments.numbers or arguments.random or arguments.label is not None or arguments.mistakes
    if arguments.describe or not (chosen or arguments.png or arguments.limit):
        print("\n".join(description(images)), end="\n\n" if chosen else "\n")
        if not chosen:
            return
    digits, captions = choose(images, arguments, params)
    if not arguments.png:
        drawing.print_images(digits, captions)
        return
    with files.atomic_write(arguments.png) as temporary:
        drawing.sheet(digits, captions).save(temporary, "PNG")
    print(f"{arguments.png}: {len(digits)} of {arguments.dataset}")


if __name__ == "__main__":
    cli.run(main)
