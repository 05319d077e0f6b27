"""Check every figure: compute it again from the parquet files and the models, by scikit-learn alone.

Reads what `dvc repro` has made. Of this project it imports the names of the metrics, and what scikit-learn has not:
sets of features, classifiers with code of their own, and how models are loaded. For each experiment: the largest
difference of any metric and of any end of an interval, of the area under any drawn curve, how many predictions differ
when the model, and one fold of it, are fitted anew, and how many groups are on both sides of the split or of a fold. A
metric without a second implementation here is named "not recomputed". Exit status 1 when a metric or an interval is off
by more than 1e-6, an area by more than 0.001 (curves are thinned to draw them), a prediction differs, or a group is on
both sides.
"""

import json
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from bench import measuring
from digits.evaluation.metrics import METRICS
from digits.learning import deformation, persistence, registry
from digits.support import cli

import click
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import yaml
from scipy.special import softmax
from scipy.stats import norm, rankdata, t
from sklearn import metrics
from sklearn.decomposition import PCA
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import SVC

SEEN = 10_000  # training images that the accuracy on training images is measured on
Array = Any
Figures = dict[tuple[str, str], float]


def pipeline(block: dict[str, Any], seed: int, maximum: int) -> Pipeline:
    """Return an experiment's unfitted model, restated."""
    name, ours = block["classifier"], {"threshold", "copies"}
    hyperparameters = {key: value for key, value in block["hyperparameters"].items() if key not in ours}
    module, _, class_name = name.rpartition(".")
    if name == "one_vs_rest_svc":
        classifier = OneVsRestClassifier(SVC(**hyperparameters, random_state=seed))
    elif module:
        classifier = getattr(import_module(f"sklearn.{module}"), class_name)(**hyperparameters)
        own = {"random_state": seed, "break_ties": True}
        classifier.set_params(**{key: value for key, value in own.items() if key in classifier.get_params()})
    else:
        classifier = registry.classifier(name, hyperparameters, seed)
    scaled = FunctionTransformer(lambda pixels: pixels.astype(np.float32) / np.float32(maximum))
    steps: dict[str, list[Any]] = {
        "raw": [FunctionTransformer(lambda pixels: pixels.astype(np.float32))],
        "scaled": [scaled],
        "principal_components": [scaled, PCA(50, svd_solver="covariance_eigh")],
    }
    chosen = steps.get(block["features"]) or [step for _, step in registry.features(block["features"], maximum)]
    return Pipeline([(str(i), step) for i, step in enumerate([*chosen, classifier])])


def threshold(rule: Any, folds: pd.DataFrame, decision_values: bool) -> float:
    """Return the score from which the answer is yes, restated."""
    if not isinstance(rule, dict):
        return float(rule or (0.0 if decision_values else 0.5))
    scores = folds.filter(regex="^(decision|probability)_").iloc[:, 0]
    precision, recall, thresholds = metrics.precision_recall_curve(folds["label"], scores)
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

    Args:
        y: labels, shape (rows,).
        table: predictions and scores.
        names: of all labels.
        temperature: that calibrates the scores.
        majority: the most frequent training label.
    """
    scored, y_pred = table.filter(regex="^(decision|probability)_"), table["prediction"]
    scores, decision_values = scored.to_numpy(), str(scored.columns[0]).startswith("decision")
    labels, count = np.unique(y, return_counts=True)
    present = [names[label] for label in labels]
    found: Figures = {
        ("accuracy", "all"): metrics.accuracy_score(y, y_pred),
        ("baseline", "all"): np.mean(y == majority),
    }
    found |= {("count", name): float(each) for name, each in zip(present, count, strict=True)}
    for figure in ("precision", "recall", "f1"):
        score = getattr(metrics, f"{figure}_score")
        by_class = score(y, y_pred, average=None, labels=labels, zero_division=0)
        found |= {(figure, name): each for name, each in zip(present, by_class, strict=True)}
        several = {"average": "macro", "labels": labels} if len(names) > 2 else {}
        found[figure, "all"] = score(y, y_pred, zero_division=0, **several)
    if len(names) == 2:
        if len(labels) == 2:
            found["roc_auc", "all"] = metrics.roc_auc_score(y, scores)
            found["average_precision", "all"] = metrics.average_precision_score(y, scores)
        scores = np.hstack([0 * scores if decision_values else 1 - scores, scores])
    logits = scores if decision_values else np.log(np.maximum(scores, 1e-3))
    probabilities = (1 - 1e-4) * softmax(logits / temperature, axis=1) + 1e-4 / len(names)
    found["log_loss", "all"] = metrics.log_loss(y, probabilities, labels=range(len(names)))
    confidence, correct = probabilities[np.arange(len(y)), y_pred], y_pred == y
    bins = np.digitize(confidence, [0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999])
    gaps = [abs((confidence - correct)[bins == each].sum()) for each in np.unique(bins)]
    found["calibration_error", "all"] = sum(gaps) / len(y)
    if "group" in table:
        by_group = (y_pred == y).groupby(table["group"]).mean()
        found["groups", "all"] = len(by_group)
        found |= {("accuracy", f"group {group}"): share for group, share in by_group.items() if len(by_group) <= 30}
    elif table["row"].is_monotonic_increasing:
        first, second = np.array_split(y_pred == y, 2)
        found |= {("accuracy", "first half"): first.mean(), ("accuracy", "second half"): second.mean()}
    if "fold" in table:
        folds = (y_pred == y).groupby(table["fold"]).mean()
        found |= {("accuracy", f"fold {fold}"): value for fold, value in folds.items()}
        found |= {("accuracy_mean", "all"): folds.mean(), ("accuracy_std", "all"): folds.std(ddof=0)}
    return found


def intervals(y: Array, table: pd.DataFrame, names: list[str]) -> dict[tuple[str, str], tuple[float, float]]:
    """Return the 95 % intervals of a table of predictions: of shares, and of a detector's F1 and area.

    Each metric is a function of counts, or of DeLong's components, of each group or image; its variance is that of the
    delta method over the groups.
    """
    y_pred, group = table["prediction"].to_numpy(), table.get("group", pd.Series(range(len(table))))
    labels, ones = np.unique(y), np.ones(len(y))
    shares = {("accuracy", "all"): (y_pred == y, ones)}
    for label in labels:
        hit, of = (y_pred == label) & (y == label), names[label]
        shares |= {("recall", of): (hit, y == label), ("precision", of): (hit, y_pred == label)}
        shares["f1", of] = 2 * hit, (y == label).astype(int) + (y_pred == label)
    if len(names) == 2:
        shares |= {(figure, "all"): shares[figure, names[1]] for figure in ("recall", "precision", "f1") if 1 in labels}
    if "group" not in table and table["row"].is_monotonic_increasing:
        first = np.arange(len(y)) < len(y) / 2
        for half, part in (("first half", first), ("second half", ~first)):
            shares["accuracy", half] = (y_pred == y) & part, part
    found = {}
    for key, (part, whole) in shares.items():
        sums = pd.DataFrame({"part": part, "whole": whole, "group": group}).astype(float).groupby("group").sum()
        count = sums["whole"].sum()
        value = sums["part"].sum() / max(count, 1)
        found[key] = wilson(value, (sums["part"] - value * sums["whole"]) / max(count, 1), count, "group" in table)
    if len(names) == len(labels) == 2:
        scores = table.filter(regex="^(decision|probability)_").iloc[:, 0].to_numpy()
        yes, no = y == 1, y == 0
        ranks, own = rankdata(scores), np.empty(len(y))
        own[yes], own[no] = rankdata(scores[yes]), rankdata(scores[no])
        won = np.where(yes, (ranks - own) / no.sum(), 1 - (ranks - own) / yes.sum())
        area = won[yes].mean()
        moved = pd.Series((won - area) / np.where(yes, yes.sum(), no.sum())).groupby(group).sum()
        found["roc_auc", "all"] = wilson(area, moved, len(y), "group" in table)
    return found


def wilson(value: float, moved: pd.Series, count: float, grouped: bool) -> tuple[float, float]:
    """Return Wilson's interval for as many images as have the variance of what the groups move, restated."""
    if not count or len(moved) == 1:
        return 0.0, 1.0
    variance = (moved**2).sum()
    images = value * (1 - value) / variance if variance else count
    if grouped:
        variance *= len(moved) / (len(moved) - 1)
        images = min(value * (1 - value) / variance, count) if variance else count
        images *= (norm.ppf(0.975) / t.ppf(0.975, len(moved) - 1)) ** 2
    z = norm.ppf(0.975)
    roots = np.roots([1 + z**2 / images, -(2 * value + z**2 / images), value**2])
    return max(roots.min(), 0.0), min(roots.max(), 1.0)


def curve_difference(folder: Path, part: str, y: Array, table: pd.DataFrame, names: list[str]) -> float:
    """Return the largest difference between the area under a drawn curve and under the true one."""
    differences = [0.0]
    axes = {"roc": ["false_positive_rate", "true_positive_rate"], "precision_recall": ["recall", "precision"]}
    for name, columns in axes.items():
        drawn = pd.read_csv(folder / f"{name}.csv", dtype={"class": str}).query("part == @part and `class` != 'all'")
        for label, points in drawn.groupby("class"):
            number = names.index(str(label))
            scores = table.filter(regex=f"^(decision|probability)_{number}$").iloc[:, 0]
            if name == "roc":
                x, y_axis, _ = metrics.roc_curve(y == number, scores)
            else:
                precision, recall, _ = metrics.precision_recall_curve(y == number, scores)
                x, y_axis = recall[-2::-1], precision[-2::-1]
            area = np.trapezoid(points[columns[1]], points[columns[0]])
            differences.append(abs(area - np.trapezoid(y_axis, x)))
    return max(differences)


def check(name: str, params: dict[str, Any]) -> tuple[list[Any], set[str]]:
    """Compute an experiment's figures again; return its row of the table, and the metrics that are not recomputed."""
    block = params["experiments"][name]
    paths = [Path("data", "split", block["split"], f"{part}.parquet") for part in ("train", "test")]
    train, test = map(pd.read_parquet, paths)
    info = pq.read_schema(paths[0]).metadata
    classes = json.loads(info.get(b"names", b"null")) or list(map(str, range(256)))
    positive, negative = (params["tasks"][block["task"]].get(key) for key in ("positive", "negative"))
    numbers, others = ([classes.index(str(each)) for each in side or []] for side in (positive, negative))
    if negative:
        train, test = (frame[frame["class"].isin(numbers + others)] for frame in (train, test))
    y_train, y_test = (
        (frame["class"].isin(numbers) if positive else frame["class"]).astype(int).to_numpy() for frame in (train, test)
    )
    names = [str(label) if positive else classes[label] for label in np.unique(y_train)]
    X_train, X_test = (frame.filter(like="pixel").to_numpy() for frame in (train, test))  # noqa: N806
    predictions, folds = (pd.read_parquet(f"data/{kind}/{name}.parquet") for kind in ("predictions", "crossval"))
    if of_groups := json.loads(info.get(b"group_names", b"[]")):
        for each in (predictions, folds):
            each["group"] = each["group"].map(of_groups.__getitem__)
    table = pd.read_csv(f"plots/{name}/figures.csv", dtype={"of": str}).set_index(["part", "figure", "of"])
    measured: dict[Any, float] = dict(table["value"].items())
    temperature = measured.pop(("cross_validation", "temperature", "all"), 1.0)
    model = persistence.load(f"models/{name}.skops")

    majority = int(np.bincount(y_train).argmax())
    found = {"train": {("accuracy", "all"): model.score(X_train[:SEEN], y_train[:SEEN])}}
    found["test"] = measure(y_test, predictions, names, temperature, majority)
    area = curve_difference(Path("plots", name), "test", y_test, predictions, names)
    again = pipeline(block, params["seed"], int(info[b"maximum"]))
    shape, copies = [int(side) for side in info[b"image_shape"].split(b"x")], block["hyperparameters"].get("copies", 0)
    grown = deformation.add_copies(X_train, shape, copies, params["seed"])  # each image's copies follow in its order
    limit = rule = block["hyperparameters"].get("threshold")
    if len(names) == 2:
        decision_values = predictions.filter(like="decision_").shape[1] > 0
        found["train"]["threshold", "all"] = threshold(rule, folds, decision_values)
        limit = rule and found["train"]["threshold", "all"]
    both_sides = 0
    if "group" in train:
        of_fold = folds.groupby("group")["fold"].nunique() if block["folds"] else pd.Series([1])
        both_sides = len({*train["group"]} & {*test["group"]}) + int((of_fold > 1).sum())
    ends = {("test", *key): each for key, each in intervals(y_test, predictions, names).items()}
    refit = int(
        (predict(again.fit(grown, np.tile(y_train, 1 + copies)), X_test, limit) != predictions["prediction"]).sum()
    )
    refold: int | None = None
    if block["folds"]:
        ends |= {("cross_validation", *key): each for key, each in intervals(y_train, folds, names).items()}
        if isinstance(rule, dict):
            scores = folds.filter(regex="^(decision|probability)_").iloc[:, 0]
            flattered = folds.assign(prediction=(scores >= limit).astype(int))
            of_all = measure(y_train, flattered, names, temperature, majority)
            found["train"] |= {(figure, "all"): of_all[figure, "all"] for figure in ("recall", "precision", "f1")}
        found["cross_validation"] = measure(y_train, folds, names, temperature, majority)
        area = max(area, curve_difference(Path("plots", name), "cross_validation", y_train, folds, names))
        if "origin" not in train:  # else the copies of an image share a fold
            group = train.get("group")
            folded = (StratifiedKFold if group is None else StratifiedGroupKFold)(block["folds"])
            fitted, held_out = next(folded.split(X_train, y_train, group))
            if isinstance(rule, dict):  # of this fold it is chosen on the others
                limit = threshold(rule, folds.iloc[fitted], decision_values)
            rows = np.add.outer(np.arange(1 + copies) * len(y_train), fitted).ravel()
            y_pred = predict(again.fit(grown[rows], np.tile(y_train[fitted], 1 + copies)), X_train[held_out], limit)
            refold = int((y_pred != folds["prediction"].to_numpy()[held_out]).sum())
    computed = {(part, *key): value for part, figures in found.items() for key, value in figures.items()}
    for key, value in json.loads(Path(f"metrics/{name}.json").read_text()).items():
        figure = next((metric.name for metric in METRICS if metric.key == key), key)
        measured["json", figure, "all"] = value
        for part in ("cross_validation", "test"):  # the test part's, where both have it
            if (part, figure, "all") in computed:
                computed["json", figure, "all"] = computed[part, figure, "all"]
    metric_names = {"threshold", *(metric.name for metric in METRICS)}
    expected = {key for key in computed if key[1] in metric_names}  # one that is missing is off by infinity
    differences = [abs(measured.get(key, np.inf) - computed[key]) for key in expected]
    unknown = {key[1] for key in measured.keys() - computed.keys()}
    found_ends = table.loc[[*ends], ["low", "high"]].to_numpy() - np.array([*ends.values()])
    largest = max(*differences, np.abs(found_ends).max())
    return [name, len(differences) + found_ends.size, largest, area, refit, refold, both_sides], unknown


@click.command(help=f"\b\n{__doc__}")
@click.argument("names", nargs=-1, metavar="[EXPERIMENT]...")
def command(names: tuple[str, ...]) -> None:
    """Check experiments, a line of the table each as it is done, and exit."""
    params = yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))
    header = ["experiment", "figures", "largest difference", "of a curve's area", "other predictions", "of a fold"]
    print("\n".join(measuring.table([*header, "groups on both sides"], [])), flush=True)
    unknown, is_wrong = set(), False
    for name in names or [name for name in params["experiments"] if Path(f"metrics/{name}.json").exists()]:
        row, others = check(name, params)
        cells = [row[0], row[1], f"{row[2]:.1e}", f"{row[3]:.1e}", *row[4:]]
        print(measuring.table([*header, "groups on both sides"], [cells])[-1], flush=True)
        unknown |= others
        is_wrong |= bool(row[2] > 1e-6 or row[3] > 0.001 or any(row[4:]))
    if unknown:
        print(f"not recomputed: {', '.join(sorted(unknown))}")
    sys.exit(is_wrong)


if __name__ == "__main__":
    cli.run(command)
