"""Show images of a dataset, and predictions of them."""

from pathlib import Path

from digits.commands import examples
from digits.io import parquet, paths, tables
from digits.results import drawing, wording
from digits.results.fetched import FetchedDataset
from digits.results.predictions import in_words, most_confident, read_predictions, temperature
from digits.results.wording import print_table
from digits.support import cli, parameters
from digits.support.errors import ParameterError, PipelineError, require_choice
from digits.support.parameters import Dataset, Experiment, Task

import click
import numpy as np

LIMIT = 1_000  # images at a time
DEFAULT_LIMIT = 10  # where their number is not given
COUNT = click.IntRange(1, LIMIT)


def describe(images: FetchedDataset) -> None:
    """Print what is in a dataset."""
    count, (height, width) = len(images.classes), images.shape
    lowest, highest = zip(*((each.min(), each.max()) for each in parquet.pixels(paths.raw(images.name))), strict=True)
    print(f"{images.name}: {count:,} images of {height} x {width}")
    print(f"columns: pixel1 to pixel{height * width} (row by row, uint8), class")
    print(f"pixels: {min(lowest)} to {max(highest)}\n")
    of_class = zip(images.names, np.bincount(images.classes).tolist(), strict=False)
    rows = [[name, f"{number:,}", f"{100 * number / count:.1f} %"] for name, number in of_class]
    print_table(["class", "images", "share"], rows, left=0)


@click.command(
    epilog=examples(
        "show mnist 36000 36001 0-2",
        "show mnist --random 5 --label 8",
        "show mnist 60000-60009 --predictions five-sgd",
        "show mnist --mistakes digit-knn --limit 40 --png mistakes.png",
    )
)
@click.argument("dataset")
@click.argument("numbers", nargs=-1)
@click.option("--random", type=COUNT, metavar="N", help="Show N images at random, others each time.")
@click.option("--label", metavar="CLASS", help="Show only images of this class.")
@click.option("--predictions", metavar="EXPERIMENT", help="Add the predictions of this experiment's model.")
@click.option("--mistakes", metavar="EXPERIMENT", help="Show only its mistakes, the most confident first.")
@click.option("--part", type=click.Choice(["train", "test"]), default="test", help="Out of fold, or test (default).")
@click.option("--limit", type=COUNT, metavar="N", help=f"At most N; default, by label or model: {DEFAULT_LIMIT}.")
@click.option("--png", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write a sheet instead.")
@click.option("--describe", "is_described", is_flag=True, help="Print shape, columns, range and counts instead.")
def command(
    dataset: str,
    numbers: tuple[str, ...],
    random: int | None,
    label: str | None,
    predictions: str | None,
    mistakes: str | None,
    part: str,
    limit: int | None,
    png: Path | None,
    is_described: bool,
) -> None:
    """Show images of DATASET, a block of params.yaml, in the terminal or as a PNG file.

    NUMBERS count from 0: 36001, or 0-9. Without numbers and options, the dataset is described. --part train shows
    out-of-fold predictions: each by a model that was fitted without the image's fold.
    """
    experiment = mistakes or predictions
    if mistakes and predictions:
        raise click.UsageError("give --predictions or --mistakes")
    params = parameters.load()
    require_choice("DATASET", dataset, params.names(Dataset))
    images = FetchedDataset.read(dataset)
    if is_described or not (numbers or random or label is not None or experiment or png or limit):
        describe(images)
        return

    rows = images.select(numbers)
    if experiment:
        if (other := params.dataset_of(experiment)) != dataset:
            raise ParameterError(f"{experiment} is about {other}, not {dataset}")
        table = read_predictions(experiment, len(images.classes), part)
        predicted = tables.column(table, "row")
        if numbers and len(absent := np.setdiff1d(rows, predicted)):
            raise PipelineError(f"not in the {part} part: {absent[0]}; --part chooses the other")
        if mistakes:
            predicted = predicted[most_confident(table)[0]]
        if mistakes or not numbers:
            rows = predicted[np.isin(predicted, rows)]
    if label is not None:
        require_choice("--label", label, [images.names[each] for each in np.unique(images.classes)])
        rows = rows[images.classes[rows] == images.names.index(label)]
    if random:
        rows = np.random.default_rng().permutation(rows)[:random]
    if not len(rows):
        raise PipelineError("no image matches")
    is_counted = random or (numbers and not mistakes and label is None)
    limit = limit or (LIMIT if is_counted else DEFAULT_LIMIT)
    if limit < len(rows):
        cli.note(f"the first {limit} of {len(rows)}; --limit N shows up to {LIMIT}")
        rows = rows[:limit]

    words = [images.names[each] for each in images.classes[rows]]
    if experiment:
        if (calibration := temperature(experiment)) is None:
            cli.note(wording.NOT_CALIBRATED.format(experiment))
        task = params.block(Experiment, experiment).task
        names = wording.label_names(task, params.block(Task, task), images.names)
        place = {row: i for i, row in enumerate(tables.column(table, "row").tolist())}
        words = in_words(table.take([place[row] for row in rows.tolist()]), words, names, calibration)
    captions = [f"{dataset} {row}: {word}" for row, word in zip(rows, words, strict=True)]
    if png:
        drawing.write_sheet(png, images.pixels(rows), captions)
        print(f"{png}: {len(rows)} of {dataset}")
    else:
        drawing.print_images(images.pixels(rows), captions)
