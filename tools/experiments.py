"""Print the runs of `dvc exp run`, what each of them changed, and how good it was.

`dvc exp show` has a column for every figure of every experiment, which no screen can hold. Here a run has a line below
each experiment of params.yaml that it changed, the best out-of-fold accuracy first: whoever chooses by the test part
has no honest figure left.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any, NamedTuple

from digits.common import cli
from digits.common.errors import PipelineError
from tools.table import print_table

COLUMNS = ["experiment", "run", "what it changed", "test accuracy", "out-of-fold"]
Values = dict[str, Any]


class Run(NamedTuple):
    """A run, or the commit that runs started from.

    Attributes:
        name: its name, or the first digits of the commit.
        state: queued, running or failed; a dash when it is done.
        parameters: all of params.yaml, by dotted path.
        metrics: the figures of each experiment, by dotted path; none before it is done.
    """

    name: str
    state: str
    parameters: Values
    metrics: dict[str, Values]


def flat(values: Values, prefix: str = "") -> Values:
    """Return nested values by their dotted path."""
    found: Values = {}
    for key, value in values.items():
        found |= flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return found


def read(name: str | None, shown: Values, executor: Values | None = None) -> Run:
    """Take a run from what DVC shows of it."""
    state = executor["state"] if executor and executor["state"] in {"queued", "running", "failed"} else "–"
    data = shown["data"]
    files = data["metrics"] if state == "–" else {}
    metrics = {path[len("metrics/") : -len(".json")]: flat(file.get("data", {})) for path, file in files.items()}
    return Run(name or shown["rev"][:7], state, flat(data["params"]["params.yaml"]["data"]), metrics)


def ask(commit: str) -> tuple[Run, list[Run]]:
    """Ask DVC for a commit and for the runs that started from it.

    Raises:
        PipelineError: DVC cannot tell; its own words say why.
    """
    command = [sys.executable, "-m", "dvc", "exp", "show", "--json", "--hide-workspace", "--rev", commit]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PipelineError(done.stderr.removeprefix("ERROR: "))
    (start,) = json.loads(done.stdout)
    runs = [read(run["name"], run["revs"][0], run["executor"]) for run in start["experiments"] or []]
    return read(start["name"], start), runs


def line(run: Run, experiment: str, parameters: Values) -> list[str]:
    """Return the cells of a run, but for the first."""
    words = (f"{path.rsplit('.', 1)[-1]}={value}" for path, value in parameters.items())
    measured = run.metrics.get(experiment, {})
    accuracies = (measured.get(path) for path in ("accuracy", "cv_accuracy"))
    return [run.name, ", ".join(words), *(run.state if value is None else f"{value:.4f}" for value in accuracies)]


def rows(start: Run, runs: list[Run]) -> Iterator[list[str]]:
    """Yield the cells for every experiment that a run changed: first the commit's, then the runs'."""
    before = start.parameters
    for experiment in dict.fromkeys(path.split(".")[1] for path in before if path.startswith("experiments.")):
        own = f"experiments.{experiment}."
        measured = start.metrics.get(experiment)
        touched: Values = {}
        lines = []
        for run in runs:
            changed = {path: value for path, value in run.parameters.items() if before.get(path, ...) != value}
            if any(path.startswith(own) for path in changed) or run.metrics.get(experiment, measured) != measured:
                own_or_shared = [
                    path for path in changed if path.startswith(own) or not path.startswith("experiments.")
                ]
                touched |= {path: before[path] for path in own_or_shared if path in before}
                lines.append(["", *line(run, experiment, {path: changed[path] for path in own_or_shared})])
        if lines:
            yield [experiment, *line(start, experiment, touched)]
            yield from sorted(lines, key=lambda cells: (cells[-1][0].isdigit(), cells[-1]), reverse=True)


def main() -> None:
    """Ask, compare, print."""
    parser = cli.parser(__doc__, "", "main~1")
    parser.add_argument("commit", nargs="?", default="HEAD", help="the commit that they started from (default: HEAD)")
    commit = parser.parse_args().commit
    lines = list(rows(*ask(commit)))
    if not lines:
        cli.note(f"no run from {commit} changed anything; `dvc exp list --all-commits` lists all runs")
        return
    print_table(COLUMNS, lines, left=3)


if __name__ == "__main__":
    cli.run(main)
