"""Measure what models of MNIST's digits learn of a hand that they are taught.

Writes the table of docs/handwriting/own-digits.md. The hands are those of the fourteen forms that scikit-learn's digits
are cut from, about 128 images each. Each form's first fifty are mixed with MNIST as `stages.mix` does; the model is
tested on the form's others. The images are enlarged and redrawn as pictures are. Needs MNIST's split (`make repro`).
Takes a quarter of an hour.
"""

from itertools import product
from pathlib import Path

from bench import handwriting, measuring
from digits.handwriting import components
from digits.io import parquet, paths, tables
from digits.io.tables import IMAGES, ImageInfo, Pixels, Vector
from digits.learning import models, persistence, registry
from digits.results.intervals import compare
from digits.sources.sklearn import number_forms
from digits.support import parameters
from digits.support.parameters import Experiment
from digits.support.pictures import Picture
from stages.mix import mix_images

import numpy as np
import pyarrow as pa
from scipy.stats import ttest_1samp
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.pipeline import Pipeline

PAGE = Path("docs", "handwriting", "own-digits.md")
EXPERIMENTS = ["digit-sgd-log", "digit-knn", "digit-champion"]
TAUGHT = 50
WEIGHTS = [1, 10]


def drawings() -> tuple[Pixels, Vector]:
    """Return the digits as `predict` redraws them, shape (images, 784), and their labels; blank if none is found."""
    digits = load_digits()
    redrawn = np.zeros((len(digits.target), 28 * 28), np.uint8)
    for i, image in enumerate(digits.images):
        ink = np.pad(np.rint(image * 255 / 16).astype(np.uint8), 4)
        found = components.find(Picture(255 - handwriting.resize(ink, 160), 1.0), 28)
        if len(found) == 1:
            redrawn[i] = found[0].image.ravel()
    return redrawn, digits.target.astype(np.uint8)


def is_right(model: Pipeline, images: Pixels, labels: Vector) -> Vector:
    """Return whether each prediction is the label, shape (images,)."""
    return np.asarray(models.predict(model, models.score(model, images)) == labels)


def taught(
    pipeline: Pipeline, train: pa.Table, own: Vector, drawn: tuple[Pixels, Vector], weight: int, seed: int
) -> Pipeline:
    """Return the pipeline fitted on MNIST's training images and the rows `own` of the drawings."""
    images, labels = drawn
    table = tables.image_table(images[own], labels[own], ImageInfo((28, 28)), row=own.astype(np.uint32))
    mixed = mix_images(train, table, weight, len(labels), seed)
    pixels = tables.stack(mixed.select(tables.pixel_names(28 * 28)))
    return clone(pipeline).fit(pixels, tables.column(mixed, "class"))


def measure(folder: Path, quick: bool) -> list[str]:
    """Teach each model each hand."""
    params = parameters.load()
    images, labels = drawings()
    train = parquet.read(paths.split("mnist", "train"), IMAGES)
    test = parquet.read_pixels(handwriting.TEST), parquet.read_column(handwriting.TEST, IMAGES, "class")
    form = number_forms(labels)
    forms = [np.flatnonzero(form == number) for number in np.unique(form)]
    names, weights, forms = (EXPERIMENTS[:1], [1], forms[:2]) if quick else (EXPERIMENTS, WEIGHTS, forms)
    rows = []
    for name, weight in product(names, weights):
        measuring.log(f"{name}, taught with the weight {weight}")
        pipeline = registry.build(params.block(Experiment, name), params.seed)
        untaught = persistence.load(paths.model(name))
        before, after, mnist = [], [], []
        for rows_of_form in forms:
            own, others = rows_of_form[:TAUGHT], rows_of_form[TAUGHT:]
            model = taught(pipeline, train, own, (images, labels), weight, params.seed)
            before.append(is_right(untaught, images[others], labels[others]))
            after.append(is_right(model, images[others], labels[others]))
            mnist.append(is_right(model, *test))
        was, now = np.concatenate(before), np.concatenate(after)
        change = compare(was, now, np.concatenate([form[rows_of_form[TAUGHT:]] for rows_of_form in forms]))
        gain = f"{100 * change.gain:+.1f} ({100 * change.low:+.1f} to {100 * change.high:+.1f})"
        known = is_right(untaught, *test)
        kept = ttest_1samp(np.mean(mnist, axis=0) - known, 0).confidence_interval()  # as if images were independent
        forgotten = f"{100 * (np.mean(mnist) - known.mean()):+.2f} ({100 * kept.low:+.2f} to {100 * kept.high:+.2f})"
        accuracies = [f"{100 * each.mean():.1f} %" for each in (was, now)]
        rows.append([name, str(weight), *accuracies, gain, f"{100 * known.mean():.2f} %", forgotten])
    header = ["model", "weight", "untaught", "taught", "change in points (95 %, by form)"]
    header += ["MNIST's test part, untaught", "change in points (95 %)"]
    found = f"{images.any(axis=1).sum()} of the {len(labels)} drawings are found; {len(was)} are tested on."
    return [found, "", *measuring.table(header, rows)]


if __name__ == "__main__":
    measuring.main(__doc__, PAGE, {"taught": measure})
