"""Check every figure: compute it again from the parquet files and the models, by scikit-learn alone.

Reads what `dvc repro` has made. Of this project it imports the names of the metrics, and what scikit-learn has not:
sets of features, deformed copies, and how models are loaded. For each experiment: the largest difference of any metric
and of any end of an interval, of the area under any drawn curve, how many predictions differ when the model, and one
fold of it, are fitted anew, and how many groups are on both sides of the split or of a fold. A metric without a second
implementation here is named "not recomputed". Exit status 1 when a metric or an interval is off by more than 1e-6, an
area by more than 0.001 (curves are thinned to draw them), a prediction differs, or a group is on both sides.
"""

import json
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from bench import measuring
from digits.evaluation.metrics import METRICS
from digits.learning import model_file, pipelines

import click
import numpy as np
import pandas as pd
import yaml
from scipy.special import softmax
from scipy.stats import norm, t
from sklearn import metrics
from sklearn.decomposition import PCA
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import SVC

SEEN = 10_000  # training images that the accuracy on training images is measured on
SCORES = "^(decision|probability)_"
AXES = {"roc": ["false_positive_rate", "true_positive_rate"], "precision_recall": ["recall", "precision"]}
HEADER = ["experiment", "figures", "largest difference", "of a curve's area", "other predictions", "of a fold"]
HEADER += ["groups on both sides"]
Array = Any
Figures = dict[tuple[str, str], float]


def pipeline(block: dict[str, Any], seed: int, maximum: int) -> Pipeline:
    """Return an experiment's unfitted model, restated."""
    hyperparameters = {
        key: each for key, each in block["hyperparameters"].items() if key not in {"threshold", "copies"}
    }
    if block["classifier"] == "one_vs_rest_svc":
        classifier = OneVsRestClassifier(SVC(**hyperparameters, random_state=seed))
    else:
        module, _, name = f"sklearn.{block['classifier']}".rpartition(".")
        classifier = getattr(import_module(module), name)(**hyperparameters)
        own = {"random_state": seed, "break_ties": True}
        classifier.set_params(**{key: value for key, value in own.items() if key in classifier.get_params()})
    scaled = FunctionTransformer(lambda pixels: pixels.astype(np.float32) / np.float32(maximum))
    steps: dict[str, list[Any]] = {
        "raw": [FunctionTransformer(lambda pixels: pixels.astype(np.float32))],
        "scaled": [scaled],
        "principal_components": [scaled, PCA(50, svd_solver="covariance_eigh")],
    }
    chosen = steps.get(block["features"]) or [step for _, step in pipelines.features(block["features"], maximum)]
    return Pipeline([(str(i), step) for i, step in enumerate([*chosen, classifier])])


def threshold(rule: Any, table: pd.DataFrame) -> float:
    """Return the score from which the answer is yes, restated, by a table of out-of-fold predictions."""
    if not isinstance(rule, dict):
        return float(rule)
    precision, recall, thresholds = metrics.precision_recall_curve(
        table["label"], table.filter(regex=SCORES).iloc[:, 0]
    )
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


def measure(y: Array, table: pd.DataFrame, names: list[str], temperature: float, majority: int) -> Figures:
    """Return the figures of a table of predictions by name, and what each is of.

    `y` are the labels, `names` those of all labels; the temperature calibrates the scores, and `majority` is the most
    frequent label of the training part.
    """
    scored, y_pred = table.filter(regex=SCORES), table["prediction"].to_numpy()
    scores, are_decisions = scored.to_numpy(), scored.columns[0].startswith("decision")
    labels, right = np.unique(y), pd.Series(y_pred == y)
    found: Figures = {
        ("accuracy", "all"): metrics.accuracy_score(y, y_pred),
        ("baseline", "all"): np.mean(y == majority),
    }
    found |= {("count", names[label]): float((y == label).sum()) for label in labels}
    for figure in ("precision", "recall", "f1"):
        score = getattr(metrics, f"{figure}_score")
        by_class = score(y, y_pred, average=None, labels=labels, zero_division=0)
        found |= {(figure, names[label]): each for label, each in zip(labels, by_class, strict=True)}
        several = {"average": "macro", "labels": labels} if len(names) > 2 else {}
        found[figure, "all"] = score(y, y_pred, zero_division=0, **several)
    if len(names) == 2:
        if len(labels) == 2:
            found["roc_auc", "all"] = metrics.roc_auc_score(y, scores)
            found["average_precision", "all"] = metrics.average_precision_score(y, scores)
        scores = np.hstack([0 * scores if are_decisions else 1 - scores, scores])
    logits = scores if are_decisions else np.log(np.maximum(scores, 1e-3))
    probabilities = (1 - 1e-4) * softmax(logits / temperature, axis=1) + 1e-4 / len(names)
    found["log_loss", "all"] = metrics.log_loss(y, probabilities, labels=range(len(names)))
    if "group" in table and table["group"].nunique() <= 30:
        found |= {("accuracy", f"group {group}"): each for group, each in right.groupby(table["group"]).mean().items()}
    if "fold" in table:
        folds = right.groupby(table["fold"]).mean()
        found |= {("accuracy", f"fold {fold}"): each for fold, each in folds.items()}
        found |= {("accuracy_mean", "all"): folds.mean(), ("accuracy_std", "all"): folds.std(ddof=0)}
    return found


def intervals(y: Array, table: pd.DataFrame, names: list[str]) -> dict[tuple[str, str], tuple[float, float]]:
    """Return the 95 % intervals of accuracy, and of precision and recall of each class: Wilson's, or Student's."""
    y_pred = table["prediction"].to_numpy()
    among = {("accuracy", "all"): np.full(len(y), True)}
    for label in np.unique(y):
        among |= {("recall", names[label]): y == label, ("precision", names[label]): y_pred == label}
    found, z = {}, norm.ppf(0.975)
    for key, rows in among.items():
        right, images = (y_pred == y)[rows], rows.sum()
        if "group" not in table and images:
            share = right.mean()  # Wilson's ends are as far from the share as z standard errors at the ends themselves
            roots = np.roots([1 + z**2 / images, -(2 * share + z**2 / images), share**2])
            found[key] = max(roots.min(), 0.0), min(roots.max(), 1.0)
        elif images:
            moved = pd.Series(right - right.mean()).groupby(table["group"].to_numpy()[rows]).sum() / images
            reach = t.ppf(0.975, len(moved) - 1) * moved.std() * np.sqrt(len(moved))
            if len(moved) >= 6 and reach > 1e-9:
                found[key] = max(right.mean() - reach, 0.0), min(right.mean() + reach, 1.0)
    return found


def curve_difference(name: str, part: str, y: Array, table: pd.DataFrame, names: list[str]) -> float:
    """Return the largest difference between the area under a drawn curve and under the true one."""
    differences = [0.0]
    for figure, axes in AXES.items():
        drawn = pd.read_csv(f"plots/{name}/{figure}.csv", dtype={"class": str}, keep_default_na=False)
        for label, points in drawn[(drawn["part"] == part) & (drawn["class"] != "all")].groupby("class"):
            is_class = y == names.index(str(label))
            scores = table.filter(regex=f"{SCORES}{names.index(str(label))}$").iloc[:, 0]
            if figure == "roc":
                x, true, _ = metrics.roc_curve(is_class, scores)
            else:
                precision, recall, _ = metrics.precision_recall_curve(is_class, scores)
                x, true = recall[-2::-1], precision[-2::-1]
            differences.append(abs(np.trapezoid(points[axes[1]], points[axes[0]]) - np.trapezoid(true, x)))
    return max(differences)


def check(name: str, params: dict[str, Any]) -> tuple[list[Any], set[str]]:
    """Compute an experiment's figures again; return its row of the table, and the metrics that are not recomputed."""
    block = params["experiments"][name]
    task, rule = params["tasks"][block["task"]], block["hyperparameters"].get("threshold")
    train, test = (pd.read_parquet(f"data/split/{task['split']}/{part}.parquet") for part in ("train", "test"))
    about = train.attrs
    names = about.get("names") or list(map(str, range(256)))
    positive, negative = (
        [names.index(str(each)) for each in task.get(side) or []] for side in ("positive", "negative")
    )
    if negative:
        train, test = (part[part["class"].isin(positive + negative)] for part in (train, test))
    y_train, y_test = (
        (part["class"].isin(positive) if positive else part["class"]).astype(int).to_numpy() for part in (train, test)
    )
    names = ["0", "1"] if positive else [names[label] for label in np.unique(y_train)]
    X_train, X_test = (part.filter(like="pixel").to_numpy() for part in (train, test))  # noqa: N806
    predictions, folds = (pd.read_parquet(f"data/{kind}/{name}.parquet") for kind in ("predictions", "crossval"))
    if "group_names" in about:
        for each in (predictions, folds):
            each["group"] = each["group"].map(about["group_names"].__getitem__)

    table = pd.read_csv(f"plots/{name}/figures.csv", keep_default_na=False, na_values={"low": "", "high": ""})
    table = table.set_index(["part", "figure", "of"])
    measured: dict[Any, float] = dict(table["value"].astype(float).items())
    temperature = measured.pop(("cross_validation", "temperature", "all"), 1.0)
    majority = int(np.bincount(y_train).argmax())
    model = model_file.load(f"models/{name}.skops")
    found = {"train": {("accuracy", "all"): model.score(X_train[:SEEN], y_train[:SEEN])}}
    found["test"] = measure(y_test, predictions, names, temperature, majority)
    ends = {("test", *key): each for key, each in intervals(y_test, predictions, names).items()}
    area = curve_difference(name, "test", y_test, predictions, names)
    limit = None if rule is None else threshold(rule, folds)
    if len(names) == 2:
        unless = 0.0 if predictions.filter(like="decision_").shape[1] else 0.5
        found["train"]["threshold", "all"] = unless if limit is None else limit

    again = pipeline(block, params["seed"], about["maximum"])
    grown, copies = X_train, block["hyperparameters"].get("copies", 0)
    if copies:  # of all images, behind them
        grown = import_module("digits.scale.deformation").add_copies(X_train, about["shape"], copies, params["seed"])
    y_grown = np.tile(y_train, 1 + copies)
    refit = int((predict(again.fit(grown, y_grown), X_test, limit) != predictions["prediction"].to_numpy()).sum())
    both_sides, refold = len({*train.get("group", ())} & {*test.get("group", ())}), None
    if block["folds"]:
        found["cross_validation"] = measure(y_train, folds, names, temperature, majority)
        ends |= {("cross_validation", *key): each for key, each in intervals(y_train, folds, names).items()}
        area = max(area, curve_difference(name, "cross_validation", y_train, folds, names))
        group = train.get("group")
        both_sides += 0 if group is None else int((folds.groupby("group")["fold"].nunique() > 1).sum())
        folded = (StratifiedKFold if group is None else StratifiedGroupKFold)(block["folds"])
        fitted, held_out = next(folded.split(X_train, y_train, group))
        rows = np.add.outer(np.arange(1 + copies) * len(y_train), fitted).ravel()
        limit = None if rule is None else threshold(rule, folds.iloc[fitted])  # of this fold it is chosen on the others
        y_pred = predict(again.fit(grown[rows], y_grown[rows]), X_train[held_out], limit)
        refold = int((y_pred != folds["prediction"].to_numpy()[held_out]).sum())

    computed = {(part, *key): value for part, figures in found.items() for key, value in figures.items()}
    for key, value in json.loads(Path(f"metrics/{name}.json").read_text(encoding="utf-8")).items():
        figure = next((metric.name for metric in METRICS if metric.key == key), key)
        measured["json", figure, "all"] = value
        for part in ("cross_validation", "test"):  # the test part's, where both have it
            if (part, figure, "all") in computed:
                computed["json", figure, "all"] = computed[part, figure, "all"]
    metric_names = {"threshold", *(metric.name for metric in METRICS)}
    expected = {key for key in computed if key[1] in metric_names}  # one that is missing is off by infinity
    differences = [abs(measured.get(key, np.inf) - computed[key]) for key in expected]
    written = {key: (row.low, row.high) for key, row in table.dropna(subset=["low"]).iterrows()}
    nothing = (np.inf, np.inf)
    differences += [
        np.abs(np.subtract(written.get(key, nothing), ends.get(key, nothing))).max() for key in ends | written
    ]
    unknown = {key[1] for key in measured.keys() - computed.keys()}
    return [name, len(differences), max(differences), area, refit, refold, both_sides], unknown


@click.command(help=f"\b\n{__doc__}")
@click.argument("names", nargs=-1, metavar="[EXPERIMENT]...")
def command(names: tuple[str, ...]) -> None:
    """Check experiments, a line of the table each as it is done, and exit."""
    params = yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))
    print("\n".join(measuring.table(HEADER, [])), flush=True)
    unknown, is_wrong = set(), False
    for name in names or [name for name in params["experiments"] if Path(f"metrics/{name}.json").exists()]:
        row, others = check(name, params)
        print(measuring.table(HEADER, [[*row[:2], f"{row[2]:.1e}", f"{row[3]:.1e}", *row[4:]]])[-1], flush=True)
        unknown |= others
        is_wrong |= bool(row[2] > 1e-6 or row[3] > 0.001 or any(row[4:]))
    if unknown:
        print(f"not recomputed: {', '.join(sorted(unknown))}")
    sys.exit(is_wrong)


if __name__ == "__main__":
    command()
