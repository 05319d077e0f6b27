"""The figures of an experiment, as `evaluate` has written them."""

from pathlib import Path

from pydantic import ValidationError

from digits.common.cli import PipelineError
from digits.common.parameters import Section
from tools.report.sections import Experiment


class Test(Section, extra="allow"):
    """Figures of the test part, 0 to 1."""

    accuracy: float
    baseline_accuracy: float
    error_rate: float


class CrossValidation(Section, extra="allow"):
    """Figures out of fold, 0 to 1."""

    accuracy_mean: float


class Calibration(Section, extra="allow"):
    """What makes honest probabilities of the scores, above 0."""

    temperature: float


class Measured(Section, extra="allow"):
    """All of `metrics/<experiment>.json`, of which those figures are sure to be there that somebody looks up."""

    test: Test
    cross_validation: CrossValidation | None = None
    calibration: Calibration


def rank(experiment: Experiment, measured: Measured) -> tuple[str, str, float]:
    """Return what leaderboards are sorted by: those of one split and task together, the smallest error first."""
    return experiment.split, experiment.task, measured.test.error_rate


def read(path: Path) -> Measured:
    """Read `metrics/<experiment>.json`.

    Raises:
        PipelineError: it is damaged.
        OSError: it is not there.
    """
    try:
        return Measured.model_validate_json(path.read_bytes())
    except ValidationError as error:  # edited or merged by hand
        fault = error.errors()[0]
        where = ".".join(map(str, fault["loc"]))
        raise PipelineError(
            f"{path} is damaged ({where + ': ' if where else ''}{fault['msg']}); "
            f"`dvc repro --force evaluate@{path.stem}` makes it again"
        ) from None
