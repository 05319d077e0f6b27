"""Show images of a dataset, with the predictions of a model."""

from pathlib import Path

from digits.commands import examples
from digits.core import params
from digits.core.errors import UserError, check_choice, warn
from digits.core.tables import Vector
from digits.results import drawing
from digits.results.formatting import (
    describe_predictions,
    label_names,
    not_calibrated,
    print_table,
)
from digits.results.mistakes import rank_mistakes
from digits.results.read import ImageDataset, read_predictions, read_temperature

import click
import numpy as np
import pandas as pd

DEFAULT_LIMIT = 10  # images, if they are not chosen by number or at random
MAX_LIMIT = 1_000
COUNT = click.IntRange(1, MAX_LIMIT)


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
@click.option("--random", type=COUNT, metavar="N", help="Show N random images.")
@click.option("--label", metavar="CLASS", help="Show only images of this class.")
@click.option("--predictions", metavar="MODEL", help="Show the predictions of this model.")
@click.option("--mistakes", metavar="MODEL", help="Show the mistakes of this model.")
@click.option(
    "--subset",
    type=click.Choice(["train", "test"]),
    default="test",
    show_default=True,
    help="Use the predictions of this set.",
)
@click.option(
    "--limit",
    type=COUNT,
    metavar="N",
    help="Show at most N images.",
)
@click.option(
    "--png",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the images to a PNG file.",
)
def command(
    dataset: str,
    numbers: tuple[str, ...],
    random: int | None,
    label: str | None,
    predictions: str | None,
    mistakes: str | None,
    subset: str,
    limit: int | None,
    png: Path | None,
) -> None:
    """Show images of DATASET in the terminal, or in a PNG file.

    DATASET is an entry of `datasets` in params.yaml. NUMBERS are row numbers, which start at 0,
    or ranges such as 0-9. Without NUMBERS and options, the command describes the dataset.

    Mistakes are shown with the most confident ones first. With --subset train, each prediction
    is from a model that was not trained on the image (cross-validation). With --mistakes,
    NUMBERS select among the mistakes.

    Unless NUMBERS or --random choose the images, at most 10 are shown by default. --random
    shows different images each time.
    """
    check_choice("DATASET", dataset, params.load().datasets)
    images = ImageDataset.read(dataset)
    if not (numbers or random or label or predictions or mistakes or png or limit):
        print_description(images)
        return

    # Choose the images.
    rows = images.select_rows(numbers)
    model_name = mistakes or predictions
    table = None
    if model_name:
        table = read_predictions_by_row(model_name, subset, images)
        if numbers:
            check_in_subset(rows, table, subset)
        if mistakes:
            table = table.iloc[rank_mistakes(table)]
        if mistakes or not numbers:  # in the order of the predictions
            rows = table.index[table.index.isin(rows)].to_numpy()
    if label:
        rows = rows[has_class(images, rows, label)]
    if random:
        rows = np.random.default_rng().permutation(rows)[:random]
    if limit is None:
        are_chosen = random or (numbers and not mistakes and not label)
        limit = MAX_LIMIT if are_chosen else DEFAULT_LIMIT
    rows = limit_rows(rows, limit)

    # Show them.
    descriptions = [images.class_names[number] for number in images.classes[rows]]
    if model_name and table is not None:
        descriptions = describe_rows(model_name, table.loc[rows], descriptions)
    captions = make_captions(dataset, rows, descriptions)
    if png:
        drawing.write_sheet(png, images.pixels[rows], captions)
        print(f"{png}: {len(rows)} of {dataset}")
    else:
        drawing.print_images(images.pixels[rows], captions)


def print_description(images: ImageDataset) -> None:
    """Print what is in a dataset."""
    n_images, height, width = images.pixels.shape
    print(f"{images.name}: {n_images:,} images of {height} x {width}")
    print(f"columns: pixel1 to pixel{height * width} (row by row, uint8), class")
    print(f"pixels: {images.pixels.min()} to {images.pixels.max()}\n")
    rows = []
    for class_number, count in enumerate(np.bincount(images.classes)):
        share = f"{100 * count / n_images:.1f} %"
        rows.append([images.class_names[class_number], f"{count:,}", share])
    print_table(["class", "images", "share"], rows, n_left=0)


def read_predictions_by_row(model_name: str, subset: str, images: ImageDataset) -> pd.DataFrame:
    """Return the predictions of a model, indexed by the row numbers of the images.

    Args:
        model_name: an entry of params.yaml.
        subset: `test` or `train`.
        images: the dataset of the model.

    Raises:
        UserError: the model is about another dataset, or has no such predictions.
    """
    settings = params.load()
    model_dataset = settings.dataset_name_of_task(settings.models[model_name].task)
    if model_dataset != images.name:
        raise UserError(
            f"{model_name} is a model of {model_dataset}, not of {images.name}; run "
            f"`digits show {model_dataset} --predictions {model_name}`"
        )
    return read_predictions(model_name, subset).set_index("row")


def check_in_subset(rows: Vector, table: pd.DataFrame, subset: str) -> None:
    """Check that there is a prediction for each image.

    Raises:
        UserError: there is none, because the image is in the other subset.
    """
    missing = np.setdiff1d(rows, table.index)
    if len(missing):
        other_subset = "train" if subset == "test" else "test"
        raise UserError(
            f"image {missing[0]} is not in the {subset} set; use --subset {other_subset}"
        )


def has_class(images: ImageDataset, rows: Vector, class_name: str) -> Vector:
    """Return whether images show a class, shape (n_rows,).

    Raises:
        UserError: the dataset has no image of a class with this name.
    """
    names = [images.class_names[number] for number in np.unique(images.classes)]
    check_choice("--label", class_name, names)
    return images.classes[rows] == images.class_names.index(class_name)


def describe_rows(
    model_name: str, predictions: pd.DataFrame, actual_names: list[str]
) -> list[str]:
    """Return what a model predicts for some images, in words.

    Args:
        model_name: an entry of params.yaml.
        predictions: its predictions of the images.
        actual_names: what the images show.
    """
    temperature = read_temperature(model_name)
    if temperature is None:
        warn(not_calibrated(model_name))
    settings = params.load()
    names = label_names(settings, settings.models[model_name].task)
    return describe_predictions(predictions, actual_names, names, temperature)


def limit_rows(rows: Vector, limit: int) -> Vector:
    """Return the first rows, and print how many there are if some are left out.

    Raises:
        UserError: there is no row.
    """
    if len(rows) == 0:
        raise UserError("no image matches")
    if limit < len(rows):
        warn(f"showing the first {limit} of {len(rows)} images; --limit shows more")
    return rows[:limit]


def make_captions(dataset: str, rows: Vector, descriptions: list[str]) -> list[str]:
    """Return the captions of some images, such as `mnist 36000: 9, predicted 9 (> 99 %)`."""
    captions = []
    for row, description in zip(rows, descriptions, strict=True):
        captions.append(f"{dataset} {row}: {description}")
    return captions
