"""Show images of a dataset, in the terminal or as a PNG file, alone or with a model's predictions.

Which: by number, at random, by label, or a model's mistakes. With --predictions each caption says what the image shows,
what the model predicted, and with what probability: on the test part, in its order, or with --part train out of fold,
by the model that had not seen the image. --mistakes takes those alone that are wrong, the most confident first. Without
any images to show it describes the dataset: shape, columns, range, how many of each digit.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

from digits.io import files, parquet, tables
from digits.io.tables import Vector
from digits.results import drawing, wording
from digits.results import images as rows
from digits.results import predictions as mistakes
from digits.results.images import Fetched
from digits.support import cli, parameters
from digits.support.errors import ParameterError, PipelineError, require_choice, shorten
from digits.support.parameters import Dataset, Experiment, Parameters, Task

import numpy as np
import pyarrow as pa

LIMIT = 1_000  # images at a time
DEFAULT_LIMIT = 10  # where their number is not given


def description(images: Fetched) -> Iterator[str]:
    """Yield lines that say what is in a dataset."""
    count, (height, width) = len(images.classes), images.shape
    lowest, highest = zip(*((pixels.min(), pixels.max()) for pixels in parquet.pixels(images.path)), strict=True)
    yield f"{images.name}: {_spaced(count)} images of {height} x {width}"
    yield f"columns: pixel1 to pixel{height * width} (row by row, uint8), class"
    yield f"pixels: {min(lowest)} (paper) to {max(highest)} (ink)"
    yield ""
    counts = np.bincount(images.classes).tolist()
    heading = "digit" if images.names[0] == "0" else "class"
    width = max(len(heading), *map(len, images.names[: len(counts)]))
    yield f"{heading:>{width}}  images   share"
    for name, images_of_it in zip(images.names, counts, strict=False):
        yield f"{name:>{width}}  {_spaced(images_of_it):>6}  {100 * images_of_it / count:4.1f} %"


def choose(images: Fetched, arguments: argparse.Namespace, predictions: pa.Table | None = None) -> Vector:
    """Return the row numbers of the images that the command line asks for.

    Raises:
        ParameterError: a wrong number or label; or too many images.
        PipelineError: there are no such images.
    """
    chosen = rows.by_number(arguments.numbers, images)
    if predictions is not None:
        predicted = tables.column(predictions, "row")
        if arguments.numbers and not (there := np.isin(chosen, predicted)).all():
            part, other = ("test", "train") if arguments.part == "test" else ("training", "test")
            absent = shorten(", ".join(map(str, chosen[~there])), 50)
            message = f"not in the {part} part: {absent}; --part {other} shows them"
            if not there.any():
                raise PipelineError(message)
            cli.note(message)
        if arguments.mistakes:
            predicted = predicted[mistakes.most_confident(predictions)[0]]
        in_order = arguments.numbers and not arguments.mistakes
        chosen = chosen[np.isin(chosen, predicted)] if in_order else predicted[np.isin(predicted, chosen)]
    if arguments.label is not None:
        require_choice("--label", arguments.label, (images.names[label] for label in np.unique(images.classes)))
        chosen = chosen[images.classes[chosen] == images.names.index(arguments.label)]
    if not len(chosen):
        raise PipelineError("no image is like that")
    if arguments.random:
        chosen = rows.at_random(chosen, arguments.random)
    counted = arguments.random or (arguments.numbers and not arguments.mistakes and arguments.label is None)
    limit = min(arguments.limit or (len(chosen) if counted else DEFAULT_LIMIT), len(chosen))
    if limit > LIMIT:
        raise ParameterError(f"{limit} images are too many at a time; --limit N shows the first N, up to {LIMIT}")
    if len(chosen) > limit:
        cli.note(f"the first {limit} of {len(chosen)}; --limit {min(2 * limit, LIMIT)} shows more")
    return chosen[:limit]


def read_predictions(images: Fetched, arguments: argparse.Namespace, params: Parameters) -> pa.Table:
    """Read the predictions that the command line asks for.

    Raises:
        ParameterError: there is no such experiment, or it is about another dataset.
        PipelineError: it has not been evaluated yet, or its predictions are not about this dataset.
    """
    option, experiment = "--predictions", arguments.predictions
    if arguments.mistakes:
        option, experiment = "--mistakes", arguments.mistakes
    require_choice(option, experiment, params.names(Experiment))
    if (dataset := params.dataset_of(experiment)) != images.name:
        raise ParameterError(f"{option}: {experiment} is about {dataset}, not {images.name}")
    return mistakes.read_predictions(experiment, len(images.classes), arguments.part)


def in_words(predictions: pa.Table, chosen: Vector, images: Fetched, experiment: str, params: Parameters) -> list[str]:
    """Return `2, predicted 2 (97 %)` for each of the chosen rows."""
    task, temperature = params.block(Experiment, experiment).task, mistakes.temperature(experiment)
    if temperature is None:
        cli.note(wording.NOT_CALIBRATED.format(experiment))
    names = wording.class_names(task, params.block(Task, task).positive, images.names)
    place = {row: i for i, row in enumerate(tables.column(predictions, "row").tolist())}
    return mistakes.in_words(
        predictions.take([place[row] for row in chosen.tolist()]), images.named(chosen), names, temperature
    )


def _spaced(number: int) -> str:
    return f"{number:,}".replace(",", " ")


def main() -> None:
    """Read, choose, and print or draw."""
    parser = cli.parser(
        __doc__,
        "mnist 36000 36001 0-2",
        "mnist --random 5 --label 8",
        "mnist 60000-60009 --predictions five-sgd",
        "mnist --mistakes digit-knn --limit 40 --png mistakes.png",
    )
    parser.add_argument("dataset", help="a dataset of params.yaml")
    parser.add_argument("numbers", nargs="*", metavar="NUMBER|FIRST-LAST", help="which images, counted from 0")
    parser.add_argument("--random", type=rows.count, metavar="N", help="N of them at random, others each time")
    parser.add_argument("--label", metavar="DIGIT", help="only those that show this digit, or class of another name")
    of_model = parser.add_mutually_exclusive_group()
    of_model.add_argument("--predictions", metavar="EXPERIMENT", help="with the predictions of this experiment's model")
    of_model.add_argument("--mistakes", metavar="EXPERIMENT", help="the same, only those that it got wrong")
    parser.add_argument("--part", choices=["train", "test"], help="which predictions: out of fold, or test (default)")
    parser.add_argument(
        "--limit", type=rows.count, metavar="N", help=f"the first N (default, by label or model: {DEFAULT_LIMIT})"
    )
    parser.add_argument("--png", type=Path, metavar="FILE", help="write a sheet of them instead of printing them")
    parser.add_argument("--describe", action="store_true", help="shape, columns, range and counts of the dataset")
    arguments = parser.parse_intermixed_args()
    experiment = arguments.mistakes or arguments.predictions
    if arguments.part and not experiment:
        parser.error("--part goes with --predictions or --mistakes")
    arguments.part = arguments.part or "test"

    params = parameters.load()
    require_choice("DATASET", arguments.dataset, params.names(Dataset))
    images = rows.read(arguments.dataset)
    chosen = arguments.numbers or arguments.random or arguments.label is not None or experiment
    if arguments.describe or not (chosen or arguments.png or arguments.limit):
        print("\n".join(description(images)), end="\n\n" if chosen else "\n")
        if not chosen:
            return
    predictions = read_predictions(images, arguments, params) if experiment else None
    shown = choose(images, arguments, predictions)
    words = images.named(shown)
    if predictions is not None:
        words = in_words(predictions, shown, images, experiment, params)
    captions = [f"{images.name} {row}: {word}" for row, word in zip(shown, words, strict=True)]
    digits = drawing.brightened(images.pixels(shown))
    if not arguments.png:
        drawing.print_images(digits, captions)
        return
    with files.atomic_write(arguments.png) as temporary:
        drawing.sheet(digits, captions).save(temporary, "PNG")
    print(f"{arguments.png}: {len(digits)} of {arguments.dataset}")


if __name__ == "__main__":
    cli.run(main)
