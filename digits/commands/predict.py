"""Classify pictures."""

import sys
from collections.abc import Sequence
from pathlib import Path

import click
import numpy as np
import pandas as pd

from digits import predicting
from digits.commands import examples, format_option
from digits.evaluation.intervals import confidence_interval
from digits.imaging import drawing
from digits.messages.errors import UserError
from digits.messages.terminal import echo, to_one_line, warn
from digits.predicting.arguments import predict_arguments
from digits.predicting.prediction import PicturePrediction
from digits.predicting.predictor import Predictor
from digits.results.numbers import NO_VALUE, format_percent
from digits.results.tables import print_csv, print_table

HEADINGS = ["picture", "predicted", "probability"]


def print_submission(header: str, pictures: Sequence[PicturePrediction]) -> None:
    """Print a CSV file with the id and the label of each image.

    Pictures that cannot be read are printed as warnings. `header` names the two columns.

    Raises:
        UserError: two images have the same id.
    """
    rows = []
    for picture in pictures:
        if picture.error is not None:
            warn(f"{picture.file}: {picture.error}")
        else:
            rows.append([picture.id, picture.predicted])
    table = pd.DataFrame(rows, columns=header.split(","))
    ids = table.iloc[:, 0]
    repeated_ids = ids[ids.duplicated()]
    if not repeated_ids.empty:
        raise UserError(
            f"--submission: two images have the id {repeated_ids.iloc[0]}; predict each table "
            "by itself"
        )
    print_csv(table)


def print_picture(picture: PicturePrediction, *, show: bool) -> None:
    """Print the predictions for a picture, unless they are known to be right.

    With `show`, draw the images as the model sees them.
    """
    if picture.error is not None:
        warn(f"{picture.file}: {picture.error}")
    elif not picture.is_right:
        echo(to_one_line(f"{picture.file}: {picture.describe()}"))
        if show:
            images = [prediction.image for prediction in picture.predictions]
            drawing.print_images(np.stack(images), [""] * len(images))


def print_predictions(
    model_name: str, pictures: Sequence[PicturePrediction], table_format: str
) -> None:
    """Print a table with a row per prediction, and one per picture that cannot be read."""
    records = []
    rows = []
    for picture in pictures:
        # The fields of all models. Some models add others.
        common = {
            "file": picture.file,
            "id": picture.id,
            "model": model_name,
            "actual": picture.actual,
            "label": None,
            "probability": None,
            "error": picture.error,
        }
        if picture.error is not None:
            records.append(common)
            rows.append([to_one_line(picture.file), NO_VALUE, picture.error])
        for prediction in picture.predictions:
            records.append(common | prediction.as_record())
            percent = format_percent(prediction.probability)
            rows.append([to_one_line(picture.file), to_one_line(prediction.text), percent])
    data = pd.DataFrame(records, dtype=object)  # whole numbers stay whole if some are missing
    print_table(table_format, data, HEADINGS, rows)


def print_accuracy(model_name: str, pictures: Sequence[PicturePrediction]) -> None:
    """Print the confusion matrix and the accuracy for pictures whose classes are known."""
    known = [picture for picture in pictures if picture.actual is not None]
    if not known:
        return
    actual = pd.Series([to_one_line(each.actual) for each in known], name="actual")
    predicted = pd.Series([to_one_line(each.predicted) for each in known], name="predicted")
    echo(f"\n{pd.crosstab(actual, predicted).to_string()}\n")
    is_right = np.array([each.is_right for each in known])
    low, high = confidence_interval(is_right)
    echo(
        f"{model_name}: {is_right.sum()} of {len(known)} right, accuracy "
        f"{is_right.mean():.4f} (95 %: {low:.4f} to {high:.4f})"
    )


def write_png(
    path: Path,
    predictor: Predictor,
    arguments: Sequence[str],
    pictures: Sequence[PicturePrediction],
) -> None:
    """Write a PNG file of the pictures whose predictions are printed.

    Raises:
        UsageError: it would overwrite one of the arguments or of the pictures.
    """
    files = [*arguments, *(picture.file for picture in pictures)]
    if path.resolve() in [Path(file).resolve() for file in files]:
        raise click.UsageError(f"--png {path} would overwrite the picture")
    drawn = [each for each in pictures if each.predictions and not each.is_right]
    if drawn:
        predictor.write_png(path, drawn)
    else:
        warn(f"{path} was not written, because there is nothing to draw")


@click.command(
    epilog=examples(
        "predict photo.jpg scans/",
        "predict photo.jpg --png read.png",
        "predict labelled/ --model digit-knn --show",
        "predict test.csv --submission ImageId,Label > submission.csv",
    )
)
@click.argument("arguments", nargs=-1, required=True, metavar="PICTURE|FOLDER|TABLE|-...")
@click.option(
    "--model", metavar="NAME", help="Use this model.  [default: the best for all classes]"
)
@format_option
@click.option(
    "--submission",
    metavar="HEADER",
    help="Print a CSV file of ids and labels, with a header such as ImageId,Label.",
)
@click.option("--show", is_flag=True, help="Draw the images as the model sees them.")
@click.option(
    "--png",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the pictures with their predictions to a PNG file.",
)
def command(
    arguments: tuple[str, ...],
    model: str | None,
    table_format: str,
    submission: str | None,
    show: bool,
    png: Path | None,
) -> None:
    """Classify pictures.

    A picture is a PNG, JPEG, BMP, GIF, PPM, PGM, TIFF, WebP, AVIF or HEIC file, or - for
    standard input. For a folder, all pictures in it are classified, and for a CSV, parquet,
    Arrow, .npz, .npy, .mat or IDX file, all images in it. A model of digits classifies each
    digit in a picture, and ? flags a digit that does not resemble the training images. A grey
    picture is inverted if its background is light and that of nearly all training images is
    dark, or the other way round. The exit status is 1 if something could not be read.

    If the classes are known, because a folder has a subfolder for each class, such as
    labelled/cat/photo.jpg, or a table has a column of classes, the command evaluates the model:
    it prints the mistakes, the confusion matrix and the accuracy. A picture that cannot be
    read, or has several digits or none, is a mistake. --show and --png then draw only the
    mistakes. Use pictures that the model was not trained on.

    --format json and csv print an object or a row per prediction, and one with `error` per
    picture that could not be read. The `id` of an image is its name or number in a table.
    """
    if submission and submission.count(",") != 1:
        raise click.UsageError("--submission: expected two names, such as ImageId,Label")
    if submission and (show or table_format != "table"):
        raise click.UsageError("--submission cannot be used with --format or --show")
    if show and table_format != "table":
        raise click.UsageError(f"--show cannot be used with --format {table_format}")
    predictor = predicting.load(model)
    errors: list[UserError] = []
    pictures = []
    for picture in predict_arguments(predictor, arguments, errors):
        pictures.append(picture)
        if table_format == "table" and not submission:
            print_picture(picture, show=show)
    if errors and not pictures:
        raise errors[0]
    if png is not None:
        write_png(png, predictor, arguments, pictures)
    if submission:
        print_submission(submission, pictures)
    elif table_format == "table":
        print_accuracy(predictor.model_name, pictures)
    else:
        print_predictions(predictor.model_name, pictures, table_format)
    for warning in [*predictor.describe_warnings(pictures), *errors]:
        warn(warning)
    if errors or any(picture.error for picture in pictures):
        sys.exit(1)
