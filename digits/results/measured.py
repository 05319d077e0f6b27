"""The figures of an experiment, as `evaluate` wrote them to `metrics/<experiment>.json` and its plot tables."""

import csv
import json
from collections.abc import Callable
from typing import TypeVar

from digits.evaluation.metrics import METRICS
from digits.io import paths
from digits.io.files import require
from digits.results.intervals import accuracy_interval
from digits.support.errors import ParameterError, PipelineError
from digits.support.parameters import Experiment
from digits.support.section import Section, validate

# The columns of the leaderboards, in the terminal and in the report, and one more, the error with its interval.
COLUMNS = [metric for metric in METRICS if metric.heading]
HEADINGS = [*(str(metric.heading) for metric in COLUMNS), "error, % (95 %)"]

Row = TypeVar("Row")
Figures = dict[tuple[str, str, str], float]  # by part, name, and what each is of: a class, a fold, or all


class Results(Section, extra="allow"):
    """What a metrics file holds, 0 to 1; these figures are sure to be there, the others as they come."""

    accuracy: float
    baseline: float
    cv_accuracy: float | None = None

    def cells(self, tested: int) -> list[str]:
        """Return the leaderboard's cells; a dash for what was not measured.

        Args:
            tested: the number of test images, which the interval follows from.
        """
        values = [getattr(self, str(metric.key), None) for metric in COLUMNS]
        found = ["–" if value is None else f"{value:.4f}" for value in values]
        wrong = 1 - self.accuracy
        low, high = accuracy_interval(round(wrong * tested), tested)
        return [*found, f"{100 * wrong:.2f} ({100 * low:.2f} to {100 * high:.2f})"]

    @property
    def merit(self) -> float:
        """What to choose a model by: its out-of-fold accuracy, and below every such accuracy where it has none.

        The test part is for the model that was chosen: choosing by it would make its figure too good.
        """
        return -1.0 if self.cv_accuracy is None else self.cv_accuracy

    def rank(self, experiment: Experiment) -> tuple[str, str, float]:
        """Return what leaderboards are sorted by: those of one split and task together, the best out of fold first."""
        return experiment.split, experiment.task, -self.merit


def figures(name: str) -> Figures:
    """Read all figures of an experiment, from the table of plots/.

    Raises:
        PipelineError: they are not here, or are damaged.
    """
    rows = _rows(name, "figures", lambda row: ((row["part"], row["figure"], row["of"]), float(row["value"])))
    return dict(rows)


def count_tested(name: str) -> int:
    """Return the number of an experiment's test images, from its confusion matrix, which is in Git."""
    return sum(_rows(name, "confusion", lambda row: int(row["count"]) if row["part"] == "test" else 0))


def read(name: str) -> Results:
    """Read an experiment's figures.

    Raises:
        PipelineError: they are not here, or are damaged.
    """
    path = paths.metrics(name)
    require(path, f"evaluate@{name}")
    try:
        return validate(Results, json.loads(path.read_bytes()), path)
    except (ValueError, ParameterError) as error:  # edited or merged by hand
        again = f"`dvc repro --force evaluate@{name}` makes it again"
        raise PipelineError(f"{path} is damaged ({str(error).removeprefix(f'{path}: ')}); {again}") from None


def _rows(name: str, plot: str, parse: Callable[[dict[str, str]], Row]) -> list[Row]:
    """Return what `parse` makes of each row of one of an experiment's plot tables."""
    path = paths.plots(name) / f"{plot}.csv"
    require(path, f"evaluate@{name}")
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return [parse(row) for row in csv.DictReader(file)]
    except (ValueError, KeyError, TypeError) as error:  # edited or merged by hand
        raise PipelineError(
            f"{path} is damaged ({error}); `dvc repro --force evaluate@{name}` makes it again"
        ) from None
