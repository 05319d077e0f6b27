"""Check every figure: compute it again from the parquet files and the models, by scikit-learn alone.

Reads what `dvc repro` has made. Of this project it imports the names of the metrics, and what scikit-learn has not:
sets of features, and how models are loaded. For each experiment: the largest difference of any metric and of any end of
an interval, of the area under any drawn curve, how many predictions differ when the model, and one fold of it, are
fitted anew (not with `copies`), and how many groups are on both sides of the split or of a fold. A metric without a
second implementation here is named "not recomputed". Exit status 1 when a metric or an interval is off by more than
1e-6, an area by more than 0.001 (curves are thinned to draw them), a prediction differs, or a group is on both sides.
"""

import json
import sys
from functools import partial
from importlib import import_module
from itertools import product
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
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import SVC

ALL = "all"
FIGURES = ("precision", "recall", "f1", "count")
SEEN = 10_000  # training images that the accuracy on training images is measured on
SCORES = "^(decision|probability)_"
AXES = {"roc": ["false_positive_rate", "true_positive_rate"], "precision_recall": ["recall", "precision"]}
HEADER = ["experiment", "figures", "largest difference", "of a curve's area", "other predictions", "of a fold"]
HEADER += ["groups on both sides"]
Array = Any
Figures = dict[Any, float]  # by part, figure, of what, and `value`, `low` or `high`


def pipeline(block: dict[str, Any], seed: int, maximum: int) -> Pipeline:
    """Return an experiment's unfitted model, restated."""
    own = {key: each for key, each in block["hyperparameters"].items() if key not in {"threshold", "copies"}}
    if block["classifier"] == "one_vs_rest_svc":
        classifier = OneVsRestClassifier(SVC(**own, random_state=seed))
    else:
        module, _, name = f"sklearn.{block['classifier']}".rpartition(".")
        classifier = getattr(import_module(module), name)(**own)
        ours = {"random_state": seed, "break_ties": True}
        classifier.set_params(**{key: value for key, value in ours.items() if key in classifier.get_params()})
    raw = FunctionTransformer(lambda pixels: pixels.astype(np.float32))
    scaled = FunctionTransformer(lambda pixels: pixels.astype(np.float32) / np.float32(maximum))
    components = PCA(50, svd_solver="covariance_eigh")
    restated = {"raw": [raw], "scaled": [scaled], "principal_components": [scaled, components]}
    steps = restated.get(block["features"]) or [step for _, step in pipelines.features(block["features"], maximum)]
    return make_pipeline(*steps, classifier)


def threshold(rule: Any, table: pd.DataFrame) -> float:
    """Return the score from which the answer is yes, restated, by a table of out-of-fold predictions."""
    if not isinstance(rule, dict):
        return float(rule)
    scores = table.filter(regex=SCORES).iloc[:, 0]
    precision, recall, thresholds = metrics.precision_recall_curve(table["label"], scores)
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


def interval(right: Array, group: Array | None) -> dict[str, float]:
    """Return the 95 % interval of the share of rows that are right: Wilson's, or Student's of six groups or more."""
    share = right.mean()
    if group is None:  # Wilson's ends are as far from the share as z standard errors at the ends themselves
        z2 = norm.ppf(0.975) ** 2 / len(right)
        low, high = sorted(np.roots([1 + z2, -(2 * share + z2), share**2]))
        return {"low": max(low, 0.0), "high": min(high, 1.0)}
    moved = pd.Series(right - share).groupby(group).sum() / len(right)
    reach = t.ppf(0.975, len(moved) - 1) * moved.std() * np.sqrt(len(moved))
    return {"low": max(share - reach, 0.0), "high": min(share + reach, 1.0)} if len(moved) >= 6 and reach > 1e-9 else {}


def measure(y: Array, table: pd.DataFrame, names: list[str], temperature: float, majority: int) -> Figures:
    """Return the figures of a table of predictions, and the ends of their intervals, by what they are.

    `y` are the labels, `names` those of all labels; the temperature calibrates the scores, and `majority` is the most
    frequent label of the training part.
    """
    scored, y_pred, group = table.filter(regex=SCORES), table["prediction"].to_numpy(), table.get("group")
    scores, are_decisions = scored.to_numpy(), scored.columns[0].startswith("decision")
    labels, right = np.unique(y), pd.Series(y_pred == y)
    scorer = partial(metrics.precision_recall_fscore_support, y, y_pred, zero_division=0)
    several = {"average": "macro", "labels": labels} if len(names) > 2 else {"average": "binary"}
    found = dict(zip(product(FIGURES[:3], [ALL]), scorer(**several), strict=False))
    found |= {("accuracy", ALL): right.mean(), ("baseline", ALL): np.mean(y == majority)}
    for figure, by_class in zip(FIGURES, scorer(labels=labels), strict=True):
        found |= {(figure, names[label]): float(each) for label, each in zip(labels, by_class, strict=True)}
    if len(names) == 2:
        if len(labels) == 2:
            found["roc_auc", ALL] = metrics.roc_auc_score(y, scores)
            found["average_precision", ALL] = metrics.average_precision_score(y, scores)
        scores = np.hstack([0 * scores if are_decisions else 1 - scores, scores])
    logits = scores if are_decisions else np.log(np.maximum(scores, 1e-3))
    probabilities = (1 - 1e-4) * softmax(logits / temperature, axis=1) + 1e-4 / len(names)
    found["log_loss", ALL] = metrics.log_loss(y, probabilities, labels=range(len(names)))
    for column in ("group", "fold"):
        if column in table and table[column].nunique() <= 30:
            means = right.groupby(table[column]).mean()
            found |= {("accuracy", f"{column} {each}"): mean for each, mean in means.items()}
    if "fold" in table:  # `means` are the folds'
        found |= {("accuracy_mean", ALL): means.mean(), ("accuracy_std", ALL): means.std(ddof=0)}
    ends, among = {}, {("accuracy", ALL): np.full(len(y), True)}
    for label in labels:
        among |= {("recall", names[label]): y == label, ("precision", names[label]): y_pred == label}
    for key, rows in among.items():
        if rows.any():
            of_rows = interval(right[rows].to_numpy(), None if group is None else group.to_numpy()[rows])
            ends |= {(*key, end): each for end, each in of_rows.items()}
    return {(*key, "value"): each for key, each in found.items()} | ends


def curve_difference(name: str, part: str, y: Array, table: pd.DataFrame, names: list[str]) -> float:
    """Return the largest difference between the area under a drawn curve and under the true one."""
    differences = [0.0]
    for figure, axes in AXES.items():
        drawn = pd.read_csv(f"plots/{name}/{figure}.csv", dtype={"class": str}, keep_default_na=False)
        for label, points in drawn[(drawn["part"] == part) & (drawn["class"] != ALL)].groupby("class"):
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
    sides = [[names.index(str(each)) for each in task.get(side) or []] for side in ("positive", "negative")]
    positive, negative = sides
    if negative:
        train, test = (part[part["class"].isin(positive + negative)] for part in (train, test))
    y_train, y_test = (
        (part["class"].isin(positive) if positive else part["class"]).astype(int) for part in (train, test)
    )
    y_train, y_test = y_train.to_numpy(), y_test.to_numpy()
    names = ["0", "1"] if positive else [names[label] for label in np.unique(y_train)]
    X_train, X_test = (part.filter(like="pixel").to_numpy() for part in (train, test))  # noqa: N806
    predictions, folds = (pd.read_parquet(f"data/{kind}/{name}.parquet") for kind in ("predictions", "crossval"))
    if "group_names" in about:
        for each in (predictions, folds):
            each["group"] = each["group"].map(about["group_names"].__getitem__)

    table = pd.read_csv(f"plots/{name}/figures.csv", keep_default_na=False, na_values={"low": "", "high": ""})
    measured: Figures = table.set_index(["part", "figure", "of"]).astype(float).stack().dropna().to_dict()
    temperature = measured.pop(("cross_validation", "temperature", ALL, "value"), 1.0)
    model, limit = model_file.load(f"models/{name}.skops"), None if rule is None else threshold(rule, folds)
    computed: Figures = {("train", "accuracy", ALL, "value"): model.score(X_train[:SEEN], y_train[:SEEN])}
    if len(names) == 2:
        unless = 0.0 if predictions.filter(like="decision_").shape[1] else 0.5
        computed["train", "threshold", ALL, "value"] = unless if limit is None else limit
    areas, parts = (
        [],
        {"test": (y_test, predictions)} | ({"cross_validation": (y_train, folds)} if block["folds"] else {}),
    )
    for part, (y, predicted) in parts.items():
        figures = measure(y, predicted, names, temperature, np.bincount(y_train).argmax())
        computed |= {(part, *key): value for key, value in figures.items()}
        areas.append(curve_difference(name, part, y, predicted, names))

    again = pipeline(block, params["seed"], about["maximum"])
    refit = None
    if "copies" not in block["hyperparameters"]:
        refit = int((predict(again.fit(X_train, y_train), X_test, limit) != predictions["prediction"].to_numpy()).sum())
    both_sides, refold = len({*train.get("group", ())} & {*test.get("group", ())}), None
    if block["folds"]:
        group = train.get("group")
        both_sides += 0 if group is None else int((folds.groupby("group")["fold"].nunique() > 1).sum())
        folded = (StratifiedKFold if group is None else StratifiedGroupKFold)(block["folds"])
        fitted, held_out = next(folded.split(X_train, y_train, group))
        limit = None if rule is None else threshold(rule, folds.iloc[fitted])  # of this fold it is chosen on the others
        if refit is not None:
            y_pred = predict(again.fit(X_train[fitted], y_train[fitted]), X_train[held_out], limit)
            refold = int((y_pred != folds["prediction"].to_numpy()[held_out]).sum())

    figure_of = {metric.key: metric.name for metric in METRICS if metric.key}
    for key, value in json.loads(Path(f"metrics/{name}.json").read_text(encoding="utf-8")).items():
        figure = figure_of.get(key, key), ALL, "value"
        measured["json", *figure] = value
        for part in ("cross_validation", "test"):  # the test part's, where both have it
            if (part, *figure) in computed:
                computed["json", *figure] = computed[part, *figure]
    metric_names = {"threshold", *(metric.name for metric in METRICS)}
    unknown = {key[1] for key in measured.keys() - computed.keys()}
    expected = {key for key in computed if key[1] in metric_names} | {key for key in measured if key[3] != "value"}
    differences = [abs(measured.get(key, np.inf) - computed.get(key, -np.inf)) for key in expected]  # missing: infinite
    return [name, len(differences), max(differences), max(areas), refit, refold, both_sides], unknown


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
