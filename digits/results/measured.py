"""The figures of an experiment, as `evaluate` wrote them to `metrics/<experiment>.json` and its plot tables."""

import csv
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

from digits.evaluation.metrics import METRICS
from digits.io import paths
from digits.io.files import require
from digits.support.errors import ParameterError, PipelineError
from digits.support.parameters import Experiment, Section, validate

from pydantic import Field, FiniteFloat, TypeAdapter

# The columns of the leaderboards, in the terminal and in the report, and one more, the error with its interval.
COLUMNS = [metric for metric in METRICS if metric.heading]
HEADINGS = [*(str(metric.heading) for metric in COLUMNS), "error, % (95 %)"]
BY_IMAGES = "* as if the images were independent; those of one writer are not, so the interval is too narrow"
COSTS = Path("data", "costs.json")  # processor seconds of each experiment's training, where a benchmark measured them

Figures = dict[tuple[str, str, str], float]  # by part, name, and what each is of: a class, a fold, or all
Interval = tuple[float, float]
Share = Annotated[float, Field(ge=0, le=1)]
_finite = TypeAdapter(FiniteFloat).validate_strings


class Results(Section, extra="allow"):
    """What a metrics file holds: at least these figures."""

    accuracy: Share
    baseline: Share
    cv_accuracy: Share | None = None
    __pydantic_extra__: dict[str, FiniteFloat | None]

    def cells(self, name: str) -> list[str]:
        """Return the leaderboard's cells of the experiment of this name; a dash for what was not measured."""
        values = [getattr(self, str(metric.key), None) for metric in COLUMNS]
        found = ["–" if value is None else f"{value:.4f}" for value in values]
        low, high = error_interval(name)
        mark = " " if ("test", "groups", "all") in figures(name) else "*"
        return [*found, f"{100 * (1 - self.accuracy):.2f} ({100 * low:.2f} to {100 * high:.2f}){mark}"]

    @property
    def merit(self) -> float:
        """The out-of-fold accuracy, which models are chosen by; -1 without folds."""
        return -1.0 if self.cv_accuracy is None else self.cv_accuracy

    def rank(self, experiment: Experiment) -> tuple[str, str, float]:
        """Return the key that leaderboards are sorted by: split, task, out-of-fold accuracy from high to low."""
        return experiment.split, experiment.task, -self.merit


def figures(name: str) -> Figures:
    """Read all figures of an experiment, from the table of plots/."""
    return {key: value for key, (value, _) in _rows(name).items()}


def intervals(name: str) -> dict[tuple[str, str, str], Interval]:
    """Read the 95 % intervals of those figures of an experiment that have one."""
    return {key: interval for key, (_, interval) in _rows(name).items() if interval}


def error_interval(name: str) -> Interval:
    """Return the 95 % interval of an experiment's error on the test part, 0 to 1."""
    with reading(name, paths.plots(name) / "figures.csv"):
        low, high = intervals(name)["test", "accuracy", "all"]
        return 1 - high, 1 - low


def _rows(name: str) -> dict[tuple[str, str, str], tuple[float, Interval | None]]:
    with reading(name, paths.plots(name) / "figures.csv") as path:
        return {
            (row["part"], row["figure"], row["of"]): (
                _finite(row["value"]),
                (_finite(row["low"]), _finite(row["high"])) if row["low"] else None,
            )
            for row in csv.DictReader(path.read_text(encoding="utf-8").splitlines())
        }


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
    except (ValueError, LookupError, TypeError, RecursionError, ParameterError) as error:
        again = f"`dvc repro --force evaluate@{name}` makes it again"
        raise PipelineError(f"{path} is damaged ({error}); {again}") from None
