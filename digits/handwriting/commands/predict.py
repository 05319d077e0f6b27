"""Say what a picture shows."""

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from digits.commands import examples
from digits.core.errors import PipelineError, to_one_line, warn
from digits.handwriting import reading as readings
from digits.handwriting.measure import Measurement, seen_before
from digits.handwriting.recognizer import Prediction, Recognizer
from digits.results import drawing, wording
from digits.results.read import ImageDataset

import click
import numpy as np


def predict_files(
    recognizer: Recognizer,
    files: Iterable[str],
    measurement: Measurement | None,
    in_json: bool,
    show: bool,
) -> bool:
    """Print the predictions for picture files, or count them if measured; tell whether all files could be read."""
    all_read = True
    predictions: list[Prediction] = []
    for reading in readings.read(recognizer, files):
        facts = measurement.add(reading) if measurement else {}
        all_read &= reading.error is None
        predictions += reading.predictions
        if in_json:
            print(readings.as_json(recognizer, reading, **facts), flush=True)
        elif measurement:
            continue
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
    if not in_json:
        readings.note_mark(recognizer, predictions)
    return all_read


def predict_rows(
    recognizer: Recognizer, dataset: str, numbers: Sequence[str], *, show: bool
) -> None:
    """Print the predictions for images of a dataset, as they are, by their numbers `36001` or `0-9`."""
    images = ImageDataset.read(dataset)
    shape = images.pixels.shape[1:]
    if shape != recognizer.shape:
        takes = f"{recognizer.model_name} takes images of {' × '.join(map(str, recognizer.shape))} pixels"
        raise PipelineError(
            f"{takes}, those of {dataset} are {' × '.join(map(str, shape))}; choose another --model"
        )
    chosen, verdicts = images.select_rows(numbers), []
    predictions = recognizer.predict(images.pixels[chosen])
    for row, prediction in zip(chosen.tolist(), predictions, strict=True):
        digit = int(images.classes[row])
        label = recognizer.label_of(digit)
        verdicts.append(
            "of neither class"
            if label is None
            else "right"
            if prediction.label == label
            else "wrong"
        )
        words = readings.in_words(recognizer, [prediction], images.class_names[digit])
        print(to_one_line(f"{dataset} {row}: {words}, {verdicts[-1]}"), flush=True)
        if show:
            drawing.print_images(images.pixels[[row]], [""])
    if len(chosen) > 1:
        print(f"{verdicts.count('right')} of {len(chosen)} right")
    readings.note_mark(recognizer, predictions)
    warn(seen_before(recognizer.model_name, dataset, chosen))


@click.command(epilog=examples("predict two.png scans/", "predict own/ --png mistakes.png"))
@click.argument("pictures", nargs=-1, metavar="[PICTURE|FOLDER|-]...")
@click.option(
    "--model",
    metavar="NAME",
    help="The model to ask (default: the best that names all classes).",
)
@click.option(
    "--json",
    "in_json",
    is_flag=True,
    help="Print a JSON object a picture, instead of words and drawings.",
)
@click.option(
    "--show", is_flag=True, help="Draw what the model saw; if measured, the mistakes."
)
@click.option(
    "--png",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="If measured, draw the mistakes.",
)
@click.option(
    "--dataset",
    metavar="NAME",
    help="Take images of data/raw: the arguments are their numbers, 7 or 0-9.",
)
def command(
    pictures: tuple[str, ...],
    model: str | None,
    in_json: bool,
    show: bool,
    png: Path | None,
    dataset: str | None,
) -> None:
    """Say what a picture shows: one digit or many, dark on light or the reverse; or one of your own classes.

    A picture is a PNG, JPEG, BMP, GIF, TIFF or WebP file, or - for standard input; a folder stands for its pictures.
    A ? marks what is unlike the images that the model was trained on. The exit status is 1 if one could not be read.

    A folder with a subfolder for each class, one digit a picture (own/7/photo.jpg), is measured: the mistakes, the
    confusion matrix and the accuracy are printed. A picture in which no digit or several are found is a mistake.
    """
    if not pictures:
        raise click.UsageError("give pictures, or --dataset NAME and numbers of images")
    if dataset and (in_json or png):
        raise click.UsageError("--dataset goes with neither --json nor --png")
    recognizer = Recognizer.load(model, dataset)
    measurement = (
        Measurement.of(recognizer, Path(pictures[0]))
        if len(pictures) == 1 and not dataset
        else None
    )
    if png and not measurement:
        raise click.UsageError("--png goes with one folder that has a subfolder for each class")
    all_read = True
    if dataset:
        predict_rows(recognizer, dataset, pictures, show=show)
    else:
        files = measurement.actual if measurement else readings.list_files(pictures)
        all_read = predict_files(recognizer, files, measurement, in_json, show)
    if measurement:
        measurement.report(in_json=in_json, show=show, png=png)
    if recognizer.temperature is None:
        warn(wording.not_calibrated(recognizer.model_name))
    if not (all_read or measurement):
        sys.exit(1)
