"""Look up the metrics of a model."""

from dataclasses import dataclass
from typing import Self

from digits.evaluation.metrics import OVERALL

import pandas as pd

# The metrics in the table of a model, and their captions there.
CAPTIONS = {
    "accuracy": "accuracy",
    "precision": "precision",
    "recall": "recall",
    "f1": "F1",
    "roc_auc": "area under the ROC curve",
    "average_precision": "average precision",
    "log_loss": "log loss",
}

# The subset, the name and the slice of a metric, as in plots/<model>/metrics.csv.
Key = tuple[str, str, str]


@dataclass(frozen=True)
class ModelMetrics:
    """All metrics of a model, from plots/<model>/metrics.csv.

    Attributes:
        values: the value of each metric.
        intervals: the ends of its 95 % confidence interval, if it has one.
    """

    values: dict[Key, float]
    intervals: dict[Key, tuple[float, float]]

    @classmethod
    def from_table(cls, table: pd.DataFrame) -> Self:
        """Return the metrics in a table that `read_metrics_table` has read."""
        values = {}
        intervals = {}
        for key, value, low, high in table[["value", "low", "high"]].itertuples():
            values[key] = value
            if low <= high:  # false if there is no interval, because both are NaN
                intervals[key] = (low, high)
        return cls(values, intervals)

    def value(self, subset: str, metric: str, slice_name: str = OVERALL) -> float | None:
        """Return a metric, or None if the model doesn't have it."""
        return self.values.get((subset, metric, slice_name))

    def interval(
        self, subset: str, metric: str, slice_name: str = OVERALL
    ) -> tuple[float, float] | None:
        """Return the confidence interval of a metric, or None if it has none."""
        return self.intervals.get((subset, metric, slice_name))

    def captions(self) -> dict[str, str]:
        """Return the metrics in the table of the model, and their captions."""
        existing = {metric for _, metric, slice_name in self.values if slice_name == OVERALL}
        return {metric: text for metric, text in CAPTIONS.items() if metric in existing}

    def accuracies(self, kind: str) -> dict[tuple[str, str], float]:
        """Return the accuracies of the slices of a kind, `fold` or `group`.

        Returns:
            The accuracy of each slice, by its subset and its name.
        """
        prefix = f"{kind} "
        accuracies = {}
        for (subset, metric, slice_name), value in self.values.items():
            if metric == "accuracy" and slice_name.startswith(prefix):
                accuracies[subset, slice_name.removeprefix(prefix)] = value
        return accuracies
