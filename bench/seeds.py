"""Compare the accuracy of the corrected code of each tutorial with that of its model here.

Both are fitted on the same images of `data/raw/`, without cross-validation, and tested on the
same other images, with ten seeds. The results are paired by seed. The seed is the
`random_state` of the classifier. It also shuffles the training images. The corrected code
shuffles them only if the tutorial does.
"""

import warnings
from itertools import product
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from scipy.stats import ttest_rel
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.svm import SVC

from bench import measuring
from digits.core import paths
from digits.core.images import read_images
from digits.core.pixels import Vector
from digits.data.labels import label_images
from digits.data.splitting import split_rows
from digits.learning.pipelines import build_pipeline
from digits.settings import params_file

N_SEEDS = 10

# The seed of the split of the tutorial random_split. It is the same for all runs.
SPLIT_SEED = 42

HEADER = [
    "notebook",
    "features",
    "notebook, %",
    "s.d.",
    "this project, %",
    "s.d.",
    "difference",
    "95 % interval",
    "seeds",
]


# The tutorial of each model here, and the classifier in its corrected code.
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

# The corrected code of these models shuffles the training images.
SHUFFLED = {"two-logreg", "five-sgd"}

# These models have other features than the corrected code. They are also measured with the
# original ones.
HAVE_OTHER_FEATURES = {"digit-sgd-hinge", "random-digit-sgd"}
ORIGINAL_FEATURES = {"features": "raw", "feature_parameters": {"sparse": True}}


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
    for model in models:
        rows += compare_model(model, n_seeds)
    return measuring.format_table(HEADER, rows)


def compare_model(name: str, n_seeds: int) -> list[list[str]]:
    """Return the rows of a model: with its own features, and with the original ones."""
    feature_sets: dict[str, dict[str, Any]] = {params_file.load().models[name].features: {}}
    if name in HAVE_OTHER_FEATURES:
        feature_sets["raw, sparse"] = ORIGINAL_FEATURES

    variants = [None, *feature_sets.values()]  # None is the corrected code
    tasks = [
        joblib.delayed(measure)(name, features, seed)
        for features, seed in product(variants, range(n_seeds))
    ]
    with joblib.parallel_config("loky", n_jobs=2, inner_max_num_threads=1):
        accuracies = joblib.Parallel(verbose=10)(tasks)

    original, *here = np.reshape(accuracies, (len(variants), n_seeds))
    return [
        [TUTORIALS[name], features, *compare_seeds(original, of_model)]
        for features, of_model in zip(feature_sets, here, strict=True)
    ]


def measure(name: str, features: dict[str, Any] | None, seed: int) -> float:
    """Return the test accuracy, in percent, of a model or of its corrected code.

    Args:
        name: the name of the model.
        features: the keys of the model that are not as in params.yaml, or None for the
            corrected code.
        seed: the seed.
    """
    settings = params_file.load()
    model_params = settings.models[name]
    task = settings.tasks[model_params.task]
    images = read_images(paths.raw(settings.dataset_name_of_task(model_params.task)))
    images = label_images(images, task.positive, task.negative)
    test = settings.splits[task.split].test
    train_rows, test_rows = split_rows(images, test, SPLIT_SEED)
    # Only the tutorial random_split takes its training images in a random order.
    if features is not None or name != "random-digit-sgd":
        train_rows = np.sort(train_rows)
    if features is not None or name in SHUFFLED:
        np.random.RandomState(seed).shuffle(train_rows)

    X = images.X
    if features is None:
        X = X.astype(np.float64)
        model = clone(CLASSIFIERS[name]).set_params(random_state=seed)
    else:
        model_params = model_params.model_copy(update=features)
        model = build_pipeline(model_params, images.format, seed)
    y = images.y
    # The tutorials stop before some models have converged, and scikit-learn warns about that.
    with warnings.catch_warnings(action="ignore"):
        model.fit(X[train_rows], y[train_rows])
    return 100 * float(model.score(X[test_rows], y[test_rows]))


def compare_seeds(original: Vector, here: Vector) -> list[str]:
    """Return the cells of the table that compare accuracies of the same seeds.

    They are the mean and the standard deviation of both, the mean of the differences and its
    confidence interval, and how many seeds favour this project and the corrected code.
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
