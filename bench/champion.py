"""Measure what each part of the champion is worth, and write the tables of docs/bench/champion.md.

Reads MNIST's training part alone, never the test part. It is cut at random into six stratified folds. Five of them are
held out in turn, and the other five folds are fitted: five slices of 10 000 held-out images, none of them in two.

Each variant is compared with the champion on the 50 000 held-out images together by an exact McNemar test: of the
images that only one of the two reads rightly, as many should favour either. No image counts twice. But any two slices
share four fifths of the rows they fit, so the test knows the chance of which images were held out, and not all of the
chance of which were fitted. The log losses are compared by a paired t-test, with the same reservation. Holm's
correction is for the number of variants, of each table by itself.

Takes ten minutes on two free cores; keep the machine quiet meanwhile.
"""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

from bench import measuring
from digits.evaluation import calibration
from digits.io import parquet, paths
from digits.io.tables import IMAGES, Pixels, Scores, Vector
from digits.learning import models, registry
from digits.learning.transformers import gradients
from digits.learning.transformers.interpolation import Images, interpolate, moments, upright
from digits.results import intervals
from digits.support import parameters
from digits.support.parameters import Experiment

import joblib
import numpy as np
from scipy.stats import ttest_rel
from sklearn.decomposition import PCA
from sklearn.model_selection import StratifiedKFold

PAGE = Path("docs", "bench", "champion.md")
SLICES = 5


def unmoved(images: Images) -> Images:
    """Return images as they are."""
    return images


def centred(images: Images) -> Images:
    """Return images with the centre of mass in the middle, as slanted as they were."""
    row, column, _ = moments(images)
    down, across = (np.arange(side, dtype=np.float32) - np.float32((side - 1) / 2) for side in images.shape[1:])
    return interpolate(images, row + down[:, None], column + across)


def histograms(pixels: Pixels, move: Callable[[Images], Images] = upright, **arguments: int) -> Images:
    """Return the gradient histograms of images that `move` has put into place."""
    with mock.patch.object(gradients, "upright", move), joblib.parallel_config("threading", n_jobs=joblib.cpu_count()):
        return gradients.OrientedGradients(**arguments).fit_transform(pixels)


def rootless(pixels: Pixels) -> Images:
    """Return the histograms without the square root."""
    return histograms(pixels) ** 2


def side_by_side(pixels: Pixels) -> Images:
    """Return the histograms of upright and of merely centred images."""
    return np.hstack([histograms(pixels), histograms(pixels, centred)])


class Variant(NamedTuple):
    """What differs from the champion: the features, how many components of them, the classifier."""

    features: Callable[[Pixels], Images] = histograms
    components: int = 60
    classifier: str = "one_vs_rest_svc"


CHAMPION = "**as it is**"
VARIANTS = {
    CHAMPION: Variant(),
    "without centring and shearing": Variant(partial(histograms, move=unmoved)),
    "without the square root": Variant(rootless),
    "8 directions": Variant(partial(histograms, directions=8)),
    "windows of 7 × 7": Variant(partial(histograms, reach=4)),
    "40 components (`digit-fast`)": Variant(components=40),
    "80 components": Variant(components=80),
    "100 components": Variant(components=100),
    "one machine for each pair of digits (`SVC` alone)": Variant(classifier="svm.SVC"),
    "upright and merely centred images side by side": Variant(side_by_side),
}


def fit(
    variant: Variant, settings: dict[str, Any], inputs: Images, y: Vector, fitted: Vector, held_out: Vector
) -> tuple[Scores, float]:
    """Return the scores of a slice's held-out images, and the processor seconds of the classifier's fit."""
    components = PCA(variant.components, svd_solver="covariance_eigh").fit(inputs[fitted])
    X = components.transform(inputs[fitted])  # noqa: N806
    begin = time.thread_time()
    model = registry.classifier(variant.classifier, settings, parameters.load().seed).fit(X, y[fitted])
    seconds = time.thread_time() - begin
    return models.score(model, components.transform(inputs[held_out])), seconds


def calibrated(scores: list[Scores], y: list[Vector]) -> Scores:
    """Return the probabilities of all slices: each slice's by the temperature that suits the other slices."""
    probabilities = []
    for i, each in enumerate(scores):
        others = [np.concatenate([*values[:i], *values[i + 1 :]]) for values in (scores, y)]
        probabilities.append(calibration.probabilities(each, calibration.fit_temperature(others[0], others[1])))
    return np.concatenate(probabilities)


def compare(wrong: Vector, champion: Vector) -> tuple[float, str]:
    """Return the exact McNemar test's p-value, and the difference of the errors with its 95 % interval, in points."""
    difference = intervals.compare(~champion, ~wrong)
    points = [100 * value for value in (-difference.gain, -difference.high, -difference.low)]
    return difference.p, "{:+.3f} ({:+.3f} to {:+.3f})".format(*points)


def compare_losses(loss: Vector, champion: Vector) -> tuple[float, str]:
    """Return the p-value of the paired t-test of two log losses, and the mean difference with its 95 % interval."""
    test = ttest_rel(loss, champion)
    mean, interval = (loss - champion).mean(), test.confidence_interval()
    return test.pvalue, f"{mean:+.4f} ({interval.low:+.4f} to {interval.high:+.4f})"


def compared(
    by_name: dict[str, Vector], compare: Callable[[Vector, Vector], tuple[float, str]]
) -> dict[str, list[Any]]:
    """Return for each variant the difference to the champion, p, and p with Holm's correction."""
    results = {name: compare(each, by_name[CHAMPION]) for name, each in by_name.items() if name != CHAMPION}
    columns = zip(results.items(), intervals.holm([p for p, _ in results.values()]), strict=True)
    cells = {name: [difference, f"{p:.2g}", f"{corrected:.2g}"] for (name, (p, difference)), corrected in columns}
    return {CHAMPION: [None, None, None], **cells}


def lines(scores: dict[str, list[Scores]], seconds: dict[str, float], y: list[Vector]) -> list[str]:
    """Return the tables from each slice's scores, of shape (images, classes), and its labels."""
    y_true, ends = np.concatenate(y), np.cumsum([len(each) for each in y])[:-1]
    wrong = {name: np.concatenate(each).argmax(axis=1) != y_true for name, each in scores.items()}
    tests = compared(wrong, compare)
    header = ["error, %", *map(str, range(1, SLICES + 1)), "mean", "difference (95 % interval)", "p", "p, Holm"]
    rows = [
        [name, *(f"{100 * part.mean():.2f}" for part in np.split(each, ends)), f"{100 * each.mean():.3f}", *tests[name]]
        for name, each in wrong.items()
    ]
    chosen = {name: calibrated(each, y)[np.arange(len(y_true)), y_true] for name, each in scores.items()}
    losses = {name: -np.log(each) for name, each in chosen.items()}
    tests = compared(losses, compare_losses)
    loss_header = ["log loss", "mean", "difference (95 % interval)", "p", "p, Holm", "fit, s"]
    loss_rows = [[name, f"{each.mean():.4f}", *tests[name], f"{seconds[name]:.0f}"] for name, each in losses.items()]
    return [*measuring.table(header, rows), "", *measuring.table(loss_header, loss_rows)]


def tables(folder: Path, quick: bool) -> list[str]:
    """Measure every variant."""
    params = parameters.load()
    settings = params.block(Experiment, "digit-champion").hyperparameters
    images = paths.split("mnist", "train")
    pixels, y = parquet.read_pixels(images), parquet.read_column(images, IMAGES, "class")
    slices = list(StratifiedKFold(SLICES + 1, shuffle=True, random_state=params.seed).split(y, y))[:SLICES]
    champion = histograms(pixels)
    scores: dict[str, list[Scores]] = {}
    seconds: dict[str, float] = {}
    for name, variant in VARIANTS.items():
        inputs = champion if variant.features is histograms else variant.features(pixels)
        # As wide a kernel as the champion's, compared with how far apart the images lie: else units would count.
        gamma = settings["gamma"] * champion.var(axis=0).sum() / inputs.var(axis=0).sum()
        own = {**settings, "gamma": float(gamma)}
        tasks = (joblib.delayed(fit)(variant, own, inputs, y, *each) for each in slices)
        measured = joblib.Parallel(joblib.cpu_count(), "threading")(tasks)
        scores[name] = [each for each, _ in measured]
        seconds[name] = float(np.mean([each for _, each in measured]))
        measuring.log(f"{name}: {seconds[name]:.0f} s")
    return lines(scores, seconds, [y[held_out] for _, held_out in slices])


if __name__ == "__main__":
    measuring.main(__doc__, PAGE, {"champion": tables})
