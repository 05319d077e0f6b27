"""Measure what each step of the champion is worth, and write the table of docs/bench/champion.md.

Reads MNIST's training part alone, never the test part. It is cut at random into six stratified folds. Five of them are
held out in turn, and the other five folds are fitted: five slices of 10 000 held-out images, none of them in two.

Each variant's errors on the 50 000 held-out images are compared with the champion's by an exact McNemar test, and the
log losses by a paired t-test. Any two slices share four fifths of the rows they fit, so the tests know the chance of
which images were held out, and not all of the chance of which were fitted. Takes ten minutes on two free cores.
"""

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
from digits.features.functions.interpolation import Images, upright
from digits.learning import pipelines, scoring
from digits.results.differences import p_and_points

import joblib
import numpy as np
from scipy.stats import ttest_rel
from sklearn.decomposition import PCA
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline

PAGE = Path("docs", "bench", "champion.md")
SLICES = 5


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
    "one SVM for each pair of digits (`SVC` alone)": Variant(classifier="svm.SVC"),
}


def fit(
    variant: Variant, settings: dict[str, Any], inputs: Images, y: Vector, fitted: Vector, held_out: Vector
) -> Scores:
    """Return the scores of a slice's held-out images."""
    classifier = pipelines.classifier(variant.classifier, settings, params.load().seed)
    model = make_pipeline(PCA(variant.components, svd_solver="covariance_eigh"), classifier)
    return scoring.score(model.fit(inputs[fitted], y[fitted]), inputs[held_out])


def calibrated(scores: list[Scores], y: list[Vector]) -> Scores:
    """Return the probabilities of all slices: each slice's by the temperature that suits the other slices."""
    probabilities = []
    for i, each in enumerate(scores):
        others = [np.concatenate([*values[:i], *values[i + 1 :]]) for values in (scores, y)]
        probabilities.append(calibration.probabilities(each, calibration.fit_temperature(others[0], others[1])))
    return np.concatenate(probabilities)


def compare(variant: tuple[Vector, Vector], champion: tuple[Vector, Vector]) -> list[str]:
    """Compare errors in points, by the exact test, and log losses, by a paired t-test; differences with p."""
    wrong, loss = zip(variant, champion, strict=True)
    p, _ = p_and_points(wrong[0].astype(int) - wrong[1], None)
    test = ttest_rel(*loss)
    ends = test.confidence_interval()
    difference = f"{np.subtract(*loss).mean():+.4f} ({ends.low:+.4f} to {ends.high:+.4f})"
    return [measuring.gain(wrong[1], wrong[0], digits=3), f"{p:.2g}", difference, f"{test.pvalue:.2g}"]


def tables(folder: Path, quick: bool) -> list[str]:
    """Measure every variant."""
    settings = params.load()
    hyperparameters = settings.experiments["digit-champion"].hyperparameters.model_extra or {}
    images = read(paths.task("digit", "train"))
    X, y = pixels(images), images["label"].to_numpy()  # noqa: N806
    slices = list(StratifiedKFold(SLICES + 1, shuffle=True, random_state=settings.seed).split(y, y))[:SLICES]
    y_slices = [y[held_out] for _, held_out in slices]
    y_true, champion = np.concatenate(y_slices), histograms(X)
    measured: dict[str, tuple[Vector, Vector]] = {}
    rows = []
    for name, variant in VARIANTS.items():
        measuring.log(name)
        inputs = champion if variant.features is histograms else variant.features(X)
        # As wide a kernel as the champion's, compared with how far apart the images lie: else units would count.
        gamma = hyperparameters["gamma"] * champion.var(axis=0).sum() / inputs.var(axis=0).sum()
        own = {**hyperparameters, "gamma": float(gamma)}
        tasks = (joblib.delayed(fit)(variant, own, inputs, y, *each) for each in slices)
        scores = joblib.Parallel(joblib.cpu_count(), "threading")(tasks)
        wrong = np.concatenate(scores).argmax(axis=1) != y_true
        loss = -np.log(calibrated(scores, y_slices)[np.arange(len(y_true)), y_true])
        measured[name] = wrong, loss
        tests = [None] * 4 if name == CHAMPION else compare(measured[name], measured[CHAMPION])
        rows.append([name, f"{100 * wrong.mean():.3f}", *tests[:2], f"{loss.mean():.4f}", *tests[2:]])
    difference = ["difference (95 %)", "p"]
    return measuring.table(["of 50 000 held out", "error, %", *difference, "log loss", *difference], rows)


if __name__ == "__main__":
    measuring.main(__doc__, PAGE, {"champion": tables})
