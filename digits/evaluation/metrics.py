"""Metrics: what a model's predictions and scores amount to, as numbers.

`METRICS` is the one list of them: a new metric is a function and an entry here (docs/extending.md).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple, TypeVar

from digits.evaluation.intervals import Estimate, interval, mean, share
from digits.evaluation.part import Part, reliability
from digits.io.tables import Vector

import numpy as np

ALL = "all"  # what a figure is of, if not of one class or one fold


MOST_GROUPS = 30  # that are listed one by one

Value = float | Estimate  # an estimate has an interval
Result = TypeVar("Result")


class Metric(NamedTuple):
    """A metric, and where it is shown."""

    name: str  # in plots/<experiment>/figures.csv
    function: Callable[[Part], Value | Mapping[str, Value] | None]  # one value, several by what each is of, or none
    key: str | None = None  # in metrics/<experiment>.json; six have one, so that DVC's tables of them fit a screen
    heading: str | None = None  # of its column in the leaderboards; it needs a key
    caption: str | None = None  # in the report's table of measures


def accuracy(part: Part) -> Estimate:
    """Return the share of predictions that are right, 0 to 1."""
    return share(part.is_right)


def fold_accuracy(part: Part) -> dict[str, float]:
    """Return the accuracy of each fold, 0 to 1; of the test part, which has no folds, nothing."""
    return {} if part.fold is None else _by("fold", part.fold, part)


def of_folds(function: Callable[[list[float]], np.floating[Any]], part: Part) -> float | None:
    """Return a function of the folds' accuracies, such as their mean."""
    return None if part.fold is None else float(function([*fold_accuracy(part).values()]))


def group_accuracy(part: Part) -> dict[str, float]:
    """Return the accuracy of each group, 0 to 1, where there are not too many."""
    found = {} if part.group is None else _by("group", part.group, part, part.group_names)
    return found if len(found) <= MOST_GROUPS else {}


def _by(kind: str, number: Vector, part: Part, names: Sequence[str] = ()) -> dict[str, float]:
    """Return the accuracy of the rows of each number, by the kind and the name, or the number where that has none."""
    named = {i: names[i] if i < len(names) else i for i in np.unique(number)}
    return {f"{kind} {name}": float(part.is_right[number == i].mean()) for i, name in named.items()}


def half_accuracy(part: Part) -> dict[str, Estimate]:
    """Return the accuracy of the halves of a part without groups that is in the dataset's order, 0 to 1.

    MNIST's are by different people. Where two halves differ by more than their intervals, images are not independent.
    """
    if part.group is not None or not part.is_ordered:
        return {}
    is_first = np.arange(len(part.y_true)) < len(part.y_true) / 2
    return {"first half": share(part.is_right, is_first), "second half": share(part.is_right, ~is_first)}


def groups(part: Part) -> float | None:
    """Return the number of groups, which intervals are by."""
    return None if part.group is None else float(len(np.unique(part.group)))


def baseline(part: Part) -> float:
    """Return the accuracy of always predicting the majority class of the training part, 0 to 1."""
    classes, counts = np.unique(part.y_train, return_counts=True)
    return float((part.y_true == classes[counts.argmax()]).mean())


def precision(part: Part, label: int) -> Estimate:
    """Return the share of a class's predictions that are right, 0 to 1; 0 where there are none."""
    return share(part.is_right, part.y_pred == label)


def recall(part: Part, label: int) -> Estimate:
    """Return the share of a class's rows that are found, 0 to 1; 0 where there are none."""
    return share(part.is_right, part.y_true == label)


def f1(part: Part, label: int) -> Estimate:
    """Return the harmonic mean of a class's precision and recall, 0 to 1."""
    is_class, is_predicted = part.y_true == label, part.y_pred == label
    total = int(is_class.sum() + is_predicted.sum())
    value = 2 * int((is_class & is_predicted).sum()) / max(total, 1)
    halves = 2 * (is_class & is_predicted) - value * (is_class.astype(int) + is_predicted)
    return Estimate(value, halves / max(total, 1), total)


def by_class(function: Callable[[Part, int], Result], part: Part) -> dict[str, Result]:
    """Return a value for each class that there are rows of."""
    labels = zip(part.names, part.classes.tolist(), strict=True)
    return {name: function(part, label) for name, label in labels if (part.y_true == label).any()}


def overall(function: Callable[[Part, int], Estimate], part: Part) -> Estimate:
    """Return the value of the second of two classes, else the mean over the classes that there are rows of."""
    return function(part, part.classes[1]) if part.is_detector else mean([*by_class(function, part).values()])


def count(part: Part, label: int) -> int:
    """Return the number of rows of a class."""
    return int((part.y_true == label).sum())


def roc_auc(part: Part) -> Estimate | None:
    """Return the area under a detector's ROC curve, 0 to 1, where both classes have rows.

    It is the share of pairs, a yes and a no, that the scores put in order; how each image moves it is of E. DeLong, D.
    DeLong and D. Clarke-Pearson, Comparing the areas under two or more correlated ROC curves (1988).
    """
    if not part.is_detector or not len(part.y_true) > part.columns.sum() > 0:
        return None
    is_yes = part.columns == 1
    yes, no = np.sort(part.scores[is_yes]), np.sort(part.scores[~is_yes])
    won = np.empty(len(is_yes))  # the share of a row's pairs that are in order; half of one where both score alike
    for own, others in ((is_yes, no), (~is_yes, yes)):
        below = [np.searchsorted(others, part.scores[own], side) for side in ("left", "right")]
        won[own] = np.mean(below, axis=0) / len(others)
    won[~is_yes] = 1 - won[~is_yes]
    value = float(won[is_yes].mean())
    return Estimate(value, (won - value) / np.where(is_yes, len(yes), len(no)), len(is_yes))


def average_precision(part: Part) -> Estimate | None:
    """Return a detector's average precision, 0 to 1, where both classes have rows: the mean precision at each yes."""
    if not part.is_detector or not len(part.y_true) > part.columns.sum() > 0:
        return None
    is_yes = part.columns == 1
    scores, place = np.unique(-part.scores, return_inverse=True)  # the highest first
    yes = np.bincount(place, weights=is_yes, minlength=len(scores))
    found, predicted = np.cumsum(yes), np.cumsum(np.bincount(place))
    precision, total = found / predicted, found[-1]
    value = float((yes * precision).sum() / total)
    # A row adds to its own threshold and to all lower ones: to what is predicted, and to what is found if it is a yes.
    as_found, as_predicted = (np.cumsum(each[::-1])[::-1] for each in (yes / predicted, yes * precision / predicted))
    influence = is_yes * (precision[place] - value + as_found[place]) - as_predicted[place]
    return Estimate(value, influence / total, int(total))


def log_loss(part: Part) -> float:
    """Return the mean negative logarithm (natural) of the true class's probability; 0 is perfect."""
    return float(-np.log(part.probabilities[np.arange(len(part.columns)), part.columns]).mean())


def calibration_error(part: Part) -> float:
    """Return how far confidence and accuracy lie apart, 0 to 1: the mean over the rows of their bins."""
    gaps = [rows * abs(confidence - right) for _, _, rows, confidence, right in reliability(part)]
    return sum(gaps) / len(part.y_true)


METRICS = [
    Metric("accuracy", accuracy, key="accuracy", heading="test accuracy", caption="accuracy"),
    Metric("accuracy", fold_accuracy),
    Metric("accuracy", group_accuracy),
    Metric("accuracy", half_accuracy),
    Metric("groups", groups),
    Metric("accuracy_mean", partial(of_folds, np.mean), key="cv_accuracy", heading="out-of-fold"),
    Metric("accuracy_std", partial(of_folds, np.std), key="cv_std"),
    Metric("baseline", baseline, key="baseline", heading="baseline"),
    Metric("precision", partial(overall, precision), key="precision", caption="precision"),
    Metric("recall", partial(overall, recall), key="recall", caption="recall"),
    Metric("f1", partial(overall, f1), caption="F1"),
    Metric("roc_auc", roc_auc, caption="area under the ROC curve"),
    Metric("average_precision", average_precision, caption="average precision"),
    Metric("log_loss", log_loss, caption="log loss"),
    Metric("calibration_error", calibration_error, caption="calibration error"),
    Metric("precision", partial(by_class, precision)),
    Metric("recall", partial(by_class, recall)),
    Metric("f1", partial(by_class, f1)),
    Metric("count", partial(by_class, count)),
]


def measure(part: Part) -> Iterator[tuple[str, str, float, float | None, float | None]]:
    """Yield (name, what it is of, value, the ends of its interval if it has one) for each metric of these rows."""
    for metric in METRICS:
        found = metric.function(part)
        for of, value in found.items() if isinstance(found, Mapping) else {} if found is None else {ALL: found}.items():
            if isinstance(value, Estimate):
                yield metric.name, of, value.value, *interval(value, part.group)
            else:
                yield metric.name, of, value, None, None


def summarize(figures: Iterable[tuple[Any, ...]]) -> dict[str, float]:
    """Return the figures (part, name, what it is of, value, …) that branches are compared by, under their keys."""
    by_part = sorted(figures, key=lambda figure: figure[0] == "test")  # the test part's, where both have it
    found = {name: value for part, name, of, value, *_ in by_part if of == ALL and part != "train"}
    return {metric.key: found[metric.name] for metric in METRICS if metric.key and metric.name in found}
