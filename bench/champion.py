"""Measure what each part of the champion is worth, and write the tables of docs/bench/champion.md.

Reads MNIST's training part alone, never the test part. It is cut at random into six stratified folds. Five of them are
held out in turn, and the other five folds are fitted: five slices of 10 000 held-out images, none of them in two.

Each variant is compared with the champion on the 50 000 held-out images together by an exact McNemar test: of the
images that only one of the two reads rightly, as many should favour either. No image counts twice. But any two slices
share four fifths of the rows they fit, so the test knows the chance of which images were held out, and not all of the
chance of which were fitted. The log losses are compared by a paired t-test, with the same reservation.

Takes ten minutes on two free cores; keep the machine quiet meanwhile.
"""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

from bench import measuring
from digits.core import params, paths
from digits.core.tables import Pixels, Scores, Vector, pixels, read
from digits.evaluation import calibration
from digits.features.functions import gradients
from digits.features.functions.interpolation import Images, interpolate, moments, upright
from digits.learning import pipelines, scoring
from digits.results.differences import p_and_points

import joblib
import numpy as np
from scipy.stats import ttest_rel
from sklearn.decomposition import PCA
from sklearn.model_selection import StratifiedKFold

PAGE = Path("docs", "bench", "champion.md")
SLICES = 5


def centred(images: Images) -> Images:
    """Return images with the centre of mass in the middle, as slanted as they were."""
    row, column, _ = moments(images)
    down, across = (np.arange(side, dtype=np.float32) - np.float32((side - 1) / 2) for side in images.shape[1:])
    return interpolate(images, row + down[:, None], column + across)


def histograms(images: Pixels, move: Callable[[Images], Images] = upright, **arguments: int) -> Images:
    """Return the gradient histograms of images that `move` has put into place."""
    with mock.patch.object(gradients, "upright", move), joblib.parallel_config("threading", n_jobs=joblib.cpu_count()):
        return gradients.histograms(images, **arguments)


class Variant(NamedTuple):
    """What differs from the champion: the features, how many components of them, the classifier."""

    features: Callable[[Pixels], Images] = histograms
    components: int = 60
    classifier: str = "one_vs_rest_svc"


CHAMPION = "**as it is**"
VARIANTS = {
    CHAMPION: Variant(),
    "without centring and shearing": Variant(partial(histograms, move=lambda images: images)),
    "without the square root": Variant(lambda images: histograms(images) ** 2),
    "8 directions": Variant(partial(histograms, directions=8)),
    "windows of 7 × 7": Variant(partial(histograms, reach=4)),
    "40 components (`digit-fast`)": Variant(components=40),
    "80 components": Variant(components=80),
    "100 components": Variant(components=100),
    "one machine for each pair of digits (`SVC` alone)": Variant(classifier="svm.SVC"),
    "upright and merely centred images side by side": Variant(
        lambda images: np.hstack([histograms(images), histograms(images, centred)])
    ),
}


def fit(
    variant: Variant, settings: dict[str, Any], inputs: Images, y: Vector, fitted: Vector, held_out: Vector
) -> tuple[Scores, float]:
    """Return the scores of a slice's held-out images, and the processor seconds of the classifier's fit."""
    components = PCA(variant.components, svd_solver="covariance_eigh").fit(inputs[fitted])
    X = components.transform(inputs[fitted])  # noqa: N806
    begin = time.thread_time()
    model = pipelines.classifier(variant.classifier, settings, params.load().seed).fit(X, y[fitted])
    seconds = time.thread_time() - begin
    return scoring.score(model, components.transform(inputs[held_out])), seconds


def calibrated(scores: list[Scores], y: list[Vector]) -> Scores:
    """Return the probabilities of all slices: each slice's by the temperature that suits the other slices."""
    probabilities = []
    for i, each in enumerate(scores):
        others = [np.concatenate([*values[:i], *values[i + 1 :]]) for values in (scores, y)]
        probabilities.append(calibration.probabilities(each, calibration.fit_temperature(others[0], others[1])))
    return np.concatenate(probabilities)


def compare(wrong: Vector, champion: Vector) -> list[str]:
    """Return the difference of the errors with its 95 % interval, in points, and the exact McNemar test's p."""
    p, _ = p_and_points(wrong.astype(int) - champion, None)
    return [measuring.gain(champion, wrong, digits=3), f"{p:.2g}"]


def compare_losses(loss: Vector, champion: Vector) -> list[str]:
    """Return the mean difference of two log losses with its 95 % interval, and p of the paired t-test."""
    test = ttest_rel(loss, champion)
    ends = test.confidence_interval()
    return [f"{(loss - champion).mean():+.4f} ({ends.low:+.4f} to {ends.high:+.4f})", f"{test.pvalue:.2g}"]


def tables(folder: Path, quick: bool) -> list[str]:
    """Measure every variant."""
    settings = params.load()
    hyperparameters = settings.experiments["digit-champion"].hyperparameters.model_extra or {}
    images = read(paths.task("digit", "train"))
    X, y = pixels(images), images["label"].to_numpy()  # noqa: N806
    slices = list(StratifiedKFold(SLICES + 1, shuffle=True, random_state=settings.seed).split(y, y))[:SLICES]
    y_slices = [y[held_out] for _, held_out in slices]
    y_true, champion = np.concatenate(y_slices), histograms(X)
    wrong, losses, errors, log_losses = {}, {}, [], []
    for name, variant in VARIANTS.items():
        inputs = champion if variant.features is histograms else variant.features(X)
        # As wide a kernel as the champion's, compared with how far apart the images lie: else units would count.
        gamma = hyperparameters["gamma"] * champion.var(axis=0).sum() / inputs.var(axis=0).sum()
        own = {**hyperparameters, "gamma": float(gamma)}
        tasks = (joblib.delayed(fit)(variant, own, inputs, y, *each) for each in slices)
        scores, seconds = zip(*joblib.Parallel(joblib.cpu_count(), "threading")(tasks), strict=True)
        measuring.log(f"{name}: {np.mean(seconds):.0f} s")
        wrong[name] = np.concatenate(scores).argmax(axis=1) != y_true
        losses[name] = -np.log(calibrated(list(scores), y_slices)[np.arange(len(y_true)), y_true])
        tests: list[list[Any]] = [[None, None], [None, None]]
        if name != CHAMPION:
            tests = [compare(wrong[name], wrong[CHAMPION]), compare_losses(losses[name], losses[CHAMPION])]
        parts = np.split(wrong[name], np.cumsum([len(each) for each in y_slices])[:-1])
        by_slice = [f"{100 * each.mean():.2f}" for each in parts]
        errors.append([name, *by_slice, f"{100 * wrong[name].mean():.3f}", *tests[0]])
        log_losses.append([name, f"{losses[name].mean():.4f}", *tests[1], f"{np.mean(seconds):.0f}"])
    header = ["error, %", *map(str, range(1, SLICES + 1)), "mean", "difference (95 % interval)", "p"]
    loss_header = ["log loss", "mean", "difference (95 % interval)", "p", "fit, s"]
    return [*measuring.table(header, errors), "", *measuring.table(loss_header, log_losses)]


if __name__ == "__main__":
    measuring.main(__doc__, PAGE, {"champion": tables})
