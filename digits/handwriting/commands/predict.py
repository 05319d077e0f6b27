"""Say which digits a picture shows."""

import sys
from collections.abc import Iterable, Sequence
from itertools import count
from pathlib import Path

from digits.commands import examples
from digits.handwriting import reading as readings
from digits.handwriting.measure import Measurement, seen_before
from digits.handwriting.reading import Reading
from digits.handwriting.recognizer import Recognizer
from digits.results import drawing, wording
from digits.results.fetched import FetchedDataset
from digits.support import cli
from digits.support.errors import ParameterError

import click
import numpy as np
from PIL import Image


def predict_files(
    recognizer: Recognizer,
    files: Iterable[str],
    measurement: Measurement | None = None,
    *,
    in_json: bool,
    show: bool,
    save: Path | None,
) -> int:
    """Print the predictions for picture files, or count them where there is a measurement.

    Returns:
        The number of files that could not be read.
    """
    failed, numbers = 0, count(1)
    for reading in readings.read(recognizer, files):
        facts = measurement.add(reading) if measurement else {}
        failed += reading.error is not None
        if in_json:
            print(readings.as_json(recognizer, reading, **facts), flush=True)
        elif reading.error is not None and not measurement:
            cli.note(f"{reading.file}: {reading.error}")
        elif not measurement:
            print(f"{reading.file}: {readings.in_words(recognizer, reading.predictions)}", flush=True)
        if show and reading.digits and not measurement:
            drawn = np.array([digit.image for digit in reading.digits])
            drawing.print_images(drawn, [""] * len(drawn), sys.stderr if in_json else sys.stdout)
        if save:
            save_digits(save, reading, numbers)
    return failed


def save_digits(folder: Path, reading: Reading, numbers: "count[int]") -> None:
    """Write each digit as the model sees it to `folder`, as `<file name>-<number>.png`.

    `numbers` counts all digits of the run: files of several folders may have one name.
    """
    folder.mkdir(parents=True, exist_ok=True)
    stem = "stdin" if reading.file == "-" else Path(reading.file).name
    for digit in reading.digits:
        Image.fromarray(drawing.brightened(digit.image)).save(folder / f"{stem}-{next(numbers)}.png")


def predict_rows(
    recognizer: Recognizer, dataset: str, numbers: Sequence[str], *, random: int | None, show: bool
) -> None:
    """Print the predictions for images of a dataset, which the model is given as they are.

    Args:
        recognizer: of images of this shape.
        dataset: its name.
        numbers: `36001` or `0-9`; none for all images.
        random: how many of these to choose at random; None for all of them.
        show: draw the images, too.

    Raises:
        ParameterError: the dataset has no such image, or its images are of another shape than the model's.
        PipelineError: the dataset is not here.
    """
    fetched = FetchedDataset.read(dataset)
    if fetched.shape != recognizer.shape:
        raise ParameterError(
            f"{recognizer.experiment} takes images of {recognizer.shape[0]} × {recognizer.shape[1]} pixels, "
            f"those of {dataset} are {fetched.shape[0]} × {fetched.shape[1]}; choose another --model"
        )
    chosen = fetched.select(numbers)
    chosen = np.random.default_rng().permutation(chosen)[:random] if random else chosen
    images, verdicts = fetched.pixels(chosen), []
    for row, image, prediction in zip(chosen.tolist(), images, recognizer.predict(images), strict=True):
        digit = int(fetched.classes[row])
        label = digit if recognizer.positive is None else int(digit in recognizer.positive)
        verdicts.append("rejected" if prediction.is_none else "right" if prediction.label == label else "wrong")
        words = readings.in_words(recognizer, [prediction], fetched.names[digit])
        print(f"{dataset} {row}: {words}, {verdicts[-1]}", flush=True)
        if show:
            drawing.print_images(image[None], [""])
    if len(chosen) > 1:
        rejected = verdicts.count("rejected")
        print(f"{verdicts.count('right')} of {len(chosen)} right" + (f", {rejected} rejected" if rejected else ""))
    cli.note(seen_before(recognizer.experiment, dataset, chosen))


@click.command(
    epilog=examples("predict two.png scans/", "predict own/ --png mistakes.png", "predict --dataset mnist 60000-60009")
)
@click.argument("pictures", nargs=-1, metavar="[PICTURE|FOLDER|-]...")
@click.option("--model", metavar="EXPERIMENT", help="The model to ask (default: the best that names all ten digits).")
@click.option("--json", "in_json", is_flag=True, help="Print a JSON object a picture.")
@click.option("--show", is_flag=True, help="Draw what the model saw; if measured, the mistakes.")
@click.option(
    "--save", type=click.Path(path_type=Path), metavar="FOLDER", help="Write what the model saw, a PNG a digit."
)
@click.option(
    "--png", type=click.Path(path_type=Path), metavar="FILE", help="If measured, draw the mistakes as a sheet."
)
@click.option("--dataset", metavar="NAME", help="Take images of data/raw: the arguments are their numbers, 7 or 0-9.")
@click.option(
    "--random", type=click.IntRange(1), metavar="N", help="With --dataset: N images at random, others each time."
)
def command(
    pictures: tuple[str, ...],
    model: str | None,
    in_json: bool,
    show: bool,
    save: Path | None,
    png: Path | None,
    dataset: str | None,
    random: int | None,
) -> None:
    """Say which digits a picture shows: one digit or many, dark on light or the reverse.

    A picture is a PNG, JPEG, BMP, GIF, TIFF or WebP file, or - for standard input; a folder stands for its pictures.
    The exit status is 1 if a picture could not be read; the others are read all the same.

    A folder with a subfolder for each digit, one digit a picture (own/7/photo.jpg), is measured: the mistakes, the
    confusion matrix and the accuracy are printed. A picture in which no digit or several are found is a mistake.
    """
    if not (pictures or (dataset and random)):
        raise click.UsageError("give pictures, or --dataset NAME and numbers of images or --random N")
    if dataset and (in_json or save or png):
        raise click.UsageError("--dataset goes with none of --json, --save and --png")
    if random and not dataset:
        raise click.UsageError("--random goes with --dataset NAME")

    recognizer = Recognizer.load(model, dataset)
    measurement = Measurement.of(recognizer, Path(pictures[0])) if len(pictures) == 1 and not dataset else None
    if png and not measurement:
        raise click.UsageError("--png goes with one folder that has a subfolder for each digit")
    failed = 0
    if dataset:
        predict_rows(recognizer, dataset, pictures, random=random, show=show)
    elif measurement:
        files = list(measurement.actual)
        shown = files if in_json else cli.progress(files, len(files), "pictures")  # a line each is progress enough
        predict_files(recognizer, shown, measurement, in_json=in_json, show=show, save=save)
        measurement.report(in_json=in_json, in_terminal=show, png=png)
    else:
        failed = predict_files(recognizer, readings.list_files(pictures), in_json=in_json, show=show, save=save)
    if recognizer.temperature is None:
        cli.note(wording.NOT_CALIBRATED.format(recognizer.experiment))
    if failed:
        sys.exit(1)
