"""Cross-validate classifiers of scikit-learn on MNIST's ten digits, and write the table of docs/bench/classifiers.md.

Reads the first 20 000 images of the training part, which is in random order, and never the test part. The features are
the pixels scaled to 0-1 and the hyperparameters scikit-learn's own, so that nothing but the classifier differs. The
processor times are multiples of the fastest classifier's, the dummy left out. Takes some ten minutes on two cores.
"""

import time
import warnings
from pathlib import Path

from bench import measuring
from digits.core import params, paths
from digits.core.params import Experiment
from digits.core.tables import Vector, read
from stages.train import train

import pandas as pd

PAGE = Path("docs", "bench", "classifiers.md")
ROWS = 20_000
FOLDS = 3
DUMMY = "dummy.DummyClassifier"
CLASSIFIERS = [DUMMY, "naive_bayes.GaussianNB", "tree.DecisionTreeClassifier", "linear_model.LogisticRegression"]
CLASSIFIERS += ["linear_model.SGDClassifier", "svm.LinearSVC", "svm.SVC", "one_vs_rest_svc"]
CLASSIFIERS += ["neighbors.KNeighborsClassifier", "neural_network.MLPClassifier", "ensemble.RandomForestClassifier"]
CLASSIFIERS += ["ensemble.ExtraTreesClassifier", "ensemble.HistGradientBoostingClassifier"]
HEADER = ["classifier", "accuracy, %", "behind the best, points (95 %)", "processor time, ÷ the fastest"]


def measure(name: str, images: pd.DataFrame, seed: int) -> tuple[Vector, float]:
    """Cross-validate a classifier; return whether each image is read rightly, and the processor seconds of all fits."""
    block = {"description": "", "task": "digit", "features": "scaled", "hyperparameters": {}}
    experiment = Experiment.model_validate({**block, "classifier": name, "folds": FOLDS})
    begin = time.process_time()
    _, out_of_fold = train(experiment, seed, images)
    seconds = time.process_time() - begin
    right = (out_of_fold["label"] == out_of_fold["prediction"]).to_numpy()
    measuring.log(f"{name}: {right.mean():.4f}, {seconds:.1f} s")
    return right, seconds


def tables(folder: Path, quick: bool) -> list[str]:
    """Measure them all, on some hundred rows if `quick`; the best stands first."""
    warnings.simplefilter("ignore")  # of convergence: the iterations are scikit-learn's choice
    images = read(paths.task("digit", "train"))[: 200 if quick else ROWS]
    measured = {name: measure(name, images, params.load().seed) for name in CLASSIFIERS}
    best, *_ = ranked = sorted(measured, key=lambda name: -measured[name][0].mean())
    fastest = min(seconds for name, (_, seconds) in measured.items() if name != DUMMY)
    rows = []
    for name in ranked:
        right, seconds = measured[name]
        behind = None if name == best else measuring.gain(right, measured[best][0])
        rows.append([f"`{name}`", f"{100 * right.mean():.2f}", behind, f"{seconds / fastest:.1f}"])
    return measuring.table(HEADER, rows)


if __name__ == "__main__":
    measuring.main(__doc__, PAGE, {"classifiers": tables})
