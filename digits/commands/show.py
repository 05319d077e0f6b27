"""Show images of a dataset, and predictions of them."""

from pathlib import Path

from digits.commands import examples
from digits.core import params
from digits.core.errors import PipelineError, note, require_choice
from digits.results import drawing, read, wording
from digits.results.read import Images

import click
import numpy as np
import pandas as pd

LIMIT = 1_000  # images at a time
COUNT = click.IntRange(1, LIMIT)


def describe(images: Images) -> None:
    """Print what is in a dataset."""
    count, height, width = images.pixels.shape
    print(f"{images.name}: {count:,} images of {height} x {width}")
    print(f"columns: pixel1 to pixel{height * width} (row by row, uint8), class")
    print(f"pixels: {images.pixels.min()} to {images.pixels.max()}\n")
    of_class = zip(images.names, np.bincount(images.classes).tolist(), strict=False)
    rows = [[name, f"{number:,}", f"{100 * number / count:.1f} %"] for name, number in of_class]
    wording.print_table(["class", "images", "share"], rows, left=0)


def predictions_of(experiment: str, part: str, images: Images) -> tuple[pd.DataFrame, list[str]]:
    """Return an experiment's predictions of a dataset's images, by row, and the names of its labels."""
    settings = params.load()
    task = params.find(settings.experiments, experiment).task
    if (other := settings.dataset_of(task)) != images.name:
        raise PipelineError(f"{experiment} is about {other}, not {images.name}")
    table = read.predictions(experiment, part)
    table = table[table["row"] < len(images.classes)].drop_duplicates("row")  # of a mix: its own images, each once
    return table.set_index("row", drop=False), wording.label_names(settings.tasks[task], images.own_names)


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
@click.option("--limit", type=COUNT, metavar="N", help="At most N; default, by label or model: 10.")
@click.option("--png", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write a sheet instead.")
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
) -> None:
    """Show images of DATASET, a block of params.yaml, in the terminal or as a PNG file.

    NUMBERS count from 0: 36001, or 0-9. Without numbers and options, the dataset is described. --part train shows
    out-of-fold predictions: each by a model that was fitted without the image's fold.
    """
    require_choice("DATASET", dataset, params.load().datasets)
    images = Images.read(dataset)
    if not (numbers or random or label or predictions or mistakes or png or limit):
        describe(images)
        return
    rows, experiment = images.select(numbers), mistakes or predictions
    if experiment:
        table, names = predictions_of(experiment, part, images)
        if numbers and len(absent := np.setdiff1d(rows, table["row"])):
            raise PipelineError(f"not in the {part} part: {absent[0]}; --part chooses the other")
        if mistakes or not numbers:
            found = table["row"].to_numpy()[read.most_confident(table) if mistakes else slice(None)]
            rows = found[np.isin(found, rows)]
    if label:
        require_choice("--label", label, [images.names[each] for each in np.unique(images.classes)])
        rows = rows[images.classes[rows] == images.names.index(label)]
    if random:
        rows = np.random.default_rng().permutation(rows)[:random]
    if not len(rows):
        raise PipelineError("no image matches")
    limit = limit or (LIMIT if random or (numbers and not mistakes and not label) else 10)
    if limit < len(rows):
        note(f"the first {limit} of {len(rows)}; --limit N shows up to {LIMIT}")
    rows = rows[:limit]
    words = [images.names[each] for each in images.classes[rows]]
    if experiment:
        if (temperature := read.temperature(experiment)) is None:
            note(wording.NOT_CALIBRATED.format(experiment))
        words = read.in_words(table.loc[rows], words, names, temperature)
    captions = [f"{dataset} {row}: {word}" for row, word in zip(rows, words, strict=True)]
    if png:
        drawing.write_sheet(png, images.pixels[rows], captions)
        print(f"{png}: {len(rows)} of {dataset}")
    else:
        drawing.print_images(images.pixels[rows], captions)
