"""What the report's page says of an experiment, on the test part and out of fold."""

import hashlib
from pathlib import Path
from typing import Any, NamedTuple

from digits.io import paths, tables
from digits.io.files import DECIMALS
from digits.report import confused
from digits.report.board import Errors
from digits.report.content import Dataset
from digits.report.plots import Plots, read_plots
from digits.results import measured as results
from digits.results import wording
from digits.results.measured import Figures, Results
from digits.results.predictions import read_predictions
from digits.support.errors import PipelineError
from digits.support.parameters import Experiment, Parameters, Task

import yaml


class Evaluated(NamedTuple):
    """An experiment.

    Attributes:
        block: what params.yaml says of it.
        positive: the names of its positive classes; None for a task of several classes.
        wrong, tested: the number of mistakes on the test part, and of its images.
        measured: all figures.
        mistakes: the rows of the most confident ones, each in words.
        digests: the MD5 of each of its files.
    """

    name: str
    block: Experiment
    dataset: Dataset
    positive: list[str] | None
    wrong: int
    tested: int
    result: Results
    measured: Figures
    plots: Plots
    pairs: list[confused.Pair]
    mistakes: list[tuple[int, str]]
    digests: dict[Path, str]

    @property
    def task(self) -> str:
        """Its task, with its split."""
        return f"{self.block.task} on {self.block.split}"

    @property
    def errors(self) -> Errors:
        """For the leaderboard's picture."""
        return Errors.of(self.result, self.tested)

    @property
    def rule(self) -> dict[str, Any]:
        """What chose its threshold, such as `{"recall": 0.9}`; empty where nothing did."""
        rule = self.block.hyperparameters.get("threshold")
        return rule if isinstance(rule, dict) else {}

    @property
    def parameters(self) -> str:
        """Its block as YAML, without what people wrote about it."""
        return str(yaml.safe_dump(self.block.model_dump(exclude={"description", "tutorial"}), sort_keys=False))


def describe(name: str, params: Parameters, dataset: Dataset) -> Evaluated:
    """Return what the page says of an experiment, from its block of params.yaml and its files.

    Raises:
        PipelineError: a file is missing or damaged, or they are not of the same run.
    """
    again = f"`dvc repro --force evaluate@{name}` makes them again"
    experiment = params.block(Experiment, name)
    positive = params.block(Task, experiment.task).labels(dataset.own_names)
    names = wording.label_names(experiment.task, positive, dataset.own_names)
    predictions = read_predictions(name, len(dataset.classes))
    result, measured = results.read(name), results.figures(name)
    y_true, y_pred = (tables.column(predictions, key) for key in ("label", "prediction"))
    if abs((y_true == y_pred).mean() - result.accuracy) > 10**-DECIMALS:
        raise PipelineError(f"{paths.predictions(name)} and {paths.metrics(name)} are not of the same run; {again}")
    try:
        plots = read_plots(name, measured, names, dataset, is_detector=positive is not None)
    except (ValueError, LookupError, TypeError, NameError, RecursionError) as error:  # edited or merged by hand
        raise PipelineError(f"the plots of {name} are damaged ({error}); {again}") from None
    has_folds = "cross_validation" in plots.matrices and paths.out_of_fold(name).exists()
    out_of_fold = read_predictions(name, len(dataset.classes), "train") if has_folds else None
    temperature = measured.get(("cross_validation", "temperature", "all"))
    files = (paths.model(name), paths.predictions(name), paths.metrics(name))
    return Evaluated(
        name,
        experiment,
        dataset,
        [dataset.names[label] for label in positive] if positive else None,
        int((y_true != y_pred).sum()),
        len(y_true),
        result,
        measured,
        plots,
        confused.pairs(predictions, out_of_fold, dataset, names),
        confused.gallery(predictions, dataset, names, temperature),
        # A table in several files has none of its own.
        {path: hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest() for path in files if path.is_file()},
    )
