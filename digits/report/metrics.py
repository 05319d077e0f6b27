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

# The part, the name and the subset of a metric, as in plots/<model>/metrics.csv.
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

    def value(self, part: str, metric: str, subset: str = OVERALL) -> float | None:
        """Return a metric, or None if the model doesn't have it."""
        return self.values.get((part, metric, subset))

    def interval(
        self, part: str, metric: str, subset: str = OVERALL
    ) -> tuple[float, float] | None:
        """Return the confidence interval of a metric, or None if it has none."""
        return self.intervals.get((part, metric, subset))

    def captions(self) -> dict[str, str]:
        """Return the metrics in the table of the model, and their captions."""
        existing = {metric for _, metric, subset in self.values if subset == OVERALL}
        return {metric: text for metric, text in CAPTIONS.items() if metric in existing}

    def accuracies(self, kind: str) -> dict[tuple[str, str], float]:
        """Return the accuracies of the subsets of a kind, `fold` or `group`.

        Returns:
            The accuracy of each subset, by its part and its name.
        """
        prefix = f"{kind} "
        accuracies = {}
        for (part, metric, subset), value in self.values.items():
            if metric == "accuracy" and subset.startswith(prefix):
                accuracies[part, subset.removeprefix(prefix)] = value
        return accuracies
