"""Fit a tutorial's estimator as written, or its experiment here, with one seed, and print the accuracy.

Both are fitted on the same images of `data/raw/` and tested on the same others, without folds. The seed is the
`random_state`, and shuffles the training images; as written only where the tutorial shuffles them.
"""

import warnings
from typing import Any, NamedTuple

from digits.io import parquet, paths
from digits.io.tables import IMAGES
from digits.learning import registry
from digits.support import cli, parameters
from digits.support.parameters import Experiment, Split, Task
from stages.binarize import binarize
from stages.split import split_rows

import numpy as np
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.svm import SVC

DRAWN = 42  # the seed of the fourth's random split, the same for all seeds


class Written(NamedTuple):
    """A tutorial's estimator, its test part as in params.yaml, and whether it shuffles the training images."""

    estimator: Any
    test: int | float
    shuffles: bool = False


WRITTEN = {
    "digits-zero-or-one-svc": Written(SVC(gamma=0.001), 360),
    "two-logreg": Written(LogisticRegression(tol=0.1), 10_000, shuffles=True),
    "digit-sgd-hinge": Written(SGDClassifier(loss="hinge"), 10_000),
    "digit-sgd-log": Written(SGDClassifier(loss="log_loss"), 10_000),
    "random-digit-sgd": Written(SGDClassifier(), 0.2),
    "five-sgd": Written(SGDClassifier(max_iter=10), 10_000, shuffles=True),
}


def accuracy(name: str, features: str | None, seed: int) -> float:
    """Fit an experiment with these features, or without any as its tutorial is written, and predict the test images."""
    written, params = WRITTEN[name], parameters.load()
    experiment = params.block(Experiment, name)
    images = paths.raw(params.dataset_of(name))
    X = parquet.read_pixels(images)  # noqa: N806
    y = binarize(parquet.read_column(images, IMAGES, "class"), params.block(Task, experiment.task).labels(None))
    train, test = split_rows(Split(dataset=images.stem, test=written.test), len(y), DRAWN)
    if features or isinstance(written.test, int):  # as the fourth is written, the order is that of its draw
        train.sort()
    if features or written.shuffles:
        np.random.RandomState(seed).shuffle(train)
    if features:
        model = registry.build(experiment.model_copy(update={"features": features}), seed)
    else:
        model = written.estimator.set_params(random_state=seed)
        X = X.astype(np.float64)  # noqa: N806
    return float(model.fit(X[train], y[train]).score(X[test], y[test]))


def main() -> None:
    """Fit, predict, print."""
    parser = cli.parser(__doc__)
    parser.add_argument("experiment", choices=WRITTEN)
    parser.add_argument("seed", type=int)
    parser.add_argument("features", nargs="?", help="a module of digits/features/; none for the tutorial as written")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")  # of convergence: the iterations are the tutorial's choice
    print(accuracy(arguments.experiment, arguments.features, arguments.seed))


if __name__ == "__main__":
    cli.run(main)
