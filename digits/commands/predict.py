"""Classify pictures."""

import sys
from collections.abc import Sequence
from pathlib import Path

import click
import numpy as np
import pandas as pd

from digits.commands import examples, format_option
from digits.data.sources import folder
from digits.evaluation.intervals import confidence_interval
from digits.imaging import drawing, pictures
from digits.results import predicting
from digits.results.formatting import NO_VALUE, format_percent, print_table
from digits.results.predicting import Predictor, Reading
from digits.settings.errors import UserError, check_choice, to_one_line, warn

# What each row has for programs, before what only some models have.
FIELDS = ["file", "model", "actual", "label", "probability", "error"]
HEADINGS = ["picture", "predicted", "probability"]


def list_files(argument: str) -> list[tuple[str, str | None]]:
    """Return the files that an argument stands for, each with its class, or None.

    A folder stands for the pictures in it. If there are none, it stands for the pictures in its
    subfolders, whose names are the classes.

    Raises:
        UserError: there are no pictures in the folder, or its subfolders are not classes.
    """
    root = Path(argument)
    if not root.is_dir():
        return [(argument, None)]
    paths = [path for path in root.iterdir() if not folder.IGNORED_NAMES.fullmatch(path.name)]
    found = [path for path in paths if path.suffix.lower() in pictures.SUFFIXES]
    files: list[tuple[str, str | None]]
    if found:
        files = [(str(path), None) for path in sorted(found)]
        other_paths = sorted(set(paths) - set(found))
    else:
        picture_files, other_paths = folder.list_pictures(root)
        files = [(str(file.path), file.class_name) for file in picture_files]
    folder.warn_about_other_files(root, other_paths)
    if not files:
        raise UserError(f"{root} has no pictures in it")
    return files


def check_classes(predictor: Predictor, files: Sequence[tuple[str, str | None]]) -> None:
    """Check that the model has the class of each file whose class is known.

    Raises:
        UserError: it has no such class.
    """
    names = [str(label) for label in predictor.labels.values()]
    for file, class_name in files:
        if class_name is not None:
            check_choice(f"{file}: classes of {predictor.model_name}", class_name, names)


def print_reading(reading: Reading, *, show: bool) -> None:
    """Print the predictions for a picture, unless they are known to be right.

    Args:
        reading: the predictions.
        show: whether to draw the images as the model sees them.
    """
    if reading.error is not None:
        warn(f"{reading.file}: {reading.error}")
    elif reading.predicted != reading.actual:
        print(to_one_line(f"{reading.file}: {reading.describe()}"), flush=True)
        if show:
            images = [prediction.image for prediction in reading.predictions]
            drawing.print_images(np.stack(images), [""] * len(images))


def print_predictions(model_name: str, readings: Sequence[Reading], table_format: str) -> None:
    """Print a table with a row per prediction, and one per picture that cannot be read.

    Args:
        model_name: the model.
        readings: the predictions for each picture.
        table_format: the value of --format, which is not `table`.
    """
    records = []
    rows = []
    for reading in readings:
        picture = {
            **dict.fromkeys(FIELDS),
            "file": reading.file,
            "model": model_name,
            "actual": reading.actual,
            "error": reading.error,
        }
        if reading.error is not None:
            records.append(picture)
            rows.append([to_one_line(reading.file), NO_VALUE, reading.error])
        for prediction in reading.predictions:
            records.append(picture | prediction.as_record())
            percent = format_percent(prediction.probability)
            rows.append([to_one_line(reading.file), prediction.text, percent])
    data = pd.DataFrame(records, dtype=object)  # whole numbers stay whole if some are missing
    print_table(table_format, data, HEADINGS, rows)


def print_accuracy(model_name: str, readings: Sequence[Reading]) -> None:
    """Print the confusion matrix and the accuracy for pictures whose classes are known."""
    known = [reading for reading in readings if reading.actual is not None]
    if not known:
        return
    actual = pd.Series([reading.actual for reading in known], name="actual")
    predicted = pd.Series([reading.predicted for reading in known], name="predicted")
    print(f"\n{pd.crosstab(actual, predicted).to_string()}\n")
    is_right = (actual == predicted).to_numpy()
    low, high = confidence_interval(is_right)
    print(
        f"{model_name}: {is_right.sum()} of {len(known)} right, accuracy "
        f"{is_right.mean():.4f} (95 %: {low:.4f} to {high:.4f})"
    )


def write_png(path: Path, predictor: Predictor, readings: Sequence[Reading]) -> None:
    """Write a PNG file of the pictures whose predictions are printed."""
    drawn = [each for each in readings if each.predictions and each.predicted != each.actual]
    if drawn:
        predictor.write_png(path, drawn)
    else:
        warn(f"{path} was not written, because there is nothing to draw")


@click.command(
    epilog=examples(
        "predict photo.jpg scans/",
        "predict photo.jpg --png read.png",
        "predict labelled/ --model digit-knn --show",
    )
)
@click.argument("pictures", nargs=-1, required=True, metavar="PICTURE|FOLDER|-...")
@click.option(
    "--model",
    metavar="NAME",
    help="Use this model.  [default: the best for all classes]",
)
@format_option
@click.option("--show", is_flag=True, help="Draw the images as the model sees them.")
@click.option(
    "--png",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the pictures with their predictions to a PNG file.",
)
def command(
    pictures: tuple[str, ...],
    model: str | None,
    table_format: str,
    show: bool,
    png: Path | None,
) -> None:
    """Classify pictures.

    A picture is a PNG, JPEG, BMP, GIF, TIFF or WebP file, or - for standard input. For a
    folder, all pictures in it are classified. A model of digits classifies each digit in a
    picture, and ? flags a digit that does not resemble the training images. The exit status is
    1 if a picture could not be read.

    If a folder has a subfolder for each class, such as labelled/cat/photo.jpg, the command
    evaluates the model: it prints the mistakes, the confusion matrix and the accuracy. A
    picture that cannot be read, or has several digits or none, is a mistake. --show and --png
    then draw only the mistakes. Use pictures that the model was not trained on.

    --format json and csv print an object or a row per prediction, and one with `error` per
    picture that could not be read.
    """
    if show and table_format != "table":
        raise click.UsageError(f"--show cannot be used with --format {table_format}")
    predictor = predicting.load(model)
    files = [file for argument in pictures for file in list_files(argument)]
    check_classes(predictor, files)
    if png is not None and png.resolve() in [Path(file).resolve() for file, _ in files]:
        raise click.UsageError(f"--png {png} would overwrite the picture")
    readings = []
    for file, actual in files:
        reading = predictor.read(file, actual)
        readings.append(reading)
        if table_format == "table":
            print_reading(reading, show=show)
    if png is not None:
        write_png(png, predictor, readings)
    if table_format == "table":
        print_accuracy(predictor.model_name, readings)
    else:
        print_predictions(predictor.model_name, readings, table_format)
    predictor.explain(readings)
    if any(reading.error for reading in readings):
        sys.exit(1)
