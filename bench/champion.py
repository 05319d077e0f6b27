"""Measure what each step of the champion contributes.

Writes the table of docs/benchmarks.md.

Only the training set of MNIST is used. It is divided at random into six stratified folds. Five
of these, with 10,000 images each, are held out in turn, and the models are fitted on the other
five folds. No image is held out twice.

Each variant of the champion is compared with the champion on the 50,000 held-out images: the
errors by McNemar's exact test, the log losses by a paired t-test. Any two fits have four fifths
of their training images in common. The tests therefore take into account by chance which images
were held out, but not fully by chance which images were fitted.

It takes ten minutes on two cores.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

from bench import measuring
from digits.core import params, paths
from digits.core.tables import Pixels, Scores, Vector, pixels, read
from digits.evaluation.calibration import calibrate, fit_temperature
from digits.features.transforms import hog
from digits.features.transforms.interpolation import FloatImages
from digits.learning.pipelines import make_classifier
from digits.learning.scores import compute_scores
from digits.results.differences import paired_test

import joblib
import numpy as np
from scipy.stats import ttest_rel
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline

PAGE = Path("docs", "benchmarks.md")
N_FOLDS = 6
N_HELD_OUT = 5  # how many of the folds are held out, one after the other

HEADER = [
    "of 50,000 held-out images",
    "error, %",
    "difference (95 %)",
    "p",
    "log loss",
    "difference (95 %)",
    "p",
]


def compute_hog(X: Pixels, **arguments: int) -> FloatImages:
    """Return the histograms of oriented gradients, computed on all cores."""
    with joblib.parallel_config("threading", n_jobs=joblib.cpu_count()):
        return hog.hog(X, **arguments)


def hog_without_deskewing(X: Pixels) -> FloatImages:
    """Return the histograms of oriented gradients of the images as they are."""
    with mock.patch.object(hog, "deskew", return_unchanged):
        return compute_hog(X)


def return_unchanged(images: FloatImages) -> FloatImages:
    """Return the images themselves."""
    return images


def hog_without_square_root(X: Pixels) -> FloatImages:
    """Return the histograms of oriented gradients without the square root of each value."""
    return compute_hog(X) ** 2


def hog_with_8_directions(X: Pixels) -> FloatImages:
    """Return the histograms of oriented gradients with 8 instead of 12 directions."""
    return compute_hog(X, n_directions=8)


def hog_with_smaller_windows(X: Pixels) -> FloatImages:
    """Return the histograms of oriented gradients in windows of 7 × 7 instead of 9 × 9."""
    return compute_hog(X, radius=4)


class Variant(NamedTuple):
    """A variant of the champion. The defaults are the champion itself."""

    compute_features: Callable[[Pixels], FloatImages] = compute_hog
    n_components: int = 60
    classifier: str = "one_vs_rest_svc"


CHAMPION = "**as it is**"
VARIANTS = {
    CHAMPION: Variant(),
    "without centring and shearing": Variant(hog_without_deskewing),
    "without the square root": Variant(hog_without_square_root),
    "8 directions": Variant(hog_with_8_directions),
    "windows of 7 × 7": Variant(hog_with_smaller_windows),
    "40 components (`digit-fast`)": Variant(n_components=40),
    "80 components": Variant(n_components=80),
    "100 components": Variant(n_components=100),
    "one SVM for each pair of digits (`SVC` alone)": Variant(classifier="svm.SVC"),
}


class HeldOutResults(NamedTuple):
    """The results of a variant for all held-out images, each of shape (n_images,)."""

    is_wrong: Vector
    log_loss: Vector


def compare_variants(folder: Path, quick: bool) -> list[str]:
    """Measure all variants, and return a table."""
    images = read(paths.task("digit", "train"))
    X = pixels(images)
    y = images["label"].to_numpy()
    splits = make_splits(y)
    champion_features = compute_hog(X)

    results = {}
    for name, variant in VARIANTS.items():
        measuring.log(name)
        features = champion_features
        if variant.compute_features is not compute_hog:
            features = variant.compute_features(X)
        # The scale of the features must not matter. In relation to their variance, the kernel
        # is as wide as the champion's.
        gamma_factor = total_variance(champion_features) / total_variance(features)
        results[name] = measure_variant(variant, features, y, splits, gamma_factor)

    champion = results.pop(CHAMPION)
    rows = [make_row(CHAMPION, champion, [None, None], [None, None])]
    for name, of_variant in results.items():
        error_cells = compare_errors(of_variant.is_wrong, champion.is_wrong)
        log_loss_cells = compare_log_losses(of_variant.log_loss, champion.log_loss)
        rows.append(make_row(name, of_variant, error_cells, log_loss_cells))
    return measuring.format_table(HEADER, rows)


def make_row(
    name: str,
    results: HeldOutResults,
    error_cells: Sequence[str | None],
    log_loss_cells: Sequence[str | None],
) -> list[str | None]:
    """Return the row of a variant.

    Args:
        name: the name of the variant.
        results: its results.
        error_cells: the difference of its error to the champion's, and the p-value.
        log_loss_cells: the same for the log loss.
    """
    error = f"{100 * results.is_wrong.mean():.3f}"
    log_loss = f"{results.log_loss.mean():.4f}"
    return [name, error, *error_cells, log_loss, *log_loss_cells]


def make_splits(y: Vector) -> list[tuple[Vector, Vector]]:
    """Return the rows to fit on and the rows to hold out, N_HELD_OUT times."""
    splitter = StratifiedKFold(N_FOLDS, shuffle=True, random_state=params.load().seed)
    return list(splitter.split(y, y))[:N_HELD_OUT]


def total_variance(features: FloatImages) -> float:
    """Return the sum of the variances of all features."""
    return float(features.var(axis=0).sum())


def measure_variant(
    variant: Variant,
    features: FloatImages,
    y: Vector,
    splits: list[tuple[Vector, Vector]],
    gamma_factor: float,
) -> HeldOutResults:
    """Fit a variant once for each split, and return its results for the held-out images.

    Args:
        variant: the variant.
        features: its features, shape (n_images, n_features).
        y: the labels, shape (n_images,).
        splits: the rows to fit on and the rows to hold out.
        gamma_factor: how many times as large as the champion's the hyperparameter gamma is.
    """
    settings = params.load()
    hyperparameters = dict(settings.model("digit-champion").hyperparameters.model_extra or {})
    hyperparameters["gamma"] *= gamma_factor
    classifier = make_classifier(variant.classifier, hyperparameters, settings.seed)
    model = make_pipeline(PCA(variant.n_components, svd_solver="covariance_eigh"), classifier)

    fit = joblib.delayed(fit_and_score)
    tasks = [fit(model, features, y, *split) for split in splits]
    scores = joblib.Parallel(joblib.cpu_count(), "threading")(tasks)
    y_held_out = [y[held_out_rows] for _, held_out_rows in splits]

    y_true = np.concatenate(y_held_out)
    y_pred = np.concatenate(scores).argmax(axis=1)
    probabilities = calibrate_splits(scores, y_held_out)
    log_loss = -np.log(probabilities[np.arange(len(y_true)), y_true])
    return HeldOutResults(y_pred != y_true, log_loss)


def fit_and_score(
    model: Any, features: FloatImages, y: Vector, rows: Vector, held_out_rows: Vector
) -> Scores:
    """Fit a copy of a model on some rows, and return the scores of the held-out rows."""
    fitted = clone(model).fit(features[rows], y[rows])
    return compute_scores(fitted, features[held_out_rows])


def calibrate_splits(scores: list[Scores], y: list[Vector]) -> Scores:
    """Return the probabilities of the held-out images of all splits, one split after the other.

    The temperature for each split is fitted on the other splits.

    Args:
        scores: the scores of each split.
        y: the labels of each split.
    """
    probabilities = []
    for index, split_scores in enumerate(scores):
        others = [other for other in range(len(scores)) if other != index]
        other_scores = np.concatenate([scores[other] for other in others])
        other_y = np.concatenate([y[other] for other in others])
        temperature = fit_temperature(other_scores, other_y)
        probabilities.append(calibrate(split_scores, temperature))
    return np.concatenate(probabilities)


def compare_errors(is_wrong: Vector, is_wrong_by_champion: Vector) -> list[str]:
    """Return the difference of two error rates in percentage points, and its p-value."""
    difference = measuring.format_difference(is_wrong_by_champion, is_wrong, decimals=3)
    test = paired_test(is_wrong.astype(int) - is_wrong_by_champion.astype(int))
    assert test is not None  # there are no groups
    return [difference, f"{test.p_value:.2g}"]


def compare_log_losses(log_loss: Vector, log_loss_of_champion: Vector) -> list[str]:
    """Return the difference of two mean log losses, and its p-value."""
    test = ttest_rel(log_loss, log_loss_of_champion)
    low, high = test.confidence_interval()
    difference = (log_loss - log_loss_of_champion).mean()
    text = f"{difference:+.4f} ({low:+.4f} to {high:+.4f})"
    return [text, f"{test.pvalue:.2g}"]


if __name__ == "__main__":
    measuring.main(__doc__, PAGE, {"champion": compare_variants})
