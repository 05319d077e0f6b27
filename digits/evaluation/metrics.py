"""Metrics by scikit-learn's functions. `METRICS` lists them: a new one is a function and an entry there."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from digits.core.tables import Group, Vector
from digits.evaluation.part import Part

import numpy as np
import pandas as pd
from scipy.stats import binomtest, ttest_1samp
from sklearn import metrics

ALL = "all"  # what a figure is of, if not of one class or one fold
MOST = 100  # folds, or groups, that are listed one by one
FEWEST_GROUPS = 6  # for an interval; fewer say too little about others
TINY = 1e-9


class Metric(NamedTuple):
    """A metric, and where it is shown."""

    name: str  # in plots/<experiment>/figures.csv
    function: Callable[[Part], Any]  # a value, or several by what each is of; with an interval (value, low, high)
    key: str | None = None  # in metrics/<experiment>.json; six have one, so that DVC's tables of them fit a screen
    heading: str | None = None  # of its column in the leaderboard; it needs a key
    caption: str | None = None  # in the report's table of measures


def interval(is_right: Vector, group: Group = None) -> tuple[float, float] | None:
    """Return the ends of the 95 % interval of the share of rows that are right, 0 to 1; vectors have the shape (rows,).

    It is Wilson's, or Student's of the groups; None without rows, with fewer than six groups, or with all alike.
    """
    if group is None:
        right, rows = int(is_right.sum()), len(is_right)
        return tuple(binomtest(right, rows).proportion_ci(method="wilson")) if rows else None
    values = of_groups(is_right, group)
    if len(values) < FEWEST_GROUPS or np.ptp(values) < TINY:
        return None
    low, high = ttest_1samp(values, 0).confidence_interval()
    return max(float(low), 0.0), min(float(high), 1.0)


def of_groups(values: Vector, group: Group) -> Vector:
    """Return a value for each group, shape (groups,), whose mean is that of all rows: a large group counts for more."""
    numbers, of_row = np.unique(np.asarray(group), return_inverse=True)
    mean = values.mean()
    return mean + np.bincount(of_row, values - mean) * len(numbers) / len(values)


def share(part: Part, among: Vector | None = None) -> tuple[float | None, ...]:
    """Return the share of rows that are right, among all or some, 0 to 1, and its interval; 0 where there are none."""
    chosen = slice(None) if among is None else among
    is_right, group = part.is_right[chosen], None if part.group is None else part.group[chosen]
    return float(is_right.sum() / max(len(is_right), 1)), *(interval(is_right, group) or (None, None))


def by(column: str, part: Part) -> dict[str, float]:
    """Return the accuracy of each `fold` or `group`, 0 to 1; nothing where there are none, or too many."""
    if column not in part.predictions or part.predictions[column].nunique() > MOST:
        return {}
    names: dict[Any, Any] = dict(enumerate(part.attrs.get(f"{column}_names", ())))
    found = pd.Series(part.is_right).groupby(part.predictions[column].to_numpy()).mean()
    return {f"{column} {names.get(i, i)}": mean for i, mean in found.items()}


def of_folds(function: Callable[[list[float]], float], part: Part) -> float | None:
    """Return a function of the folds' accuracies, such as their mean; None without folds."""
    return function([*folds.values()]) if (folds := by("fold", part)) else None


def baseline(part: Part) -> float:
    """Return the accuracy of always predicting the majority class of the training part, 0 to 1."""
    return (part.y_true == np.bincount(part.y_train).argmax()).mean()


def by_class(function: Callable[[Part, int], Any], part: Part) -> dict[str, Any]:
    """Return a value for each class that has rows."""
    labels = zip(part.names, part.classes.tolist(), strict=True)
    return {name: function(part, label) for name, label in labels if (part.y_true == label).any()}


def overall(function: Callable[..., float], part: Part) -> float:
    """Return one of scikit-learn's scores of the second of two classes, else its mean over those that have rows."""
    labels = part.classes[1:] if part.is_detector else np.unique(part.y_true)
    return function(part.y_true, part.y_pred, labels=labels, average="macro", zero_division=0)


def of_ranking(function: Callable[[Vector, Vector], float], part: Part) -> float | None:
    """Return one of scikit-learn's scores of a detector's ranking, where both classes have rows."""
    return function(part.columns, part.scores) if part.is_detector and 0 < part.columns.mean() < 1 else None


def log_loss(part: Part) -> float:
    """Return the mean negative logarithm (natural) of the true class's probability; 0 is perfect."""
    return metrics.log_loss(part.columns, part.probabilities, labels=range(len(part.classes)))


METRICS = [
    Metric("accuracy", share, key="accuracy", heading="test", caption="accuracy"),
    Metric("accuracy", partial(by, "fold")),
    Metric("accuracy", partial(by, "group")),
    Metric("accuracy_mean", partial(of_folds, np.mean), key="cv_accuracy", heading="out of fold"),
    Metric("accuracy_std", partial(of_folds, np.std), key="cv_std"),
    Metric("baseline", baseline, key="baseline"),
    Metric("precision", partial(overall, metrics.precision_score), key="precision", caption="precision"),
    Metric("recall", partial(overall, metrics.recall_score), key="recall", caption="recall"),
    Metric("f1", partial(overall, metrics.f1_score), caption="F1"),
    Metric("roc_auc", partial(of_ranking, metrics.roc_auc_score), caption="area under the ROC curve"),
    Metric("average_precision", partial(of_ranking, metrics.average_precision_score), caption="average precision"),
    Metric("log_loss", log_loss, caption="log loss"),
    Metric("precision", partial(by_class, lambda part, label: share(part, part.y_pred == label))),
    Metric("recall", partial(by_class, lambda part, label: share(part, part.y_true == label))),
    Metric("f1", partial(by_class, lambda part, label: metrics.f1_score(part.y_true == label, part.y_pred == label))),
    Metric("count", partial(by_class, lambda part, label: (part.y_true == label).sum())),
]


def figures(part: Part) -> pd.DataFrame:
    """Return `figure`, what it is `of`, its `value`, and the ends of its interval, for each metric of these rows."""
    rows = []
    for metric in METRICS:
        found = metric.function(part)
        for of, value in found.items() if isinstance(found, dict) else [(ALL, found)] * (found is not None):
            rows.append((metric.name, of, *(value if isinstance(value, tuple) else (value, np.nan, np.nan))))
    return pd.DataFrame(rows, columns=["figure", "of", "value", "low", "high"])


def summarize(table: pd.DataFrame) -> dict[str, float]:
    """Return the figures that branches are compared by, under their keys: the test part's, else those out of fold."""
    of_all = table[table["of"] == ALL].sort_values("part")  # the test part's last, where both have it
    found = dict(zip(of_all["figure"], of_all["value"], strict=True))
    return {metric.key: found[metric.name] for metric in METRICS if metric.key and metric.name in found}
