"""Cross-validate classifiers of scikit-learn on MNIST's ten digits, and write the table of docs/bench/classifiers.md.

Reads the first 20 000 images of the training part, which is in random order, and never the test part. The features are
the pixels scaled to 0-1 and the hyperparameters scikit-learn's own, so that nothing but the classifier differs. The
processor times are multiples of the fastest classifier's, the dummy left out. Takes some ten minutes on two cores.
"""

import time
import warnings
from pathlib import Path
from typing import NamedTuple

from bench import measuring
from digits.io import parquet, paths
from digits.io.tables import IMAGES, Pixels, Vector
from digits.learning import models, registry, training
from digits.results.intervals import compare
from digits.support import parameters
from digits.support.parameters import Experiment

PAGE = Path("docs", "bench", "classifiers.md")
ROWS = 20_000
FOLDS = 3
DUMMY = "dummy.DummyClassifier"
CLASSIFIERS = [DUMMY, "naive_bayes.GaussianNB", "tree.DecisionTreeClassifier", "linear_model.LogisticRegression"]
CLASSIFIERS += ["linear_model.SGDClassifier", "svm.LinearSVC", "svm.SVC", "one_vs_rest_svc"]
CLASSIFIERS += ["neighbors.KNeighborsClassifier", "neural_network.MLPClassifier", "ensemble.RandomForestClassifier"]
CLASSIFIERS += ["ensemble.ExtraTreesClassifier", "ensemble.HistGradientBoostingClassifier"]
HEADER = ["classifier", "accuracy, %", "behind the best, points (95 %)", "processor time, ÷ the fastest"]


class Measured(NamedTuple):
    """Whether each image is classified rightly out of fold, shape (images,), and processor seconds."""

    right: Vector
    seconds: float


def measure(name: str, X: Pixels, y: Vector, seed: int) -> Measured:  # noqa: N803
    """Cross-validate a classifier as `stages.train` does: its seconds are those of all fits, and of the scores."""
    plain = {"description": "", "split": "mnist", "task": "class", "features": "scaled", "hyperparameters": {}}
    experiment = Experiment.model_validate({**plain, "classifier": name, "folds": FOLDS})
    begin = time.process_time()
    trained = training.train(registry.build(experiment, seed), X, y, training.fold_of_rows(y, FOLDS))
    seconds = time.process_time() - begin
    assert trained.scores is not None
    right = models.predict(trained.model, trained.scores) == y
    measuring.log(f"{name}: {right.mean():.4f}, {seconds:.1f} s")
    return Measured(right, seconds)


def lines(measured: dict[str, Measured]) -> list[str]:
    """Return the table, the best first."""
    ranked = sorted(measured, key=lambda name: -measured[name].right.mean())
    best = measured[ranked[0]].right
    fastest = min(seconds for name, (_, seconds) in measured.items() if name != DUMMY)
    rows = []
    for name in ranked:
        right, seconds = measured[name]
        change = compare(best, right)
        behind = f"{-100 * change.gain:.2f} ({-100 * change.high:.2f} to {-100 * change.low:.2f})"
        cells = [None if right is best else behind, f"{seconds / fastest:.1f}"]
        rows.append([f"`{name}`", f"{100 * right.mean():.2f}", *cells])
    return measuring.table(HEADER, rows)


def tables(folder: Path, quick: bool) -> list[str]:
    """Measure them all, on some hundred rows if `quick`."""
    warnings.simplefilter("ignore")  # of convergence: the iterations are scikit-learn's choice
    images = paths.split("mnist", "train")
    rows = slice(200 if quick else ROWS)
    X = parquet.read_pixels(images)[rows]  # noqa: N806
    y = parquet.read_column(images, IMAGES, "class")[rows]
    seed = parameters.load().seed
    return lines({name: measure(name, X, y, seed) for name in CLASSIFIERS})


if __name__ == "__main__":
    measuring.main(__doc__, PAGE, {"classifiers": tables})
