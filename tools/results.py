"""The figures of an experiment, as `evaluate` wrote them to `metrics/<experiment>.json` and its plot tables."""

import csv
import json
from typing import Any

from digits.common import paths
from digits.common.errors import ParameterError, PipelineError
from digits.common.files import require
from digits.common.parameters import Experiment
from digits.common.section import Section, validate
from tools.intervals import accuracy_interval

# The columns of the leaderboards, in the terminal and in the report: heading, place in the metrics, format. One more
# follows, the error with its interval.
COLUMNS = [
    ("test accuracy", "test.accuracy", ".4f"),
    ("out-of-fold", "cross_validation.accuracy_mean", ".4f"),
    ("baseline", "test.baseline_accuracy", ".4f"),
]
HEADINGS = [*(heading for heading, _, _ in COLUMNS), "error, % (95 %)"]


class Test(Section, extra="allow"):
    """Figures of the test part, 0 to 1."""

    accuracy: float
    baseline_accuracy: float
    error_rate: float


class CrossValidation(Section, extra="allow"):
    """Figures out of fold, 0 to 1."""

    accuracy_mean: float


class Calibration(Section, extra="allow"):
    """The temperature that turns scores into probabilities, above 0, of an experiment with folds."""

    temperature: float


class Results(Section, extra="allow"):
    """What a metrics file holds; these figures are sure to be there, the others as they come."""

    test: Test
    cross_validation: CrossValidation | None = None
    calibration: Calibration | None = None

    def cells(self, tested: int) -> list[str]:
        """Return the leaderboard's cells; a dash for what was not measured.

        Args:
            tested: the number of test images, which the interval follows from.
        """
        found = []
        for _, place, form in COLUMNS:
            value: Any = self
            for key in place.split("."):
                value = getattr(value, key, None)
            found.append("–" if value is None else f"{value:{form}}")
        low, high = accuracy_interval(round(self.test.error_rate * tested), tested)
        return [*found, f"{100 * self.test.error_rate:.2f} ({100 * low:.2f} to {100 * high:.2f})"]

    @property
    def merit(self) -> float:
        """What to choose a model by: its out-of-fold accuracy, and below every such accuracy where it has none.

        The test part is for the model that was chosen: choosing by it would make its figure too good.
        """
        return self.cross_validation.accuracy_mean if self.cross_validation else -1.0

    def rank(self, experiment: Experiment) -> tuple[str, str, float]:
        """Return what leaderboards are sorted by: those of one split and task together, the best out of fold first."""
        return experiment.split, experiment.task, -self.merit


def count_tested(name: str) -> int:
    """Return the number of an experiment's test images, from its confusion matrix, which is in Git."""
    path = paths.plots(name) / "confusion.csv"
    require(path, f"evaluate@{name}")
    try:
        with path.open(encoding="utf-8", newline="") as file:
            counts = [int(row["count"]) for row in csv.DictReader(file) if row["part"] == "test"]
    except (ValueError, KeyError, TypeError) as error:  # edited or merged by hand
        raise PipelineError(
            f"{path} is damaged ({error}); `dvc repro --force evaluate@{name}` makes it again"
        ) from None
    return sum(counts)


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
