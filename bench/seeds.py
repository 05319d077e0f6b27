"""Compare the accuracy of each tutorial as written with its experiment's, over ten seeds, paired by seed.

Both are fitted on the same images of `data/raw/` and tested on the same others, without folds. The seed is the
`random_state`, and shuffles the training images; as written only where the tutorial shuffles them.
"""

import warnings
from itertools import product
from pathlib import Path
from typing import Any

from bench import measuring
from digits.core import params, paths
from digits.core.tables import pixels, read
from digits.learning import pipelines
from stages.binarize import binarize
from stages.split import split_rows

import joblib
import numpy as np
import numpy.typing as npt
from scipy.stats import ttest_rel
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.svm import SVC

SEEDS = 10
DRAWN = 42  # the seed of the split of random_split, the same for all seeds
HEADER = ["tutorial", "features", "as written, %", "s.d.", "here, %", "s.d.", "difference", "95 % interval", "seeds"]
# Of each experiment: its tutorial and the estimator there, whether that shuffles the training images, and features here
# that are like its own.
WRITTEN: dict[str, tuple[str, Any, bool, str | None]] = {
    "small-zero-or-one-svc": ("zero_or_one", SVC(gamma=0.001), False, None),
    "two-logreg": ("two_detector", LogisticRegression(tol=0.1), True, None),
    "digit-sgd-hinge": ("ten_classes, hinge", SGDClassifier(loss="hinge"), False, "raw_sparse"),
    "digit-sgd-log": ("ten_classes, log", SGDClassifier(loss="log_loss"), False, None),
    "random-digit-sgd": ("random_split", SGDClassifier(), False, "raw_sparse"),
    "five-sgd": ("five_detector", SGDClassifier(max_iter=10), True, None),
}


def accuracy(name: str, features: str | None, seed: int) -> float:
    """Fit an experiment with these features, or as its tutorial is written; return the test accuracy in percent."""
    warnings.simplefilter("ignore")  # of convergence: the iterations are the tutorial's choice
    settings, (_, estimator, shuffles, _) = params.load(), WRITTEN[name]
    experiment = settings.experiments[name]
    task = settings.tasks[experiment.task]
    split = settings.splits[task.split]
    images = binarize(read(paths.raw(split.dataset)), *params.sides(experiment.task, task, range(10)))
    X, y = pixels(images), images["label"].to_numpy()  # noqa: N806
    train, test = split_rows(split, DRAWN, images["class"].to_numpy(), images.get("group"), X)
    if features or not isinstance(split.test, float):  # as random_split is written, the order is that of its draw
        train.sort()
    if features or shuffles:
        np.random.RandomState(seed).shuffle(train)
    if features:
        model = pipelines.build(experiment.model_copy(update={"features": features}), seed, images.attrs["maximum"])
    else:
        model, X = estimator.set_params(random_state=seed), X.astype(np.float64)  # noqa: N806
    return 100 * float(model.fit(X[train], y[train]).score(X[test], y[test]))


def row(written: npt.NDArray[np.float64], here: npt.NDArray[np.float64]) -> list[str]:
    """Return means, standard deviations, the mean of the paired differences with its interval, and who is ahead."""
    difference, interval = here - written, "all equal"
    if np.ptp(difference) > 1e-9:
        interval = "{:+.2f} to {:+.2f}".format(*ttest_rel(here, written).confidence_interval())
    cells = [f"{value:.2f}" for each in (written, here) for value in (each.mean(), each.std(ddof=1))]
    return [*cells, f"{difference.mean():+.2f}", interval, f"{(difference > 0).sum()} : {(difference < 0).sum()}"]


def tables(folder: Path, quick: bool) -> list[str]:
    """Compare all, or the first tutorial alone. One fit takes up to two minutes, all of them three quarters of an hour.

    The images must be in `data/raw/` (`dvc repro fetch@mnist fetch@small`).
    """
    experiments, rows = params.load().experiments, []
    seeds = range(2 if quick else SEEDS)
    for name, (tutorial, _, _, own_features) in list(WRITTEN.items())[: 1 if quick else None]:
        variants = [None, *filter(None, (experiments[name].features, own_features))]
        tasks = (joblib.delayed(accuracy)(name, *each) for each in product(variants, seeds))
        with joblib.parallel_config("loky", n_jobs=2, inner_max_num_threads=1):
            values = np.array(joblib.Parallel(verbose=10)(tasks)).reshape(len(variants), len(seeds))
        for each, here in zip(variants[1:], values[1:], strict=True):
            rows.append([tutorial, str(each), *row(values[0], here)])
    return measuring.table(HEADER, rows)
