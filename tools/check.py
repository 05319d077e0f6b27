"""Check all of params.yaml before any work: every value, and that every name leads somewhere.

Says nothing when all is well. On the first fault: one line, exit status 2.
"""

from collections.abc import Mapping
from typing import Any

from digits.common import cli, parameters
from digits.common.cli import ParameterError
from digits.common.parameters import FILE
from stages.binarize import Task
from stages.fetch import Dataset
from stages.split import Split, count_tested
from stages.train import Experiment, build
from tools.search import Search, pipelines

SECTIONS = ["seed", "datasets", "splits", "tasks", "experiments", "searches"]


def check(values: Mapping[str, Any]) -> None:
    """Check the content of params.yaml.

    Raises:
        ParameterError: something is wrong; the first fault is named.
    """
    for key in values:
        parameters.choose(f"{FILE}", key, SECTIONS)
    seed = parameters.seed(values)
    datasets = parameters.section(values, "datasets", Dataset)
    splits = parameters.section(values, "splits", Split)
    tasks = parameters.section(values, "tasks", Task)
    experiments = parameters.section(values, "experiments", Experiment)

    for name, split in splits.items():
        where = f"{FILE}: splits.{name}"
        parameters.choose(f"{where}.dataset", split.dataset, datasets)
        try:
            count_tested(datasets[split.dataset].rows, split.test)
        except ParameterError as error:
            raise ParameterError(f"{where}.{error}") from None
    for name, task in tasks.items():
        if len(set(task.positive or [])) < len(task.positive or []):
            raise ParameterError(f"{FILE}: tasks.{name}.positive: {task.positive} names a digit twice")
    for name, experiment in experiments.items():
        where = f"{FILE}: experiments.{name}"
        parameters.choose(f"{where}.split", experiment.split, splits)
        parameters.choose(f"{where}.task", experiment.task, tasks)
        dataset = splits[experiment.split].dataset
        _check_digits(f"{FILE}: tasks.{experiment.task}", tasks[experiment.task], dataset, datasets[dataset].classes)
        try:
            build(experiment, seed)
        except ParameterError as error:
            raise ParameterError(f"{where}: {error}") from None
    searches = parameters.section(values, "searches", Search) if "searches" in values else {}
    for name, search in searches.items():
        parameters.choose(f"{FILE}: searches", name, experiments)
        try:
            pipelines(search, experiments[name], seed)
        except ParameterError as error:
            raise ParameterError(f"{FILE}: searches.{name}.{error}") from None


def _check_digits(where: str, task: Task, dataset: str, classes: int) -> None:
    for digit in task.positive or []:
        if digit >= classes:
            raise ParameterError(f"{where}.positive: {dataset} has no digit {digit}; allowed: 0 to {classes - 1}")
    if len(task.positive or []) == classes:
        raise ParameterError(f"{where}.positive: all {classes} digits of {dataset} are positive; leave one out")


def main() -> None:
    """Read and check."""
    cli.parser(__doc__, "-m tools.check").parse_args()
    check(parameters.load())


if __name__ == "__main__":
    cli.run(main)
