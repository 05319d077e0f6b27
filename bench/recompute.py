"""Check every figure: compute it again from the parquet files and the models, by scikit-learn alone.

Reads what `dvc repro` has made, and imports of this project only the gradients, which scikit-learn has not. For each
experiment: the largest difference of any metric, the largest difference of the area under any drawn curve, and how many
predictions differ when the model, and one fold of it, are fitted anew in a few plain lines. Exit status 1 when a metric
is off by more than 1e-6, an area by more than 1e-3, or a prediction differs. Takes about as long as the pipeline.
"""

import json
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from bench import measuring
from digits.learning.transformers.gradients import OrientedGradients

import joblib
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import yaml
from scipy.sparse import csr_array
from scipy.special import softmax
from sklearn import metrics
from sklearn.decomposition import PCA
from sklearn.model_selection import StratifiedKFold
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import SVC

SEEN = 10_000  # training images that the accuracy on training images is measured on
PLACES = {"cv_accuracy": ("cross_validation", "accuracy_mean"), "cv_std": ("cross_validation", "accuracy_std")}
Array = Any
Figures = dict[tuple[str, str], float]


def normalized(pixels: Array) -> Array:
    """Scale each image to the norm 4.

    scikit-learn's `normalize` rounds the last bit otherwise; then, in one fold, log loss ends at another model, with 6
    other predictions of 20 000.
    """
    sparse = csr_array(pixels.astype(np.float32))
    norms = np.sqrt(sparse.power(2).sum(axis=1))
    sparse.data *= np.repeat(np.float32(4) / np.maximum(norms, 1), np.diff(sparse.indptr))
    return sparse


def features(name: str, maximum: int) -> list[Any]:
    """Return the steps of a set of features, restated."""
    scaled = FunctionTransformer(lambda pixels: pixels.astype(np.float32) / np.float32(maximum))
    steps: dict[str, list[Any]] = {
        "raw": [FunctionTransformer(lambda pixels: pixels.astype(np.float32))],
        "scaled": [scaled],
        "normalized": [FunctionTransformer(normalized)],
        "principal_components": [scaled, PCA(50, svd_solver="covariance_eigh")],
        "gradients_40": [OrientedGradients(maximum=maximum), PCA(40, svd_solver="covariance_eigh")],
        "gradients_60": [OrientedGradients(maximum=maximum), PCA(60, svd_solver="covariance_eigh")],
    }
    return steps[name]


def pipeline(block: dict[str, Any], seed: int, maximum: int) -> Pipeline:
    """Return an experiment's unfitted model, restated."""
    hyperparameters = {key: value for key, value in block["hyperparameters"].items() if key != "threshold"}
    if block["classifier"] == "one_vs_rest_svc":
        classifier = OneVsRestClassifier(SVC(**hyperparameters, random_state=seed))
    else:
        classifier = import_module(f"digits.classifiers.{block['classifier']}").Classifier(**hyperparameters)
        if "random_state" in classifier.get_params():
            classifier.set_params(random_state=seed)
    return Pipeline([(str(i), step) for i, step in enumerate([*features(block["features"], maximum), classifier])])


def threshold(rule: Any, folds: pd.DataFrame, decision_values: bool) -> float:
    """Return the score from which the answer is yes, restated."""
    if not isinstance(rule, dict):
        return rule or (0.0 if decision_values else 0.5)
    precision, recall, thresholds = metrics.precision_recall_curve(folds["label"], folds["score"])
    curve = pd.DataFrame({"precision": precision[:-1], "recall": recall[:-1], "threshold": thresholds})
    curve["f1"] = 2 / (1 / curve["precision"] + 1 / curve["recall"])
    curve["below"] = curve["threshold"].shift(1)
    ((figure, least),) = rule.items()
    allowed = curve if least == "max" else curve[curve[figure] >= least]
    wanted = {"recall": "precision", "precision": "recall", "f1": "f1"}[figure]
    best = allowed.sort_values([wanted, "threshold"]).iloc[-1]
    return float(best["threshold"] + best["below"]) / 2


def predict(model: Pipeline, X: Array, limit: float | None) -> Array:  # noqa: N803
    """Return a restated model's predictions, by its own threshold where one is given."""
    if limit is None:
        return model.predict(X)
    scores = model.decision_function(X) if hasattr(model, "decision_function") else model.predict_proba(X)[:, 1]
    return scores >= limit


def measure(y: Array, table: pd.DataFrame, temperature: float, decision_values: bool) -> Figures:
    """Return the figures of a table of predictions by name, and what each is of."""
    scores, y_pred = table.filter(like="score").to_numpy(), table["prediction"]
    present, count = np.unique(y, return_counts=True)
    found: Figures = {("accuracy", "all"): metrics.accuracy_score(y, y_pred)}
    found |= {("count", str(label)): float(each) for label, each in zip(present, count, strict=True)}
    for name in ("precision", "recall", "f1"):
        score = getattr(metrics, f"{name}_score")
        by_class = score(y, y_pred, average=None, labels=present, zero_division=0)
        found |= {(name, str(label)): each for label, each in zip(present, by_class, strict=True)}
        several = {"average": "macro", "labels": present} if scores.shape[1] > 1 else {}
        found[name, "all"] = score(y, y_pred, zero_division=0, **several)
    if scores.shape[1] == 1:
        if len(present) == 2:
            found["roc_auc", "all"] = metrics.roc_auc_score(y, scores)
            found["average_precision", "all"] = metrics.average_precision_score(y, scores)
        scores = np.hstack([0 * scores if decision_values else 1 - scores, scores])
    logits = scores if decision_values else np.log(np.maximum(scores, 1e-3))
    probabilities = (1 - 1e-4) * softmax(logits / temperature, axis=1) + 1e-4 / scores.shape[1]
    found["log_loss", "all"] = metrics.log_loss(y, probabilities, labels=range(scores.shape[1]))
    confidence, correct = probabilities.max(axis=1), probabilities.argmax(axis=1) == y
    bins = np.digitize(confidence, [0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999])
    gaps = [abs((confidence - correct)[bins == each].sum()) for each in np.unique(bins)]
    return {**found, ("calibration_error", "all"): sum(gaps) / len(y)}


def curve_difference(folder: Path, part: str, y: Array, table: pd.DataFrame) -> float:
    """Return the largest difference between the area under a drawn curve and under the true one."""

    def true_precision_recall(y: Array, scores: Array) -> float:
        precision, recall, _ = metrics.precision_recall_curve(y, scores)
        return float(np.trapezoid(precision[-2::-1], recall[-2::-1]))

    curves: dict[str, tuple[str, str, Callable[[Array, Array], float]]] = {
        "roc": ("false_positive_rate", "true_positive_rate", metrics.roc_auc_score),
        "precision_recall": ("recall", "precision", true_precision_recall),
    }
    differences = [0.0]
    for name, (x_name, y_name, area) in curves.items():
        drawn = pd.read_csv(folder / f"{name}.csv", dtype={"class": str}).query("part == @part and `class` != 'all'")
        for label, points in drawn.groupby("class"):
            scores = table["score" if "score" in table else f"score_{label}"]
            differences.append(abs(np.trapezoid(points[y_name], points[x_name]) - area(y == int(str(label)), scores)))
    return max(differences)


def check(name: str, params: dict[str, Any]) -> list[Any]:
    """Compute an experiment's figures again, and return its row of the table."""
    block = params["experiments"][name]
    train, test = (pd.read_parquet(f"data/split/{block['split']}/{part}.parquet") for part in ("train", "test"))
    positive = params["tasks"][block["task"]].get("positive")
    y_train, y_test = (
        (frame["class"].isin(positive) if positive else frame["class"]).astype(int).to_numpy()
        for frame in (train, test)
    )
    maximum = params["datasets"][params["splits"][block["split"]]["dataset"]].get("maximum", 255)
    X_train, X_test = (frame.filter(like="pixel").to_numpy() for frame in (train, test))  # noqa: N806
    predictions, folds = (pd.read_parquet(f"data/{kind}/{name}.parquet") for kind in ("predictions", "crossval"))
    facts = pq.read_schema(f"data/crossval/{name}.parquet").metadata
    table = pd.read_csv(f"plots/{name}/figures.csv", dtype={"of": str}).set_index(["part", "figure", "of"])["value"]
    measured = dict(table.items())
    temperature = measured.pop(("cross_validation", "temperature", "all"), 1.0)
    decision_values = facts[b"method"] == b"decision_function"
    model = joblib.load(f"models/{name}.joblib")

    majority = np.bincount(y_train).argmax()
    found = {"train": {("accuracy", "all"): model.score(X_train[:SEEN], y_train[:SEEN])}}
    found["test"] = measure(y_test, predictions, temperature, decision_values)
    found["test"]["baseline", "all"] = (y_test == majority).mean()
    area = curve_difference(Path("plots", name), "test", y_test, predictions)
    again = pipeline(block, params["seed"], maximum)
    limit = rule = block["hyperparameters"].get("threshold")
    if model.classes_.size == 2:
        found["train"]["threshold", "all"] = threshold(rule, folds, decision_values)
        limit = rule and found["train"]["threshold", "all"]
    refit = int((predict(again.fit(X_train, y_train), X_test, limit) != predictions["prediction"]).sum())
    refold: int | None = None
    if block["folds"]:
        found["cross_validation"] = measure(y_train, folds, temperature, decision_values)
        found["cross_validation"]["baseline", "all"] = (y_train == majority).mean()
        accuracies = (folds["prediction"] == folds["label"]).groupby(folds["fold"]).mean()
        found["cross_validation"] |= {("accuracy", f"fold {fold}"): value for fold, value in accuracies.items()}
        found["cross_validation"]["accuracy_mean", "all"] = accuracies.mean()
        found["cross_validation"]["accuracy_std", "all"] = accuracies.std(ddof=0)
        if model.classes_.size > 2:
            best = folds.filter(like="score").max(axis=1).sort_values()
            found["cross_validation"]["rejection_threshold", "all"] = best.iloc[(len(best) - 1) // 100]
        area = max(area, curve_difference(Path("plots", name), "cross_validation", y_train, folds))
        fitted, held_out = next(StratifiedKFold(block["folds"]).split(X_train, y_train))
        y_pred = predict(again.fit(X_train[fitted], y_train[fitted]), X_train[held_out], limit)
        refold = int((y_pred != folds["prediction"].to_numpy()[held_out]).sum())
    computed = {(part, *key): value for part, figures in found.items() for key, value in figures.items()}
    if measured.keys() != computed.keys():
        raise KeyError(f"{name}: {measured.keys() ^ computed.keys()}")
    differences = [abs(measured[key] - computed[key]) for key in computed]
    for key, value in json.loads(Path(f"metrics/{name}.json").read_text()).items():
        place = PLACES.get(key, ("test", key))
        differences.append(abs(value - computed[*place, "all"]))
    return [name, len(differences), max(differences), area, refit, refold]


def main() -> None:
    """Check every experiment that has been evaluated, print the table, and exit."""
    params = yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))
    rows = []
    for name in params["experiments"]:
        if Path(f"metrics/{name}.json").exists():
            measuring.log(name)
            rows.append(check(name, params))
    header = [
        "experiment",
        "metrics",
        "largest difference",
        "of a curve's area",
        "refit: other predictions",
        "a fold's",
    ]
    lines = [[row[0], row[1], f"{row[2]:.1e}", f"{row[3]:.1e}", *row[4:]] for row in rows]
    print("\n".join(measuring.table(header, lines)))
    sys.exit(any(row[2] > 1e-6 or row[3] > 1e-3 or row[4] or row[5] for row in rows))


if __name__ == "__main__":
    main()
