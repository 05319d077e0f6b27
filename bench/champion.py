"""Measure what each step of the champion contributes.

Writes the table of docs/benchmarks.md.

Only the training set of MNIST is used. It is divided at random into six stratified folds. Three
of these, with 10,000 images each, are held out in turn, and the models are fitted on the other
five folds. No image is held out twice.

Each variant of the champion is compared with the champion on the 30,000 held-out images: the
errors by McNemar's exact test, the log losses by a paired t-test. Any two fits have four fifths
of their training images in common. The tests therefore account for the choice of the held-out
images, but only in part for the choice of the training images.

It takes ten minutes on two cores.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

from bench import measuring
from digits.core import params
from digits.core.tables import Pixels, Scores, Vector, pixels
from digits.evaluation.calibration import calibrate, fit_temperature
from digits.features.transforms import hog
from digits.features.transforms.interpolation import FloatImages
from digits.learning import deformed_copies
from digits.learning.deformation import MILD, STRONG, Strength
from digits.learning.pipelines import make_classifier, make_feature_steps
from digits.learning.scores import compute_scores
from digits.results.differences import exact_test
from digits.results.read import read_train_images

import joblib
import numpy as np
from scipy.stats import ttest_rel
from sklearn.base import clone
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import Pipeline, make_pipeline

PAGE = Path("docs", "benchmarks.md")
N_FOLDS = 6
N_HELD_OUT = 3  # how many of the folds are held out, one after the other

HEADER = [
    "of 30,000 held-out images",
    "error, %",
    "difference (95 %)",
    "p",
    "log loss",
    "difference (95 %)",
    "p",
]

PIXEL_MAX = 255


def return_unchanged(images: FloatImages) -> FloatImages:
    """Return the images themselves."""
    return images


class Variant(NamedTuple):
    """A variant of the champion. The defaults are the champion itself.

    Attributes:
        features: a module of digits/features.
        makes_copies: whether the SVMs also learn from deformed copies.
        strength: how much the copies are deformed.
        deskews: whether the images are deskewed before their features are computed.
    """

    features: str = "gradients_100"
    makes_copies: bool = True
    strength: Strength = MILD
    deskews: bool = True


CHAMPION = "**as it is**"
VARIANTS = {
    CHAMPION: Variant(),
    "without copies": Variant(makes_copies=False),
    "copies deformed more strongly": Variant(strength=STRONG),
    "without centring and shearing": Variant(deskews=False),
    "the features of `gradients_60`": Variant(features="gradients_60"),
}


class HeldOutResults(NamedTuple):
    """The results of a variant for all held-out images, each of shape (n_images,)."""

    is_wrong: Vector
    log_loss: Vector


def compare_variants(folder: Path, quick: bool) -> list[str]:
    """Measure all variants, and return a table."""
    images = read_train_images("digit")
    if quick:
        images = images[:1_200]
    X = pixels(images)
    y = images["label"].to_numpy()
    splits = make_splits(y)
    champion_variance = compute_variance(Variant().features, X)

    results = {}
    for name, variant in VARIANTS.items():
        measuring.log(name)
        results[name] = measure_variant(variant, X, y, splits, champion_variance)

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


def measure_variant(
    variant: Variant,
    X: Pixels,
    y: Vector,
    splits: list[tuple[Vector, Vector]],
    champion_variance: float,
) -> HeldOutResults:
    """Fit a variant once for each split, and return its results for the held-out images.

    Args:
        variant: the variant.
        X: the pixels, shape (n_images, height * width).
        y: the labels, shape (n_images,).
        splits: the rows to fit on and the rows to hold out.
        champion_variance: the total variance of the champion's features.
    """
    deskew = hog.deskew if variant.deskews else return_unchanged
    with (
        mock.patch.object(hog, "deskew", deskew),
        mock.patch.object(deformed_copies, "MILD", variant.strength),
    ):
        gamma_factor = champion_variance / compute_variance(variant.features, X)
        model = make_model(variant, gamma_factor)
        fit = joblib.delayed(fit_and_score)
        tasks = [fit(model, X, y, *split) for split in splits]
        scores = joblib.Parallel(joblib.cpu_count(), "threading")(tasks)
    y_held_out = [y[held_out_rows] for _, held_out_rows in splits]

    y_true = np.concatenate(y_held_out)
    y_pred = np.concatenate(scores).argmax(axis=1)
    probabilities = calibrate_splits(scores, y_held_out)
    log_loss = -np.log(probabilities[np.arange(len(y_true)), y_true])
    return HeldOutResults(y_pred != y_true, log_loss)


def make_model(variant: Variant, gamma_factor: float) -> Any:
    """Return the unfitted model of a variant.

    Args:
        variant: the variant.
        gamma_factor: the factor by which the champion's gamma is multiplied.
    """
    settings = params.load()
    champion = settings.model("digit-champion")
    assert champion.features == Variant().features
    hyperparameters = dict(champion.hyperparameters.model_extra or {})
    hyperparameters["gamma"] *= gamma_factor
    features = Pipeline(make_feature_steps(variant.features, PIXEL_MAX))
    if variant.makes_copies:
        return make_classifier("deformed_copies_svc", hyperparameters, settings.seed, features)
    del hyperparameters["n_copies"]
    del hyperparameters["C_copies"]
    svc = make_classifier("one_vs_rest_svc", hyperparameters, settings.seed)
    return make_pipeline(features, svc)


def compute_variance(features: str, X: Pixels) -> float:
    """Return the total variance of some features, on the first images.

    The scale of the features must not matter. Each variant's gamma times its total variance is
    therefore the same as the champion's.
    """
    steps = Pipeline(make_feature_steps(features, PIXEL_MAX))
    return float(steps.fit_transform(X[:10_000]).var(axis=0).sum())


def fit_and_score(
    model: Any, X: Pixels, y: Vector, rows: Vector, held_out_rows: Vector
) -> Scores:
    """Fit a copy of a model on some rows, and return the scores of the held-out rows."""
    fitted = clone(model).fit(X[rows], y[rows])
    return compute_scores(fitted, X[held_out_rows])


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
    test = exact_test(is_wrong.astype(int) - is_wrong_by_champion.astype(int))
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
