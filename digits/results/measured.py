"""The figures of an experiment, as `evaluate` wrote them to `metrics/<experiment>.json` and its plot tables."""

import csv
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from digits.evaluation.metrics import METRICS
from digits.io import paths
from digits.io.files import require
from digits.results.intervals import accuracy_interval
from digits.support.errors import ParameterError, PipelineError
from digits.support.parameters import Experiment, Section, validate

# The columns of the leaderboards, in the terminal and in the report, and one more, the error with its interval.
COLUMNS = [metric for metric in METRICS if metric.heading]
HEADINGS = [*(str(metric.heading) for metric in COLUMNS), "error, % (95 %)"]

Figures = dict[tuple[str, str, str], float]  # by part, name, and what each is of: a class, a fold, or all


class Results(Section, extra="allow"):
    """What a metrics file holds, 0 to 1: at least these figures."""

    accuracy: float
    baseline: float
    cv_accuracy: float | None = None

    def cells(self, tested: int) -> list[str]:
        """Return the leaderboard's cells, given the number of test images; a dash for what was not measured."""
        values = [getattr(self, str(metric.key), None) for metric in COLUMNS]
        found = ["–" if value is None else f"{value:.4f}" for value in values]
        low, high = self.error_interval(tested)
        return [*found, f"{100 * (1 - self.accuracy):.2f} ({100 * low:.2f} to {100 * high:.2f})"]

    def error_interval(self, tested: int) -> tuple[float, float]:
        """Return the 95 % interval of the error, 0 to 1, given the number of test images."""
        return accuracy_interval(round((1 - self.accuracy) * tested), tested)

    @property
    def merit(self) -> float:
        """What to choose a model by: its out-of-fold accuracy, never that of the test part."""
        return -1.0 if self.cv_accuracy is None else self.cv_accuracy

    def rank(self, experiment: Experiment) -> tuple[str, str, float]:
        """Return what leaderboards are sorted by: those of one split and task together, the best out of fold first."""
        return experiment.split, experiment.task, -self.merit


def figures(name: str) -> Figures:
    """Read all figures of an experiment, from the table of plots/."""
    with reading(name, paths.plots(name) / "figures.csv") as path:
        rows = csv.DictReader(path.read_text(encoding="utf-8").splitlines())
        return {(row["part"], row["figure"], row["of"]): float(row["value"]) for row in rows}


def count_tested(name: str) -> int:
    """Return the number of an experiment's test images."""
    counts = [value for (part, figure, _), value in figures(name).items() if (part, figure) == ("test", "count")]
    return int(sum(counts))


def read(name: str) -> Results:
    """Read an experiment's metrics."""
    with reading(name, paths.metrics(name)) as path:
        return validate(Results, json.loads(path.read_text(encoding="utf-8")), path)


@contextmanager
def reading(name: str, path: Path) -> Iterator[Path]:
    """Report in one line, as a PipelineError, that results of an experiment are missing, or damaged by an edit."""
    require(path, f"evaluate@{name}")
    try:
        yield path
    except (ValueError, LookupError, TypeError, ParameterError) as error:
        again = f"`dvc repro --force evaluate@{name}` makes it again"
        raise PipelineError(f"{path} is damaged ({error}); {again}") from None
