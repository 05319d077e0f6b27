"""Measure what models of MNIST's digits learn of a hand that they are taught, and write it to docs/own-digits.md.

The hands are those of thirteen people in scikit-learn's digits, which stand there writer by writer, about 138 images
each. Each writer's first fifty are mixed with MNIST as `stages.mix` does; the model is tested on the writer's others.
The images are enlarged and redrawn as pictures are. Needs MNIST's split (`make repro`). Takes a quarter of an hour.
"""

from itertools import pairwise
from pathlib import Path

from bench import handwriting, measuring
from digits.handwriting import components
from digits.io import parquet, paths, tables
from digits.io.tables import IMAGES, Pixels, Vector
from digits.learning import models, registry
from digits.results.intervals import compare
from digits.support import cli, parameters
from digits.support.parameters import Experiment
from digits.support.pictures import Picture
from stages.mix import mix_images

import numpy as np
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.pipeline import Pipeline

PAGE = Path("docs", "own-digits.md")
EXPERIMENTS = ["digit-sgd-log", "digit-knn", "digit-champion"]
WRITERS = 13  # E. Alpaydin, C. Kaynak, Optical recognition of handwritten digits (1998): of the part for tests
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


def main() -> None:
    """Fit, measure, write."""
    cli.parser(__doc__, "").parse_args()
    params = parameters.load()
    images, labels = drawings()
    train = parquet.read(paths.split("mnist", "train"), IMAGES)
    test = parquet.read_pixels(handwriting.TEST), parquet.read_column(handwriting.TEST, IMAGES, "class")
    writers = [slice(*ends) for ends in pairwise(np.linspace(0, len(labels), WRITERS + 1).astype(int))]

    rows = []
    for name in EXPERIMENTS:
        pipeline = registry.build(params.block(Experiment, name), params.seed)
        measuring.log(f"{name}, untaught")
        untaught = models.load(paths.model(name))
        before = is_right(untaught, images, labels)
        mnist_before = is_right(untaught, *test)
        for weight in WEIGHTS:
            measuring.log(f"{name}, taught with the weight {weight}")
            rest, after, mnist = [], [], []
            for writer in writers:
                own = np.arange(writer.start, writer.start + TAUGHT)
                drawn = tables.image_table(images[own], labels[own], (28, 28), row=own.astype(np.uint32))
                mixed = mix_images(train, drawn, weight, len(labels), params.seed)
                pixels = tables.stack(mixed.select(tables.pixel_names(28 * 28)))
                taught = clone(pipeline).fit(pixels, tables.column(mixed, "class"))
                others = np.arange(writer.start + TAUGHT, writer.stop)
                rest.append(before[others])
                after.append(is_right(taught, images[others], labels[others]))
                mnist.append(is_right(taught, *test).mean())
            was, now = np.concatenate(rest), np.concatenate(after)
            change = compare(was, now)
            gain = f"{100 * change.gain:+.1f} ({100 * change.low:+.1f} to {100 * change.high:+.1f})"
            accuracies = [f"{100 * each.mean():.1f} %" for each in (was, now)]
            shares = [f"{100 * each:.2f} %" for each in (mnist_before.mean(), np.mean(mnist))]
            rows.append([name, str(weight), *accuracies, gain, " → ".join(shares)])
    header = ["model", "weight", "untaught", "taught", "change in points (95 %)", "MNIST's test part"]
    found = int(images.any(axis=1).sum())
    lines = [f"{found} of the {len(labels)} drawings are found; {len(was)} are tested on.", ""]
    measuring.publish(PAGE, "taught", [*lines, *measuring.table(header, rows)])


if __name__ == "__main__":
    cli.run(main)
