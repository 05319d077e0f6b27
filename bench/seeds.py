"""Compare the accuracy of the original code of each tutorial with that of its model here.

Both are fitted on the same images of `data/raw/`, without cross-validation, and tested on the
same other images, with ten seeds. The results are paired by seed. The seed is the
`random_state` of the classifier. It also shuffles the training images; with the original code,
only if the tutorial shuffles them.
"""

import warnings
from pathlib import Path
from typing import Any

from bench import measuring
from digits.core import params, paths
from digits.core.params import ModelParams, Params
from digits.core.tables import Vector, pixels, read
from digits.data.labels import label_images
from digits.data.splitting import split_rows
from digits.learning.pipelines import build_pipeline

import joblib
import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import ttest_rel
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.pipeline import Pipeline
from sklearn.svm import SVC

N_SEEDS = 10

# The seed of the split of the tutorial random_split. It is the same for all seeds.
SPLIT_SEED = 42

HEADER = [
    "tutorial",
    "features",
    "original code, %",
    "s.d.",
    "this project, %",
    "s.d.",
    "difference",
    "95 % interval",
    "seeds",
]

# The tutorial of each model here, and the classifier in the original code.
TUTORIALS = {
    "small-zero-or-one-svc": "zero_or_one",
    "two-logreg": "two_detector",
    "digit-sgd-hinge": "ten_classes, hinge",
    "digit-sgd-log": "ten_classes, log",
    "random-digit-sgd": "random_split",
    "five-sgd": "five_detector",
}
CLASSIFIERS = {
    "small-zero-or-one-svc": SVC(gamma=0.001),
    "two-logreg": LogisticRegression(tol=0.1),
    "digit-sgd-hinge": SGDClassifier(loss="hinge"),
    "digit-sgd-log": SGDClassifier(loss="log_loss"),
    "random-digit-sgd": SGDClassifier(),
    "five-sgd": SGDClassifier(max_iter=10),
}

# The original code of these models shuffles the training images.
SHUFFLED = {"two-logreg", "five-sgd"}

# These models have other features than the original code. They are also measured with these
# features, which are the original ones.
ORIGINAL_FEATURES = {"digit-sgd-hinge": "raw_sparse", "random-digit-sgd": "raw_sparse"}

Accuracies = npt.NDArray[np.float64]


def compare_accuracies(folder: Path, quick: bool) -> list[str]:
    """Compare all tutorials, or only the first one, and return a table.

    One fit takes up to two minutes, and all of them take three quarters of an hour. The images
    must be in `data/raw/` (`dvc repro fetch@mnist fetch@small`).
    """
    models = list(TUTORIALS)
    n_seeds = N_SEEDS
    if quick:
        models = models[:1]
        n_seeds = 2
    rows = []
    for name in models:
        rows += compare_model(name, n_seeds)
    return measuring.format_table(HEADER, rows)


def compare_model(name: str, n_seeds: int) -> list[list[str]]:
    """Return the rows of a model: with its own features, and with the original ones."""
    all_features = [params.load().models[name].features]
    if name in ORIGINAL_FEATURES:
        all_features.append(ORIGINAL_FEATURES[name])

    seeds = range(n_seeds)
    measure_original = joblib.delayed(measure_original_code)
    measure_here = joblib.delayed(measure_model)
    tasks = [measure_original(name, seed) for seed in seeds]
    for features in all_features:
        tasks += [measure_here(name, features, seed) for seed in seeds]
    with joblib.parallel_config("loky", n_jobs=2, inner_max_num_threads=1):
        accuracies = joblib.Parallel(verbose=10)(tasks)

    of_original, *of_features = np.array(accuracies).reshape(-1, n_seeds)
    rows = []
    for features, of_model in zip(all_features, of_features, strict=True):
        cells = compare_seeds(of_original, of_model)
        rows.append([TUTORIALS[name], features, *cells])
    return rows


def measure_original_code(name: str, seed: int) -> float:
    """Return the test accuracy of the original code of a model, in percent."""
    settings = params.load()
    model_params = settings.models[name]
    images = read_images(settings, model_params)
    train_rows, test_rows = split_images(settings, model_params, images)
    if TUTORIALS[name] != "random_split":
        # The other tutorials take the training images in the order of the dataset.
        train_rows = np.sort(train_rows)
    if name in SHUFFLED:
        np.random.RandomState(seed).shuffle(train_rows)

    model = CLASSIFIERS[name].set_params(random_state=seed)
    X = pixels(images).astype(np.float64)
    return fit_and_score(model, X, images, train_rows, test_rows)


def measure_model(name: str, features: str, seed: int) -> float:
    """Return the test accuracy of a model with some features, in percent."""
    settings = params.load()
    model_params = settings.models[name].model_copy(update={"features": features})
    images = read_images(settings, model_params)
    train_rows, test_rows = split_images(settings, model_params, images)
    train_rows = np.sort(train_rows)
    np.random.RandomState(seed).shuffle(train_rows)

    model = build_pipeline(model_params, seed, images.attrs["pixel_max"])
    return fit_and_score(model, pixels(images), images, train_rows, test_rows)


def read_images(settings: Params, model_params: ModelParams) -> pd.DataFrame:
    """Return all images of a model's dataset, with the labels of its task."""
    positive, negative = settings.task_classes(model_params.task)
    images = read(paths.raw(settings.dataset_name_of_task(model_params.task)))
    return label_images(images, positive, negative)


def split_images(
    settings: Params, model_params: ModelParams, images: pd.DataFrame
) -> tuple[Vector, Vector]:
    """Return the row numbers of the training set and of the test set."""
    split = settings.splits[settings.tasks[model_params.task].split]
    return split_rows(images, split.test, SPLIT_SEED)


def fit_and_score(
    model: Pipeline, X: Any, images: pd.DataFrame, train_rows: Vector, test_rows: Vector
) -> float:
    """Fit a model, and return its test accuracy in percent."""
    # The tutorials stop before some models have converged, and scikit-learn warns about that.
    warnings.simplefilter("ignore")
    y = images["label"].to_numpy()
    model.fit(X[train_rows], y[train_rows])
    return 100 * float(model.score(X[test_rows], y[test_rows]))


def compare_seeds(original: Accuracies, here: Accuracies) -> list[str]:
    """Return the cells of the table that compare accuracies of the same seeds.

    They are the mean and the standard deviation of both, the mean of the differences and its
    confidence interval, and how many seeds favour this project and the original code.
    """
    cells = []
    for accuracies in [original, here]:
        cells.append(f"{accuracies.mean():.2f}")
        cells.append(f"{accuracies.std(ddof=1):.2f}")

    differences = here - original
    interval_text = "all equal"
    if np.ptp(differences) > 1e-9:
        low, high = ttest_rel(here, original).confidence_interval()
        interval_text = f"{low:+.2f} to {high:+.2f}"
    n_here = np.count_nonzero(differences > 0)
    n_original = np.count_nonzero(differences < 0)
    return [*cells, f"{differences.mean():+.2f}", interval_text, f"{n_here} : {n_original}"]
