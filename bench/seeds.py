"""Compare the accuracy of each tutorial as written with its experiment's, over ten seeds, paired by seed.

Both are fitted on the same images of `data/raw/` and tested on the same others, without folds. The seed is the
`random_state`, and shuffles the training images; as written only where the tutorial shuffles them.
"""

import warnings
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

from bench import measuring
from digits.core import params, paths
from digits.core.tables import column, pixels, read
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
DRAWN = 42  # the seed of the fourth's random split, the same for all seeds
HEADER = ["tutorial", "features", "as written, %", "s.d.", "here, %", "s.d.", "difference", "95 % interval", "seeds"]


class Written(NamedTuple):
    """A tutorial, its estimator, whether it shuffles the training images, and features that are like its own."""

    tutorial: str
    estimator: Any
    shuffles: bool = False
    own_features: str | None = None


WRITTEN = {
    "small-zero-or-one-svc": Written("zero_or_one", SVC(gamma=0.001)),
    "two-logreg": Written("two_detector", LogisticRegression(tol=0.1), shuffles=True),
    "digit-sgd-hinge": Written("ten_classes, hinge", SGDClassifier(loss="hinge"), own_features="raw_sparse"),
    "digit-sgd-log": Written("ten_classes, log", SGDClassifier(loss="log_loss")),
    "random-digit-sgd": Written("random_split", SGDClassifier(), own_features="raw_sparse"),
    "five-sgd": Written("five_detector", SGDClassifier(max_iter=10), shuffles=True),
}


def accuracy(name: str, features: str | None, seed: int) -> float:
    """Fit an experiment with these features, or as its tutorial is written; return the test accuracy in percent."""
    warnings.simplefilter("ignore")  # of convergence: the iterations are the tutorial's choice
    written, settings = WRITTEN[name], params.load()
    experiment = settings.experiments[name]
    task = settings.tasks[experiment.task]
    split = settings.splits[task.split]
    images = binarize(read(paths.raw(split.dataset)), *params.sides(experiment.task, task, range(10)))
    X, y = pixels(images), images["label"].to_numpy()  # noqa: N806
    train, test = split_rows(split, DRAWN, images["class"].to_numpy(), column(images, "group"), X)
    if features or not isinstance(split.test, float):  # as the fourth is written, the order is that of its draw
        train.sort()
    if features or written.shuffles:
        np.random.RandomState(seed).shuffle(train)
    if features:
        model = pipelines.build(experiment.model_copy(update={"features": features}), seed, images.attrs["maximum"])
    else:
        model, X = written.estimator.set_params(random_state=seed), X.astype(np.float64)  # noqa: N806
    return 100 * float(model.fit(X[train], y[train]).score(X[test], y[test]))


def row(written: npt.NDArray[np.float64], here: npt.NDArray[np.float64]) -> list[str]:
    """Return means, standard deviations, the mean of the paired differences with its interval, and who is ahead."""
    difference = here - written
    interval = "all equal"
    if np.ptp(difference) > 1e-9:
        low, high = ttest_rel(here, written).confidence_interval()
        interval = f"{low:+.2f} to {high:+.2f}"
    cells = [f"{value:.2f}" for each in (written, here) for value in (each.mean(), each.std(ddof=1))]
    return [*cells, f"{difference.mean():+.2f}", interval, f"{(difference > 0).sum()} : {(difference < 0).sum()}"]


def tables(folder: Path, quick: bool) -> list[str]:
    """Compare all, or the first tutorial alone. One fit takes up to two minutes, all of them three quarters of an hour.

    The images must be in `data/raw/` (`dvc repro fetch@mnist fetch@small`).
    """
    experiments, compared = params.load().experiments, []
    for name, written in list(WRITTEN.items())[: 1 if quick else None]:
        compared += [(name, each) for each in (experiments[name].features, written.own_features) if each]
    variants = list(dict.fromkeys(fit for name, features in compared for fit in ((name, None), (name, features))))
    seeds = range(2 if quick else SEEDS)
    tasks = (joblib.delayed(accuracy)(*variant, seed) for variant, seed in product(variants, seeds))
    with joblib.parallel_config("loky", n_jobs=2, inner_max_num_threads=1):
        values = np.array(joblib.Parallel(verbose=10)(tasks)).reshape(len(variants), len(seeds))
    found = dict(zip(variants, values, strict=True))
    rows = [
        [WRITTEN[name].tutorial, features, *row(found[name, None], found[name, features])]
        for name, features in compared
    ]
    return measuring.table(HEADER, rows)
