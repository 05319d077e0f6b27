"""Classify the digits in pictures."""

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from digits.commands import examples
from digits.core.errors import UserError, to_one_line, warn
from digits.handwriting import boxes
from digits.handwriting import reading as readings
from digits.handwriting.measure import Measurement, seen_before
from digits.handwriting.reading import Reading
from digits.handwriting.recognizer import Prediction, Recognizer
from digits.results import drawing, formatting
from digits.results.read import ImageDataset

import click
import numpy as np

# The verdicts on the prediction for an image. The task of a model may omit its class.
RIGHT = "right"
WRONG = "wrong"
OMITTED = "of neither class"


def predict_files(
    recognizer: Recognizer,
    files: Iterable[str],
    measurement: Measurement | None = None,
    *,
    in_json: bool,
    show: bool,
    png: Path | None = None,
) -> bool:
    """Print the predictions for picture files, or add them to a measurement.

    Args:
        recognizer: the recognizer.
        files: the paths of the files.
        measurement: the measurement to add the pictures to, or None.
        in_json: whether to print JSON.
        show: whether to print the images that the model takes.
        png: the file for the picture with its digits, or None. It is for a single picture.

    Returns:
        whether all files could be read.
    """
    all_read = True
    predictions: list[Prediction] = []
    for reading in readings.read(recognizer, files):
        facts = measurement.add(reading) if measurement else {}
        all_read &= reading.error is None
        predictions += reading.predictions
        if png is not None:
            write_png(png, recognizer, reading)
        if in_json:
            print(readings.as_json(recognizer, reading, **facts), flush=True)
        elif measurement:
            continue  # its report names the mistakes
        elif reading.error is not None:
            warn(f"{reading.file}: {reading.error}")
        else:
            words = readings.in_words(recognizer, reading.predictions)
            print(to_one_line(f"{reading.file}: {words}"), flush=True)
            if show:
                drawing.print_images(
                    np.array([digit.image for digit in reading.digits]),
                    [""] * len(reading.digits),
                )
            readings.suggest_cropping(reading)
    if not in_json:
        readings.explain_flag(recognizer, predictions)
    return all_read


def check_png(png: Path, files: Sequence[str]) -> None:
    """Check that `--png` has one picture to draw on, and would not overwrite it.

    Raises:
        click.UsageError: there is no picture, or several, or --png would overwrite it.
    """
    if len(files) != 1 or files[0] == "-":
        raise click.UsageError(
            "--png goes with one picture file, or with a folder with a subfolder for each class"
        )
    if png.resolve() == Path(files[0]).resolve():
        raise click.UsageError(f"--png {png} would overwrite the picture")


def write_png(png: Path, recognizer: Recognizer, reading: Reading) -> None:
    """Write a picture with its digits, unless it could not be read, or has none."""
    if reading.error is None:
        boxes.write_picture(png, recognizer, reading)
    else:
        warn(f"{png} was not written: {reading.error}")


def predict_rows(
    recognizer: Recognizer, dataset: str, numbers: Sequence[str], *, show: bool
) -> None:
    """Print the predictions for images of a dataset.

    Args:
        recognizer: the recognizer.
        dataset: the name of the dataset.
        numbers: the numbers of the images, such as `36001` or `0-9`.
        show: whether to print the images.

    Raises:
        UserError: the model does not take images of the dataset's shape.
    """
    images = ImageDataset.read(dataset)
    check_shape(recognizer, dataset, images)
    chosen = images.select_rows(numbers)
    predictions = recognizer.predict(images.pixels[chosen])
    n_right = 0
    for row, prediction in zip(chosen.tolist(), predictions, strict=True):
        class_number = int(images.classes[row])
        verdict = judge(recognizer, class_number, prediction)
        n_right += verdict == RIGHT
        class_name = images.class_names[class_number]
        words = readings.in_words(recognizer, [prediction], class_name)
        print(to_one_line(f"{dataset} {row}: {words}, {verdict}"), flush=True)
        if show:
            drawing.print_images(images.pixels[[row]], [""])
    if len(chosen) > 1:
        print(f"{n_right} of {len(chosen)} right")
    readings.explain_flag(recognizer, predictions)
    warn(seen_before(recognizer.model_name, dataset, chosen))


def check_shape(recognizer: Recognizer, dataset: str, images: ImageDataset) -> None:
    """Check that a model takes the images of a dataset.

    Raises:
        UserError: the images have another shape.
    """
    shape = images.pixels.shape[1:]
    if shape != recognizer.shape:
        expected = " × ".join(str(length) for length in recognizer.shape)
        actual = " × ".join(str(length) for length in shape)
        raise UserError(
            f"{recognizer.model_name} takes images of {expected} pixels, those of {dataset} "
            f"are {actual}; choose another --model"
        )


def judge(recognizer: Recognizer, class_number: int, prediction: Prediction) -> str:
    """Return whether the prediction for an image of a class is right, in words."""
    label = recognizer.label_of(class_number)
    if label is None:
        return OMITTED
    return RIGHT if prediction.label == label else WRONG


@click.command(
    epilog=examples(
        "predict two.png scans/",
        "predict page.jpg --png read.png",
        "predict --dataset mnist 36000 0-9",
    )
)
@click.argument("pictures", nargs=-1, metavar="[PICTURE|FOLDER|-|ROWS]...")
@click.option(
    "--model",
    metavar="NAME",
    help="Use this model.  [default: the best for all classes]",
)
@click.option(
    "--json",
    "in_json",
    is_flag=True,
    help="Print one JSON object per picture.",
)
@click.option(
    "--show", is_flag=True, help="Draw the images that the model sees, or its mistakes."
)
@click.option(
    "--png",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write the picture with labelled boxes, or the mistakes.",
)
@click.option(
    "--dataset",
    metavar="NAME",
    help="Classify images of this dataset by row numbers.",
)
def command(
    pictures: tuple[str, ...],
    model: str | None,
    in_json: bool,
    show: bool,
    png: Path | None,
    dataset: str | None,
) -> None:
    """Classify the digits in pictures.

    A model of other classes than digits classifies whole pictures. A picture is a PNG, JPEG,
    BMP, GIF, TIFF or WebP file, or - for standard input. For a folder, all pictures in it are
    classified. A ? flags an image that does not resemble the training images. The exit status
    is 1 if a picture could not be read.

    If a folder has a subfolder for each class, with one digit per picture, such as
    own/7/photo.jpg, the command evaluates the model, and prints the mistakes, the confusion
    matrix and the accuracy. A picture that cannot be read, or has several digits or none, is a
    mistake.
    With such a folder, --show and --png draw the mistakes.

    With --dataset, ROWS are numbers of images, such as 7 or 0-9, which start at 0.
    """
    if not pictures:
        raise click.UsageError("give pictures, or --dataset NAME and numbers of images")
    if dataset and (in_json or png):
        raise click.UsageError("--dataset goes with neither --json nor --png")
    recognizer = Recognizer.load(model, dataset)
    measurement = None
    if len(pictures) == 1 and not dataset:
        measurement = Measurement.of(recognizer, Path(pictures[0]))
    all_read = True
    if dataset:
        predict_rows(recognizer, dataset, pictures, show=show)
    elif measurement:
        predict_files(recognizer, measurement.actual, measurement, in_json=in_json, show=show)
        measurement.report(in_json=in_json, show=show, png=png)
    else:
        files = list(readings.list_files(pictures))
        if png:
            check_png(png, files)
        all_read = predict_files(recognizer, files, in_json=in_json, show=show, png=png)
    if recognizer.temperature is None:
        warn(formatting.not_calibrated(recognizer.model_name))
    if not all_read:
        sys.exit(1)
