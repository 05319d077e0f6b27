"""Measure what models of MNIST's digits learn of a hand that they are taught.

Writes the table of docs/handwriting/own-digits.md. The hands are those of the fourteen forms that scikit-learn's digits
are cut from, about 128 images each. Each form's first fifty are mixed with MNIST as `stages.mix` does; the model is
tested on the form's others. The images are enlarged and redrawn as pictures are. Needs MNIST's split (`make repro`).
Takes a quarter of an hour.
"""

from itertools import product
from pathlib import Path

from bench import handwriting, measuring
from digits.core import params, paths
from digits.core.tables import Vector, pixels, read
from digits.handwriting import components
from digits.learning import model_file, pipelines, scoring
from digits.pictures import Picture
from digits.sources.sklearn import number_forms
from stages.mix import mix_images

import numpy as np
import pandas as pd
from scipy.stats import ttest_1samp
from sklearn.datasets import load_digits
from sklearn.pipeline import Pipeline

PAGE = Path("docs", "handwriting", "own-digits.md")
EXPERIMENTS = ["digit-sgd-log", "digit-knn", "digit-champion"]
TAUGHT = 50
WEIGHTS = [1, 10]


def drawings(like: pd.DataFrame) -> pd.DataFrame:
    """Return the digits as `predict` redraws them, in a table like MNIST's; blank if none is found."""
    digits = load_digits()
    redrawn = np.zeros((len(digits.target), 28 * 28), np.uint8)
    for i, image in enumerate(digits.images):
        ink = np.pad(np.rint(image * 255 / 16).astype(np.uint8), 4)
        found = components.find(Picture(255 - handwriting.resize(ink, 160), 1.0), 28)
        if len(found) == 1:
            redrawn[i] = found[0].image.ravel()
    table = pd.DataFrame(redrawn, columns=like.filter(like="pixel").columns)
    table.attrs = like.attrs
    return table.assign(**{"class": digits.target.astype(np.uint8)}, row=np.arange(len(table), dtype=np.uint32))


def is_right(model: Pipeline, images: pd.DataFrame) -> Vector:
    """Return whether each prediction is the class, shape (images,)."""
    return np.asarray(scoring.predict(model, scoring.score(model, pixels(images))) == images["class"])


def measure(folder: Path, quick: bool) -> list[str]:
    """Teach each model each hand."""
    settings = params.load()
    train, test = (read(paths.split("mnist", part)) for part in ("train", "test"))
    own = drawings(train)
    forms = number_forms(own["class"].to_numpy())
    names, weights = (EXPERIMENTS[:1], [1]) if quick else (EXPERIMENTS, WEIGHTS)
    rows = []
    for name, weight in product(names, weights):
        measuring.log(f"{name}, taught with the weight {weight}")
        untaught = model_file.load(paths.model(name))
        before, after, mnist, form = [], [], [], []
        for number in range(2 if quick else forms.max() + 1):
            of_form = own[forms == number]
            mixed = mix_images(train, of_form[:TAUGHT], weight, len(own), settings.seed)
            model = pipelines.build(settings.experiments[name], settings.seed).fit(pixels(mixed), mixed["class"])
            before.append(is_right(untaught, of_form[TAUGHT:]))
            after.append(is_right(model, of_form[TAUGHT:]))
            mnist.append(is_right(model, test))
            form += [number] * len(before[-1])
        was, now, known = np.concatenate(before), np.concatenate(after), is_right(untaught, test)
        kept = ttest_1samp(np.mean(mnist, axis=0) - known, 0).confidence_interval()  # as if images were independent
        forgotten = f"{100 * (np.mean(mnist) - known.mean()):+.2f} ({100 * kept.low:+.2f} to {100 * kept.high:+.2f})"
        accuracies = [f"{100 * each.mean():.1f} %" for each in (was, now)]
        change = measuring.gain(was, now, np.array(form), digits=1)
        rows.append([name, str(weight), *accuracies, change, f"{100 * known.mean():.2f} %", forgotten])
    header = ["model", "weight", "untaught", "taught", "change in points (95 %, by form)"]
    header += ["MNIST's test part, untaught", "change in points (95 %)"]
    found = f"{pixels(own).any(axis=1).sum()} of the {len(own)} drawings are found; {len(was)} are tested on."
    return [found, "", *measuring.table(header, rows)]


if __name__ == "__main__":
    measuring.main(__doc__, PAGE, {"taught": measure})
