"""Check all results: compute them again, with scikit-learn alone.

It reads the parquet files and the models that `dvc repro` has made. From this project it
imports only the names of the metrics, the function that loads models, the deformation of
images, and those sets of features that are not repeated here. For each model it prints

- how many metrics and ends of confidence intervals were compared, and the largest difference;
- the largest difference between the area under a drawn curve and under the exact curve;
- how many test images are predicted differently if the model is fitted again;
- how many images of the first fold are predicted differently if its model is fitted again;
- how many groups are in both sets of the split, or in two folds.

A metric that this script does not compute is listed as "not recomputed". The exit status is 1
if a metric differs by more than 1e-6 or an area by more than 0.001, if a prediction differs, or
if a group is in both sets. Areas may differ because curves are thinned before they are drawn.
"""

import json
import sys
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from bench import measuring
from digits.evaluation.metrics import CLASS_METRICS, METRICS, SUMMARY_KEYS
from digits.learning import model_file
from digits.learning.deformation import MILD, deform_rows
from digits.learning.pipelines import make_feature_steps

import click
import numpy as np
import pandas as pd
from scipy.special import softmax
from scipy.stats import norm, t
from sklearn import metrics
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.decomposition import PCA
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import SVC

OVERALL = "all"
MAX_TRAIN_SCORES = 10_000  # the training accuracy is that of the first 10,000 training images
MAX_SUBSETS = 100  # with more folds or groups, they have no accuracies of their own
MIN_GROUPS = 6  # with fewer groups there is no confidence interval
MIN_PROBABILITY = 1e-3
UNIFORM_SHARE = 1e-4
COPIED_BELOW = 1.3
KEPT_BELOW = 2.0

# The largest differences that are not an error.
METRIC_TOLERANCE = 1e-6
AREA_TOLERANCE = 0.001

SCORE_COLUMNS = "^(decision|probability)_"

# The columns of the curves.
CURVES = {
    "roc": ["false_positive_rate", "true_positive_rate"],
    "precision_recall": ["recall", "precision"],
}

HEADER = [
    "model",
    "metrics",
    "largest difference",
    "of a curve's area",
    "other predictions",
    "of a fold",
    "groups in both sets",
]

Array = Any

# Numbers by the name of the metric, the subset, and `value`, `low` or `high`.
Metrics = dict[tuple[str, str, str], float]

# The same, but first the part: `test`, `cross_validation`, `train`, or `json` for what is in
# metrics/<model>.json.
PartMetrics = dict[tuple[str, str, str, str], float]


class Subset(NamedTuple):
    """The training set or the test set of a task."""

    X: Array  # the pixels
    y: Array  # the labels
    groups: Array | None


class Model(NamedTuple):
    """A model, and the data that its results are computed from."""

    name: str
    entry: dict[str, Any]  # of params.yaml
    seed: int
    attrs: dict[Any, Any]  # of the tables of images
    label_names: dict[int, str]
    train: Subset
    test: Subset
    predictions: pd.DataFrame  # of the test images
    crossval: pd.DataFrame  # the cross-validated predictions


class Check(NamedTuple):
    """The result of checking a model."""

    name: str
    n_compared: int
    largest_difference: float
    largest_area_difference: float
    n_other_predictions: int
    n_other_predictions_of_fold: int | None  # None without cross-validation
    n_groups_in_both_sets: int
    not_recomputed: set[str]  # the names of metrics

    @property
    def is_right(self) -> bool:
        """Whether all results are right."""
        return (
            self.largest_difference <= METRIC_TOLERANCE
            and self.largest_area_difference <= AREA_TOLERANCE
            and self.n_other_predictions == 0
            and self.n_other_predictions_of_fold in {0, None}
            and self.n_groups_in_both_sets == 0
        )

    @property
    def cells(self) -> list[object]:
        """The row of the table."""
        return [
            self.name,
            self.n_compared,
            f"{self.largest_difference:.1e}",
            f"{self.largest_area_difference:.1e}",
            self.n_other_predictions,
            self.n_other_predictions_of_fold,
            self.n_groups_in_both_sets,
        ]


@click.command(help=f"\b\n{__doc__}")
@click.argument("names", nargs=-1, metavar="[MODEL]...")
def command(names: tuple[str, ...]) -> None:
    """Check models, print a line of the table after each, and exit."""
    params = measuring.read_params(Path())
    if not names:
        names = tuple(name for name in params["models"] if metrics_path(name).exists())
    for line in measuring.format_table(HEADER, []):
        print(line, flush=True)

    not_recomputed = set()
    all_right = True
    for name in names:
        check = check_model(read_model(name, params))
        *_, line = measuring.format_table(HEADER, [check.cells])
        print(line, flush=True)
        not_recomputed |= check.not_recomputed
        all_right = all_right and check.is_right
    if not_recomputed:
        print(f"not recomputed: {', '.join(sorted(not_recomputed))}")
    sys.exit(0 if all_right else 1)


def check_model(model: Model) -> Check:
    """Compute all results of a model again, and compare them."""
    reported = read_metrics(model.name)
    temperature = reported.pop(("cross_validation", "temperature", OVERALL, "value"), 1.0)

    computed = compute_model_metrics(model)
    area_differences = []
    majority_label = int(np.bincount(model.train.y).argmax())
    parts = {"test": (model.test.y, model.predictions)}
    if model.entry["folds"]:
        parts["cross_validation"] = (model.train.y, model.crossval)
    for part, (y, table) in parts.items():
        part_metrics = compute_metrics(y, table, model.label_names, temperature, majority_label)
        for key, value in part_metrics.items():
            computed[(part, *key)] = value
        area_differences.append(compare_areas(model, part, y, table))
    add_summary(model.name, reported, computed)

    differences = compare_metrics(reported, computed)
    reported_names = {metric for _, metric, _, _ in reported}
    computed_names = {metric for _, metric, _, _ in computed}
    return Check(
        name=model.name,
        n_compared=len(differences),
        largest_difference=max(differences),
        largest_area_difference=max(area_differences),
        n_other_predictions=count_other_predictions(model),
        n_other_predictions_of_fold=count_other_predictions_of_fold(model),
        n_groups_in_both_sets=count_groups_in_both_sets(model),
        not_recomputed=reported_names - computed_names,
    )


def read_model(name: str, params: dict[str, Any]) -> Model:
    """Read the data of a model, and label the images again."""
    entry = params["models"][name]
    task = params["tasks"][entry["task"]]
    train_images = pd.read_parquet(f"data/split/{task['split']}/train.parquet")
    test_images = pd.read_parquet(f"data/split/{task['split']}/test.parquet")
    attrs: dict[Any, Any] = train_images.attrs
    class_names = attrs.get("names") or [str(number) for number in range(256)]
    train = label_images(train_images, task, class_names)

    label_names = {int(label): class_names[label] for label in np.unique(train.y)}
    if task.get("positive"):
        label_names = {0: "0", 1: "1"}

    predictions = pd.read_parquet(f"data/predictions/{name}.parquet")
    crossval = pd.read_parquet(f"data/crossval/{name}.parquet")
    if "group_names" in attrs:
        group_names = pd.Series(attrs["group_names"])
        predictions["group"] = predictions["group"].map(group_names)
        crossval["group"] = crossval["group"].map(group_names)
    return Model(
        name=name,
        entry=entry,
        seed=params["seed"],
        attrs=attrs,
        label_names=label_names,
        train=train,
        test=label_images(test_images, task, class_names),
        predictions=predictions,
        crossval=crossval,
    )


def label_images(images: pd.DataFrame, task: dict[str, Any], class_names: list[str]) -> Subset:
    """Return the images of a task with their labels."""
    class_name = images["class"].map(lambda number: class_names[number])
    positive = [str(name) for name in task.get("positive") or []]
    negative = [str(name) for name in task.get("negative") or []]
    if negative:
        is_used = class_name.isin([*positive, *negative])
        images = images[is_used]
        class_name = class_name[is_used]
    labels = images["class"]
    if positive:
        labels = class_name.isin(positive)
    X = images.filter(like="pixel").to_numpy()
    return Subset(X, labels.to_numpy().astype(int), images.get("group"))


def metrics_path(name: str) -> Path:
    """Return the path of metrics/<model>.json."""
    return Path(f"metrics/{name}.json")


def read_metrics(name: str) -> PartMetrics:
    """Read the table of all metrics of a model."""
    table = pd.read_csv(
        f"plots/{name}/metrics.csv", keep_default_na=False, na_values={"low": "", "high": ""}
    )
    reported: PartMetrics = {}
    for row in table.itertuples():
        for column in ["value", "low", "high"]:
            value = float(getattr(row, column))
            if not np.isnan(value):
                reported[str(row.part), str(row.metric), str(row.subset), column] = value
    return reported


def add_summary(name: str, reported: PartMetrics, computed: PartMetrics) -> None:
    """Add the metrics in metrics/<model>.json, and those expected there, as the part `json`."""
    metric_of_key = {key: metric for metric, key in SUMMARY_KEYS.items()}
    summary = json.loads(metrics_path(name).read_text(encoding="utf-8"))
    for key, value in summary.items():
        metric = metric_of_key[key]
        reported["json", metric, OVERALL, "value"] = value
        # The metric of the test images comes last, and replaces the cross-validated one.
        for part in ["cross_validation", "test"]:
            if (part, metric, OVERALL, "value") in computed:
                expected = computed[part, metric, OVERALL, "value"]
                computed["json", metric, OVERALL, "value"] = expected


def compare_metrics(reported: PartMetrics, computed: PartMetrics) -> list[float]:
    """Return the differences of all metrics; infinity where one of the two is missing.

    Metrics that only the project or only this script knows are left out.
    """
    known_metrics = {"threshold", *METRICS, *CLASS_METRICS}
    computed_metrics = {metric for _, metric, _, _ in computed}
    differences = []
    for key in reported.keys() | computed.keys():
        _, metric, _, _ = key
        if metric in known_metrics and metric in computed_metrics:
            difference = reported.get(key, np.inf) - computed.get(key, -np.inf)
            differences.append(abs(difference))
    return differences


def compute_model_metrics(model: Model) -> PartMetrics:
    """Compute the accuracy of the training images, and the decision threshold."""
    fitted = model_file.load(Path(f"models/{model.name}.skops"))
    X = model.train.X[:MAX_TRAIN_SCORES]
    y = model.train.y[:MAX_TRAIN_SCORES]
    computed = {("train", "accuracy", OVERALL, "value"): fitted.score(X, y)}
    if len(model.label_names) == 2:
        threshold = choose_threshold(model.entry, model.crossval)
        if threshold is None:
            has_decisions = has_decision_values(model.predictions)
            threshold = 0.0 if has_decisions else 0.5
        computed["train", "threshold", OVERALL, "value"] = threshold
    return computed


def compute_metrics(
    y: Array,
    table: pd.DataFrame,
    label_names: dict[int, str],
    temperature: float,
    majority_label: int,
) -> Metrics:
    """Compute the metrics of some predictions, and their confidence intervals.

    Args:
        y: the labels, shape (n_images,).
        table: the predictions.
        label_names: the names of all labels.
        temperature: the temperature of the calibration.
        majority_label: the most frequent label of the training images.
    """
    y_pred = table["prediction"].to_numpy()
    is_correct = pd.Series(y_pred == y)
    computed: Metrics = {}
    computed["accuracy", OVERALL, "value"] = is_correct.mean()
    computed["baseline", OVERALL, "value"] = np.mean(y == majority_label)
    computed["log_loss", OVERALL, "value"] = compute_log_loss(
        y, table, label_names, temperature
    )
    computed |= compute_accuracies_of_subsets(table, is_correct)
    computed |= compute_class_metrics(y, y_pred, label_names)
    is_binary = len(label_names) == 2
    if is_binary and len(np.unique(y)) == 2:
        scores = table.filter(regex=SCORE_COLUMNS).to_numpy()[:, 0]
        computed["roc_auc", OVERALL, "value"] = metrics.roc_auc_score(y, scores)
        precision = metrics.average_precision_score(y, scores)
        computed["average_precision", OVERALL, "value"] = precision

    groups = table.get("group")
    all_images = np.full(len(y), True)
    computed |= compute_interval("accuracy", OVERALL, is_correct, groups, all_images)
    for label in np.unique(y):
        name = label_names[label]
        computed |= compute_interval("recall", name, is_correct, groups, y == label)
        computed |= compute_interval("precision", name, is_correct, groups, y_pred == label)
    return computed


def compute_accuracies_of_subsets(table: pd.DataFrame, is_correct: pd.Series) -> Metrics:
    """Compute the accuracies of the groups and the folds, and the mean of the folds."""
    computed: Metrics = {}
    for column in ["group", "fold"]:
        if column not in table or table[column].nunique() > MAX_SUBSETS:
            continue
        accuracies = is_correct.groupby(table[column].to_numpy()).mean()
        for name, accuracy in accuracies.items():
            computed["accuracy", f"{column} {name}", "value"] = accuracy
        if column == "fold":
            computed["accuracy_mean", OVERALL, "value"] = accuracies.mean()
            computed["accuracy_std", OVERALL, "value"] = accuracies.std(ddof=0)
    return computed


def compute_class_metrics(y: Array, y_pred: Array, label_names: dict[int, str]) -> Metrics:
    """Compute precision, recall and F1 of each class and of all, and the size of each class."""
    computed: Metrics = {}
    labels = np.unique(y)
    by_class = metrics.precision_recall_fscore_support(
        y, y_pred, labels=labels, zero_division=0
    )
    for metric, values in zip(["precision", "recall", "f1", "count"], by_class, strict=True):
        for label, value in zip(labels, values, strict=True):
            computed[metric, label_names[label], "value"] = float(value)

    if len(label_names) == 2:
        overall = metrics.precision_recall_fscore_support(
            y, y_pred, average="binary", zero_division=0
        )
    else:
        overall = metrics.precision_recall_fscore_support(
            y, y_pred, average="macro", labels=labels, zero_division=0
        )
    for metric, value in zip(["precision", "recall", "f1"], overall[:3], strict=True):
        computed[metric, OVERALL, "value"] = value
    return computed


def compute_log_loss(
    y: Array, table: pd.DataFrame, label_names: dict[int, str], temperature: float
) -> float:
    """Compute the log loss of the calibrated probabilities."""
    scores = table.filter(regex=SCORE_COLUMNS).to_numpy()
    has_decisions = has_decision_values(table)
    if scores.shape[1] == 1:
        first_class = np.zeros_like(scores) if has_decisions else 1 - scores
        scores = np.hstack([first_class, scores])
    logits = scores if has_decisions else np.log(np.maximum(scores, MIN_PROBABILITY))
    probabilities = softmax(logits / temperature, axis=1)
    n_classes = len(label_names)
    probabilities = (1 - UNIFORM_SHARE) * probabilities + UNIFORM_SHARE / n_classes
    return metrics.log_loss(y, probabilities, labels=list(label_names))


def has_decision_values(table: pd.DataFrame) -> bool:
    """Return whether the scores of a table are values of `decision_function`."""
    return table.filter(regex="^decision_").shape[1] > 0


def compute_interval(
    metric: str, subset: str, is_correct: Array, groups: Array | None, is_selected: Array
) -> Metrics:
    """Compute the confidence interval of the proportion of correct predictions in a subset.

    Args:
        metric: the name of the metric.
        subset: the name of the subset.
        is_correct: whether each prediction is correct.
        groups: the group of each image, or None.
        is_selected: whether each image is in the subset.
    """
    selected = is_correct.to_numpy()[is_selected]
    if len(selected) == 0:
        return {}
    if groups is None:
        low, high = wilson_interval(selected)
    else:
        selected_groups = groups.to_numpy()[is_selected]
        contributions = pd.Series(selected - selected.mean()).groupby(selected_groups).sum()
        n_groups = len(contributions)
        if n_groups < MIN_GROUPS:
            return {}
        standard_error = contributions.std() * np.sqrt(n_groups) / len(selected)
        margin = t.ppf(0.975, n_groups - 1) * standard_error
        if margin < 1e-9:  # all groups have the same accuracy
            return {}
        low = selected.mean() - margin
        high = selected.mean() + margin
    return {
        (metric, subset, "low"): max(low, 0.0),
        (metric, subset, "high"): min(high, 1.0),
    }


def wilson_interval(is_correct: Array) -> tuple[float, float]:
    """Compute Wilson's confidence interval of a proportion.

    Its ends are the proportions p for which the observed proportion q is z standard errors away
    from p: (q - p)² = z² p (1 - p) / n.
    """
    proportion = is_correct.mean()
    z_squared_by_n = norm.ppf(0.975) ** 2 / len(is_correct)
    quadratic = [1 + z_squared_by_n, -(2 * proportion + z_squared_by_n), proportion**2]
    low, high = sorted(np.roots(quadratic))
    return low, high


def compare_areas(model: Model, part: str, y: Array, table: pd.DataFrame) -> float:
    """Return the largest difference between the areas under a drawn curve and its exact one."""
    label_of_name = {name: label for label, name in model.label_names.items()}
    differences = [0.0]
    for curve, [x_column, y_column] in CURVES.items():
        drawn = pd.read_csv(
            f"plots/{model.name}/{curve}.csv", dtype={"class": str}, keep_default_na=False
        )
        is_shown = (drawn["part"] == part) & (drawn["class"] != OVERALL)
        for class_name, points in drawn[is_shown].groupby("class"):
            label = label_of_name[str(class_name)]
            scores = table.filter(regex=f"{SCORE_COLUMNS}{label}$").iloc[:, 0]
            exact_area = compute_area(curve, y == label, scores)
            drawn_area = np.trapezoid(points[y_column], points[x_column])
            differences.append(abs(drawn_area - exact_area))
    return max(differences)


def compute_area(curve: str, is_class: Array, scores: pd.Series) -> float:
    """Compute the area under an exact curve."""
    if curve == "roc":
        false_positive_rate, true_positive_rate, _ = metrics.roc_curve(is_class, scores)
        return np.trapezoid(true_positive_rate, false_positive_rate)
    precision, recall, _ = metrics.precision_recall_curve(is_class, scores)
    # Without the last point, whose recall is 0, and in the order of increasing recall.
    return np.trapezoid(precision[-2::-1], recall[-2::-1])


def count_other_predictions(model: Model) -> int:
    """Fit the model again, and count the test images that it predicts differently."""
    fitted = make_pipeline_again(model).fit(model.train.X, model.train.y)
    threshold = choose_threshold(model.entry, model.crossval)
    y_pred = predict(fitted, model.test.X, threshold)
    return int((y_pred != model.predictions["prediction"].to_numpy()).sum())


def count_other_predictions_of_fold(model: Model) -> int | None:
    """Fit the model of the first fold again, and count the images that it predicts differently.

    Returns:
        None without cross-validation.
    """
    n_folds = model.entry["folds"]
    if n_folds == 0:
        return None
    train = model.train
    folds = StratifiedKFold(n_folds) if train.groups is None else StratifiedGroupKFold(n_folds)
    rows, held_out_rows = next(folds.split(train.X, train.y, train.groups))
    fitted = make_pipeline_again(model).fit(train.X[rows], train.y[rows])
    # The threshold of a fold is chosen on the other folds.
    threshold = choose_threshold(model.entry, model.crossval.iloc[rows])
    y_pred = predict(fitted, train.X[held_out_rows], threshold)
    expected = model.crossval["prediction"].to_numpy()[held_out_rows]
    return int((y_pred != expected).sum())


def count_groups_in_both_sets(model: Model) -> int:
    """Count the groups that are in the training set and the test set, or in two folds."""
    if model.train.groups is None or model.test.groups is None:
        return 0
    in_both_sets = np.intersect1d(model.train.groups, model.test.groups)
    n_groups = len(in_both_sets)
    if model.entry["folds"]:
        folds_of_group = model.crossval.groupby("group")["fold"].nunique()
        n_groups += int((folds_of_group > 1).sum())
    return n_groups


def make_pipeline_again(model: Model) -> Pipeline:
    """Return the unfitted pipeline of a model."""
    pixel_max = model.attrs["pixel_max"]
    name = model.entry["features"]
    to_float = FunctionTransformer(lambda X: X.astype(np.float32))
    scale = FunctionTransformer(lambda X: X.astype(np.float32) / np.float32(pixel_max))
    if name == "raw":
        steps = [to_float]
    elif name == "scaled":
        steps = [scale]
    elif name == "principal_components":
        steps = [scale, PCA(50, svd_solver="covariance_eigh")]
    else:
        steps = [step for _, step in make_feature_steps(name, pixel_max)]
    if model.entry["classifier"] == "deformed_copies_svc":
        hyperparameters = dict(model.entry["hyperparameters"])
        hyperparameters.pop("threshold", None)
        return make_pipeline(
            DeformedCopiesAgain(make_pipeline(*steps), hyperparameters, model.seed)
        )
    return make_pipeline(*steps, make_classifier(model))


class DeformedCopiesAgain(ClassifierMixin, BaseEstimator):
    """An SVC for each class, fitted first on images, and then also on copies of the near ones.

    Each SVC keeps its own support vectors.

    Args:
        features: the unfitted steps that turn pixels into features.
        hyperparameters: of `deformed_copies_svc`.
        seed: the seed of the deformations.
    """

    def __init__(self, features: Pipeline, hyperparameters: dict[str, Any], seed: int) -> None:
        self.features = features
        self.hyperparameters = hyperparameters
        self.seed = seed

    def fit(self, X: Array, y: Array) -> "DeformedCopiesAgain":
        """Fit the features, and each SVC twice."""
        arguments = dict(self.hyperparameters)
        n_copies = arguments.pop("n_copies", 4)
        self.classes_ = np.unique(y)
        Z = self.features.fit_transform(X)
        if arguments.get("gamma", "scale") == "scale":
            arguments["gamma"] = 1 / (Z.shape[1] * Z.var())

        C_copies = arguments.pop("C_copies", arguments.get("C", 1.0))
        margins = []
        for label in self.classes_:
            svc = SVC(**arguments).fit(Z, y == label)
            sign = np.where(y == label, 1, -1)
            margins.append(sign * svc.decision_function(Z))
        copied = np.flatnonzero(np.min(margins, axis=0) < COPIED_BELOW)
        seed = np.random.RandomState(self.seed).randint(2**31)
        copies = self.deform(X[copied], n_copies, seed)

        arguments["C"] = C_copies
        self.svcs_ = []
        for label, margin in zip(self.classes_, margins, strict=True):
            is_kept = margin < KEPT_BELOW
            is_copied = margin[copied] < COPIED_BELOW
            Z_copies = [self.features.transform(version[is_copied]) for version in copies]
            y_copies = np.tile(y[copied][is_copied], n_copies)
            Z_both = np.concatenate([Z[is_kept], *Z_copies])
            y_both = np.concatenate([y[is_kept], y_copies])
            self.svcs_.append(SVC(**arguments).fit(Z_both, y_both == label))
        return self

    def deform(self, X: Array, n_copies: int, seed: int) -> Array:
        """Return copies of images, shape (n_copies, n_images, n_pixels)."""
        side = int(X.shape[1] ** 0.5)
        copies = []
        n_rows = (1 + n_copies) * len(X)
        for start in range(0, n_rows, 1_000):  # no more than a block of numbers at a time
            rows = range(max(start, len(X)), min(start + 1_000, n_rows))
            if len(rows):
                copies.append(deform_rows(X, (side, side), rows, seed, MILD))
        return np.concatenate(copies).reshape(n_copies, len(X), -1)

    def decision_function(self, X: Array) -> Array:
        """Return the scores of images."""
        Z = self.features.transform(X)
        scores = np.transpose([svc.decision_function(Z) for svc in self.svcs_])
        return scores[:, 1] if len(self.classes_) == 2 else scores


def make_classifier(model: Model) -> Any:
    """Return the unfitted classifier of a model."""
    hyperparameters = dict(model.entry["hyperparameters"])
    hyperparameters.pop("threshold", None)
    if model.entry["classifier"] == "one_vs_rest_svc":
        return OneVsRestClassifier(SVC(**hyperparameters, random_state=model.seed))

    module_name, _, class_name = f"sklearn.{model.entry['classifier']}".rpartition(".")
    classifier = getattr(import_module(module_name), class_name)(**hyperparameters)
    if "random_state" in classifier.get_params():
        classifier.set_params(random_state=model.seed)
    if "break_ties" in classifier.get_params():
        classifier.set_params(break_ties=True)
    return classifier


def choose_threshold(entry: dict[str, Any], crossval: pd.DataFrame) -> float | None:
    """Return the decision threshold that params.yaml asks for.

    Args:
        entry: the entry of the model.
        crossval: the cross-validated predictions to choose it on.

    Returns:
        None if params.yaml asks for none.
    """
    rule = entry["hyperparameters"].get("threshold")
    if rule is None:
        return None
    if not isinstance(rule, dict):
        return float(rule)

    scores = crossval.filter(regex=SCORE_COLUMNS).iloc[:, 0]
    precision, recall, thresholds = metrics.precision_recall_curve(crossval["label"], scores)
    curve = pd.DataFrame(
        {"precision": precision[:-1], "recall": recall[:-1], "threshold": thresholds}
    )
    curve["f1"] = 2 / (1 / curve["precision"] + 1 / curve["recall"])
    curve["next_lower"] = curve["threshold"].shift(1)
    [(metric, minimum)] = rule.items()
    if metric == "f1":
        best = curve.sort_values(["f1", "threshold"]).iloc[-1]
    else:
        allowed = curve[curve[metric] >= minimum]
        other_metric = "precision" if metric == "recall" else "recall"
        best = allowed.sort_values([other_metric, "threshold"]).iloc[-1]
    return float(best["threshold"] + best["next_lower"]) / 2


def predict(fitted: Pipeline, X: Array, threshold: float | None) -> Array:
    """Return the predictions of a pipeline, with a decision threshold if there is one."""
    if threshold is None:
        return fitted.predict(X)
    if hasattr(fitted, "decision_function"):
        scores = fitted.decision_function(X)
    else:
        scores = fitted.predict_proba(X)[:, 1]
    return scores >= threshold


if __name__ == "__main__":
    command()
