"""Show digits of a dataset, in the terminal or as a PNG file: by number, at random, by label, or a model's mistakes.

Reads data/raw/<dataset>.parquet, and data/predictions/<experiment>.parquet for the mistakes, of which the surest come
first: those where the score of its answer stands furthest above the next one's. Without any digits to show it describes
the dataset: shape, columns, range, how many of each digit.
"""

import argparse
import os
import re
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from digits.common import cli, files, parameters, tables
from digits.common.cli import ParameterError, PipelineError
from digits.common.tables import Vector
from tools.report.images import brightened
from tools.report.mistakes import surest_first
from tools.report.sections import Experiment, Split, Task

MOST = 1_000  # digits at a time
SOME = 20  # by label and of mistakes, when no --limit is given
INK = " .:-=+*#%@"  # from paper to ink
GAP = 3  # columns between digits that stand side by side


@dataclass(frozen=True)
class Images:
    """A dataset: its table, the height and width of its images, and their classes, of shape (images,)."""

    name: str
    path: Path
    shape: tuple[int, int]
    classes: Vector


@dataclass(frozen=True)
class Digit:
    """An image of shape (height, width), 0 to 1, and what stands above it."""

    caption: str
    image: Vector


def read(name: str) -> Images:
    """Read a dataset.

    Raises:
        PipelineError: it has not been fetched yet, or its file is not one of images.
    """
    path = Path("data/raw", f"{name}.parquet")
    files.expect(path, f"fetch@{name}")
    classes = tables.column(tables.read(path, ["class"]), "class")
    return Images(name, path, tables.image_shape(path), classes)


def numbers(spelled: Sequence[str], images: Images) -> Vector:
    """Turn `36001` and `0-9` into row numbers, in the order given.

    Raises:
        ParameterError: one is no number or range, runs backwards, or lies beyond the last image.
    """
    last = len(images.classes) - 1
    rows: list[int] = []
    for text in spelled:
        match = re.fullmatch(r"(\d{1,18})(?:-(\d{1,18}))?", text, re.ASCII)
        if not match or int(match[2] or match[1]) < int(match[1]):
            raise ParameterError(f"{parameters.show(text)} is neither a number such as 36001 nor a range such as 0-9")
        if int(match[2] or match[1]) > last:
            raise ParameterError(f"{images.name} has no digit {match[2] or match[1]}; the last is {last}")
        rows += range(int(match[1]), int(match[2] or match[1]) + 1)
    return np.array(rows, np.int64)


def mistakes(experiment: str, values: Mapping[str, Any], images: Images) -> dict[int, str]:
    """Return the captions of an experiment's mistakes on its test part by row number, the surest first.

    Args:
        experiment: a name in params.yaml.
        values: the content of params.yaml.
        images: the dataset.

    Raises:
        ParameterError: there is no such experiment, or it is about another dataset.
        PipelineError: it has not been evaluated yet, or its predictions are not about this dataset.
    """
    parameters.choose("--mistakes", experiment, parameters.blocks(values, "experiments"))
    block = parameters.block(values, "experiments", experiment, Experiment)
    dataset = parameters.block(values, "splits", block.split, Split).dataset
    if dataset != images.name:
        raise ParameterError(f"--mistakes: {experiment} is about {dataset}, not {images.name}")
    path = Path("data/predictions", f"{experiment}.parquet")
    files.expect(path, f"evaluate@{experiment}")
    table = tables.read_predictions(path, images.classes)
    rows, predictions = (tables.column(table, name) for name in ["row", "prediction"])
    positive = parameters.block(values, "tasks", block.task, Task).positive
    wrong, _ = surest_first(table)
    captions = {}
    for i in wrong:
        yes_or_no = f"{'' if predictions[i] else 'not '}taken for {block.task}"
        said = yes_or_no if positive else f"taken for {predictions[i]}"
        captions[int(rows[i])] = f"row {rows[i]}: is {images.classes[rows[i]]}, {said}"
    return captions


def in_characters(image: Vector, colour: bool) -> list[str]:
    """Draw an image of shape (height, width), 0 to 1, as lines of text.

    In colour a character is two pixels, one above the other, in the terminal's greys; else a pixel is two characters,
    the darker the more ink.
    """
    if not colour:
        return ["".join(2 * INK[round(value * (len(INK) - 1))] for value in row) for row in image.tolist()]
    even = np.pad(image, ((0, len(image) % 2), (0, 0)))
    greys = 232 + np.round(even * 23).astype(int)  # the 24 greys of a terminal with 256 colours
    return [
        "".join(f"\x1b[38;5;{upper};48;5;{lower}m\u2580" for upper, lower in zip(*pair, strict=True)) + "\x1b[0m"
        for pair in zip(greys[::2].tolist(), greys[1::2].tolist(), strict=True)
    ]


def lines(digits: Sequence[Digit], columns: int, colour: bool) -> Iterator[str]:
    """Lay digits out side by side, as many as fit into so many columns, and below each other."""
    drawn = digits[0].image.shape[1] * (1 if colour else 2)
    width = max(drawn, *(len(digit.caption) for digit in digits))
    beside = max(1, (columns + GAP) // (width + GAP))
    for start in range(0, len(digits), beside):
        row = digits[start : start + beside]
        yield (" " * GAP).join(digit.caption.ljust(width) for digit in row).rstrip()
        for parts in zip(*(in_characters(digit.image, colour) for digit in row), strict=True):
            yield (" " * (GAP + width - drawn)).join(parts).rstrip(" ")
        yield ""


def sheet(digits: Sequence[Digit]) -> Image.Image:
    """Draw digits as ink on paper, enlarged, in rows, each below its caption."""
    font = ImageFont.load_default(14)
    height, width = digits[0].image.shape
    scale = max(1, 140 // max(height, width))
    size = (width * scale, height * scale)
    cell = max(size[0], *(int(font.getlength(digit.caption)) for digit in digits)) + 16
    beside = min(len(digits), max(1, 1200 // cell))
    tall = size[1] + 40
    paper = Image.new("L", (16 + beside * cell, 16 + -(-len(digits) // beside) * tall), 255)
    pen = ImageDraw.Draw(paper)
    for i, digit in enumerate(digits):
        left, top = 16 + i % beside * cell, 16 + i // beside * tall
        pen.text((left, top), digit.caption, fill=0, font=font)
        ink = Image.fromarray(np.round(255 * (1 - digit.image)).astype(np.uint8))
        paper.paste(ink.resize(size, Image.Resampling.NEAREST), (left, top + 20))
        pen.rectangle((left - 1, top + 19, left + size[0], top + 20 + size[1]), outline=200)
    return paper


def description(images: Images) -> Iterator[str]:
    """Say in lines what is in a dataset."""
    count, (height, width) = len(images.classes), images.shape
    paper, ink = zip(*((some.min(), some.max()) for some in tables.pixels(images.path)), strict=True)
    yield f"{images.name}: {_spaced(count)} images of {height} x {width}"
    yield f"columns: pixel1 to pixel{height * width} (row by row, uint8), class"
    yield f"pixels: {min(paper)} (paper) to {max(ink)} (ink)"
    yield ""
    yield "digit  images   share"
    for digit, of_it in enumerate(np.bincount(images.classes).tolist()):
        yield f"{digit:5}  {_spaced(of_it):>6}  {100 * of_it / count:4.1f} %"


def choose(images: Images, arguments: argparse.Namespace, values: Mapping[str, Any]) -> list[Digit]:
    """Return the digits that the command line asks for, in its order.

    Raises:
        ParameterError: a wrong number, label or experiment; nothing, or too much, to show.
        PipelineError: the experiment has not been evaluated yet.
    """
    rows = numbers(arguments.numbers, images) if arguments.numbers else np.arange(len(images.classes))
    captions: dict[int, str] = {}
    if arguments.mistakes:
        captions = mistakes(arguments.mistakes, values, images)
        rows = np.array([row for row in captions if row in set(rows.tolist())], np.int64)
    if arguments.label is not None:
        parameters.choose("--label", str(arguments.label), map(str, np.unique(images.classes)))
        rows = rows[images.classes[rows] == arguments.label]
    if arguments.random:
        rows = np.random.RandomState(arguments.seed).permutation(rows)[: arguments.random]
    explicit = arguments.random or (arguments.numbers and not arguments.mistakes and arguments.label is None)
    limit = arguments.limit or (len(rows) if explicit else SOME)
    if not len(rows):
        raise PipelineError("no digit is like that")
    if min(len(rows), limit) > MOST:
        if arguments.limit:
            raise ParameterError(f"--limit {limit} is too large; at most {MOST} digits at a time")
        raise ParameterError(f"{len(rows)} digits are too many; at most {MOST} at a time, --limit N shows the first")
    if len(rows) > limit:
        cli.note(f"the first {limit} of {len(rows)}; --limit shows more")
    drawn = brightened(tables.take_pixels(images.path, rows[:limit])).reshape(-1, *images.shape) / 255
    return [
        Digit(captions.get(row, f"{images.name} {row} is a {images.classes[row]}"), image)
        for row, image in zip(rows[:limit].tolist(), drawn, strict=True)
    ]


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
    parser = cli.parser(
        __doc__,
        "-m tools.show mnist 36000 36001 0-2",
        "-m tools.show mnist --mistakes digit-knn --limit 40 --png mistakes.png",
    )
    parser.add_argument("dataset", help="a dataset of params.yaml")
    parser.add_argument("numbers", nargs="*", metavar="NUMBER|FIRST-LAST", help="which digits, counted from 0")
    parser.add_argument("--random", type=_positive, metavar="N", help="N of them at random")
    parser.add_argument("--seed", type=_seed, default=42, metavar="S", help="of --random (default: 42)")
    parser.add_argument("--label", type=int, metavar="DIGIT", help="only those that are this digit")
    parser.add_argument("--mistakes", metavar="EXPERIMENT", help="only those that this experiment got wrong")
    parser.add_argument("--limit", type=_positive, metavar="N", help=f"the first N (by label or mistakes: {SOME})")
    parser.add_argument("--png", type=Path, metavar="FILE", help="write a sheet of them instead of printing them")
    parser.add_argument("--describe", action="store_true", help="shape, columns, range and counts of the dataset")
    arguments = parser.parse_intermixed_args()

    values = parameters.load()
    parameters.choose("DATASET", arguments.dataset, parameters.blocks(values, "datasets"))
    images = read(arguments.dataset)
    asked = arguments.numbers or arguments.random or arguments.label is not None or arguments.mistakes
    if arguments.describe or not (asked or arguments.png or arguments.limit):
        print("\n".join(description(images)), end="\n\n" if asked else "\n")
        if not asked:
            return
    digits = choose(images, arguments, values)
    if arguments.png:
        with files.whole(arguments.png) as temporary:
            sheet(digits).save(temporary, "PNG")
        print(f"{arguments.png}: {len(digits)} of {arguments.dataset}")
        return
    colour = sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
    for line in lines(digits, shutil.get_terminal_size().columns, colour):
        print(line)


if __name__ == "__main__":
    cli.run(main)
