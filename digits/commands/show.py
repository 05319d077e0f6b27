"""Show images of a dataset, with the predictions of a model."""

from pathlib import Path

import click
import numpy as np
import pandas as pd

from digits.commands import examples
from digits.core.images import Images
from digits.core.pixels import Vector
from digits.imaging import drawing
from digits.messages.errors import UserError, check_choice
from digits.messages.terminal import echo, to_one_line, warn
from digits.results.images import list_class_names, parse_rows, read_dataset
from digits.results.labels import check_labels, label_names
from digits.results.metrics import read_temperature
from digits.results.predictions import (
    calibration_warning,
    describe_predictions,
    rank_mistakes,
    read_predictions,
)
from digits.results.tables import format_rows
from digits.settings import params_file
from digits.settings.params import Params

DEFAULT_LIMIT = 10  # images, if they are not chosen by number or at random
COUNT = click.IntRange(min=1)


@click.command(
    epilog=examples(
        "show mnist 36000 36001 0-2",
        "show mnist 36001 --predictions two-logreg",
        "show mnist --random 5 --label 8",
        "show mnist --mistakes digit-knn --limit 40 --png mistakes.png",
    )
)
@click.argument("dataset")
@click.argument("numbers", nargs=-1)
@click.option(
    "--predictions", metavar="MODEL", help="Show what this model predicts for the images."
)
@click.option("--mistakes", metavar="MODEL", help="Show the mistakes of this model.")
@click.option(
    "--subset",
    type=click.Choice(["train", "test"]),
    help="Use the predictions of this set.  [default: test]",
)
@click.option("--label", metavar="CLASS", help="Show only images of this class.")
@click.option("--random", type=COUNT, metavar="N", help="Show N random images.")
@click.option("--limit", type=COUNT, metavar="N", help="Show at most N images.")
@click.option(
    "--png",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the images to a PNG file.",
)
def command(
    dataset: str,
    numbers: tuple[str, ...],
    predictions: str | None,
    mistakes: str | None,
    subset: str | None,
    label: str | None,
    random: int | None,
    limit: int | None,
    png: Path | None,
) -> None:
    """Show images of DATASET in the terminal, or in a PNG file.

    DATASET is an entry of `datasets` in params.yaml. NUMBERS are row numbers, which start at 0,
    or ranges such as 0-9. Without NUMBERS and options, the command describes the dataset.

    --predictions shows what a trained model predicts for images of its dataset. It predicts an
    image of the training set, such as 36001, by the model of the image's fold, which was not
    trained on it (cross-validation). --mistakes shows wrong predictions, the most confident
    ones first. Both options use --subset, unless NUMBERS choose the images.

    Without NUMBERS and --random, at most 10 images are shown by default. --random shows
    different images each time.
    """
    settings = params_file.load()
    check_choice("DATASET", dataset, settings.datasets)
    if mistakes and (numbers or predictions):
        raise click.UsageError("--mistakes cannot be used with NUMBERS or --predictions")
    images = read_dataset(dataset)
    class_names = list_class_names(images)
    model_name = predictions or mistakes
    if subset and not model_name:
        raise click.UsageError("--subset needs --predictions or --mistakes")
    if not any([numbers, model_name, label, random, limit, png]):
        print_description(dataset, images)
        return

    table = None
    if model_name:
        subsets = ["test", "train"] if numbers else [subset or "test"]
        table = predictions_by_row(model_name, subsets, dataset, settings)
        if mistakes:
            table = table.iloc[rank_mistakes(table)]

    listed = parse_rows(numbers, dataset, len(images)) if numbers else None
    rows = choose_rows(images, listed, table, label, only_mistakes=mistakes is not None)
    if random:
        rows = np.random.default_rng().permutation(rows)[:random]  # in random order
    default_limit = len(rows) if numbers or random else DEFAULT_LIMIT
    n_shown = limit or default_limit
    if n_shown < len(rows):
        hint = "" if limit else "; --limit shows more"
        warn(f"showing the first {n_shown} of {len(rows)} images{hint}")
        rows = rows[:n_shown]

    descriptions = [class_names[number] for number in images.classes[rows]]
    if model_name and table is not None:
        descriptions = describe_rows(table.loc[rows], descriptions, model_name, settings)
    captions = []
    for row, text in zip(rows, descriptions, strict=True):
        file = f" ({images.files[row]})" if images.files is not None else ""
        captions.append(f"{dataset} {row}{file}: {text}")
    if png:
        drawing.write_sheet(png, images.pixels[rows], captions)
        echo(f"{png}: {len(rows)} of {dataset}")
    else:
        drawing.print_images(images.pixels[rows], captions)


def print_description(dataset: str, images: Images) -> None:
    """Print what is in a dataset."""
    n_images, *shape = images.pixels.shape
    echo(f"{dataset}: {n_images:,} images of {' x '.join(map(str, shape))}")
    echo(f"pixels: {images.pixels.min()} to {images.pixels.max()}\n")
    class_names = list_class_names(images)
    counts = np.bincount(images.classes, minlength=len(class_names))
    rows = []
    for name, count in zip(class_names, counts, strict=True):
        rows.append([to_one_line(name), f"{count:,}", f"{100 * count / n_images:.1f} %"])
    echo(format_rows(["class", "images", "share"], rows))


def predictions_by_row(
    model_name: str, subsets: list[str], dataset: str, settings: Params
) -> pd.DataFrame:
    """Return the predictions of a model, indexed by the row numbers of the images.

    The subsets are `test`, `train` or both. If the model has no folds, it has no predictions of
    `train`, which is then left out of both.

    Raises:
        UserError: the model is about another dataset, or has no such predictions.
    """
    check_choice("MODEL", model_name, settings.models)
    model_params = settings.models[model_name]
    model_dataset = settings.dataset_name_of_task(model_params.task)
    if model_dataset != dataset:
        raise UserError(
            f"{model_name} is a model of {model_dataset}, not of {dataset}; run "
            f"`digits show {model_dataset} --predictions {model_name}`"
        )
    if len(subsets) == 2 and model_params.folds == 0:
        subsets = ["test"]
    tables = [read_predictions(model_name, subset) for subset in subsets]
    return pd.concat(tables).set_index("row")


def choose_rows(
    images: Images,
    listed: Vector | None,
    table: pd.DataFrame | None,
    label: str | None,
    *,
    only_mistakes: bool,
) -> Vector:
    """Return the numbers of the images to show.

    Args:
        images: the dataset.
        listed: the numbers of images, which are shown in this order. If None, the images of
            `table` are shown.
        table: the predictions of a model. If None, all images of the dataset are shown.
        label: the class of the images, or None for all classes.
        only_mistakes: whether `table` has only the mistakes of the model.

    Raises:
        UserError: an image does not exist or has no prediction, or no image matches.
    """
    rows = np.arange(len(images))
    if listed is not None:
        rows = listed
    elif table is not None:
        rows = table.index.to_numpy()
    if table is not None and not np.isin(rows, table.index).all():
        missing = np.setdiff1d(rows, table.index)
        raise UserError(
            f"the model has no prediction of image {missing[0]}, which is neither in its test "
            "set nor in a fold"
        )
    if label:
        class_names = list_class_names(images)
        check_choice("--label", label, class_names)
        class_number = class_names.index(label)
        rows = rows[images.classes[rows] == class_number]
    if len(rows) == 0:
        if not only_mistakes:
            raise UserError(f"no image to show: none has the class {label}")
        among = f" among images of the class {label}" if label else ""
        raise UserError(f"no image to show: the model makes no mistake{among}")
    return rows


def describe_rows(
    predictions: pd.DataFrame, actual_names: list[str], model_name: str, settings: Params
) -> list[str]:
    """Return what a model predicts for some images, such as `9, predicted 9 (99 %)`.

    Raises:
        UserError: the model predicts labels that its task does not have any more.
    """
    temperature = read_temperature(model_name)
    if temperature is None:
        warn(calibration_warning(model_name))
    names = label_names(settings, settings.models[model_name].task)
    check_labels(names, predictions["prediction"].max(), model_name)
    return describe_predictions(predictions, actual_names, names, temperature)
