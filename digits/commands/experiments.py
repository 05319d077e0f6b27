"""List the runs of a model with other parameters, best first."""

import json
import subprocess
from typing import Any, NamedTuple

from digits.commands import columns, examples
from digits.commands.compare import Revision, compare_revisions
from digits.core import params, paths
from digits.core.errors import UserError, check_choice
from digits.core.params import FILE
from digits.results.differences import Difference
from digits.results.formatting import (
    NO_VALUE,
    format_metric,
    format_p_value,
    format_points,
    print_table,
)

import click
import pandas as pd

METRICS = ["cv_accuracy", "cv_std"]  # keys of metrics/<model>.json

# The headings of the columns behind the run and its parameters.
HEADINGS = ["CV\naccuracy", "CV\nstd", "difference\n(points)", "p", "state"]

LEGEND = "p >= 0.01: no significant difference from the last commit"
MAX_CELL_WIDTH = 24  # of a parameter's value

COLUMNS = {
    "CV accuracy": "The mean accuracy of the folds. The rows are sorted by it.",
    "CV std": "The standard deviation of the accuracies of the folds.",
    "difference": (
        "The accuracy of the run minus the accuracy of the last commit, in percentage points, "
        "as `digits compare` prints it. It is missing if the run used other images or folds, "
        "or if its predictions cannot be read."
    ),
    "p": "The p-value. The difference is significant if it is below 0.01.",
    "state": "The state of the run, such as queued, failed or done.",
}


class Row(NamedTuple):
    """A row of the table of runs: a run, or the last commit."""

    name: str
    changes: dict[str, Any]  # the parameters that differ from those of the commit
    metrics: dict[str, float]
    difference: Difference | None  # from the commit, if they can be compared
    state: str


@click.command(epilog=columns(COLUMNS) + examples("experiments small-digit-svc"))
@click.argument("model")
def command(model: str) -> None:
    """List the runs of MODEL that started from the last commit, best first.

    `dvc exp run` starts or queues a run. Each row shows the parameters that differ from those
    of the last commit. The last commit has a row, too.
    """
    check_choice("MODEL", model, params.load().models)
    commit = read_last_commit()
    committed_params = flatten_parameters(commit)
    prefix = f"models.{model}."
    if f"{prefix}task" not in committed_params:
        raise UserError(
            f"{model} is not in the last commit, which its runs are compared with; run "
            f"`digits repro {model}`, then `git commit`"
        )
    short_revision = commit["rev"][:7]
    rows = make_rows(commit, committed_params, model)
    if not rows:
        queue = f"dvc exp run --queue -S {prefix}hyperparameters.KEY=VALUE evaluate@{model}"
        print(f"No run starts from {short_revision}; `{queue}` queues one.")
        return

    metrics = read_run_metrics(commit, model)
    rows.append(Row(short_revision, {}, metrics, None, "last commit"))
    rows.sort(key=sort_key, reverse=True)
    print_rows(rows, committed_params, prefix)


def print_rows(rows: list[Row], committed_params: dict[str, Any], prefix: str) -> None:
    """Print the table of runs, and the legend if a difference is not significant.

    Args:
        rows: the rows.
        committed_params: the parameters of the last commit.
        prefix: what the paths of the model's parameters start with, which is not printed.
    """
    keys = sorted({key for row in rows for key in row.changes})
    table = []
    for row in rows:
        values = committed_params | row.changes
        shown_values = [f"{values.get(key, NO_VALUE)!s:.{MAX_CELL_WIDTH}}" for key in keys]
        metrics = [format_metric(row.metrics.get(key)) for key in METRICS]
        difference = format_difference_from_commit(row.difference)
        table.append([row.name, *shown_values, *metrics, *difference, row.state])
    short_keys = [key.removeprefix(prefix).removeprefix("hyperparameters.") for key in keys]
    print_table(["run", *short_keys, *HEADINGS], table)

    differences = [row.difference for row in rows if row.difference is not None]
    tested = [difference for difference in differences if difference.test is not None]
    if not all(difference.is_significant for difference in tested):
        print(f"\n{LEGEND}")


def format_difference_from_commit(difference: Difference | None) -> list[str]:
    """Return the difference of a run from the last commit in points, and its p-value."""
    if difference is None:
        return [NO_VALUE, NO_VALUE]
    return [format_points(difference.points), format_p_value(difference.p_value)]


def sort_key(row: Row) -> float:
    """Return what the rows are sorted by. Those without metrics come last."""
    return row.metrics.get("cv_accuracy", -1)


def read_last_commit() -> dict[str, Any]:
    """Return what `dvc exp show` says of the last commit and of its runs."""
    show = ["dvc", "exp", "show", "--json"]
    output = subprocess.check_output(show, text=True, stderr=subprocess.DEVNULL)
    revisions = json.loads(output)
    return revisions[-1]  # the first one is the workspace


def make_rows(
    commit: dict[str, Any], committed_params: dict[str, Any], model_name: str
) -> list[Row]:
    """Return one row per run that changed a model or its parameters.

    Args:
        commit: the last commit, as `dvc exp show --json` has it.
        committed_params: its parameters, as `flatten_parameters` returns them.
        model_name: the model.
    """
    committed = Revision("HEAD")
    rows = []
    for experiment in commit["experiments"] or []:
        run = experiment["revs"][0]
        if not run.get("data"):  # DVC could not read the run
            continue
        executor = experiment.get("executor") or {"state": "success"}
        row = make_row(run, executor["state"], committed_params, committed, model_name)
        if row is not None:
            rows.append(row)
    return rows


def make_row(
    run: dict[str, Any],
    state: str,
    committed_params: dict[str, Any],
    committed: Revision,
    model_name: str,
) -> Row | None:
    """Return the row of a run, or None if it only ran other models.

    Args:
        run: the run, as `dvc exp show --json` has it.
        state: `success` if the run has finished.
        committed_params: the parameters of the commit that it started from.
        committed: the predictions of this commit.
        model_name: the model.
    """
    changes = changed_parameters(flatten_parameters(run), committed_params, model_name)
    outputs = [
        paths.model(model_name),
        paths.crossval(model_name),
        paths.predictions(model_name),
    ]
    has_new_outputs = False
    if state == "success":
        revision = Revision(run["rev"])
        checksums = revision.compute_checksums(*outputs)
        has_new_outputs = checksums != committed.compute_checksums(*outputs)
    if not changes and not has_new_outputs:
        return None

    metrics = {}
    difference = None
    if has_new_outputs:
        metrics = read_run_metrics(run, model_name)
        difference = compare_with_commit(committed, revision, model_name)
    return Row(
        name=run.get("name") or run["rev"][:7],
        changes=changes,
        metrics=metrics,
        difference=difference,
        state="done" if state == "success" else state,
    )


def changed_parameters(
    after: dict[str, Any], before: dict[str, Any], model_name: str
) -> dict[str, Any]:
    """Return the parameters that a model depends on, and that differ from those of the commit.

    Args:
        after: the parameters of the run.
        before: the parameters of the commit that it started from.
        model_name: the model.
    """
    task = after.get(f"models.{model_name}.task")
    split = after.get(f"tasks.{task}.split")
    prefixes = ("seed", f"models.{model_name}.", f"tasks.{task}.", f"splits.{split}.")
    changes = {}
    for key in before | after:  # the keys of both
        has_effect = not key.endswith(("description", "tutorial"))
        if key.startswith(prefixes) and has_effect and before.get(key) != after.get(key):
            changes[key] = after.get(key, NO_VALUE)
    return changes


def flatten_parameters(run: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters of a run by their paths, such as `models.two-logreg.folds`.

    Args:
        run: a run or a commit, as `dvc exp show --json` has it.
    """
    nested = run["data"]["params"][FILE.name]["data"]
    flat = pd.json_normalize(nested).astype(object).iloc[0]
    return {str(key): value for key, value in flat.items()}


def read_run_metrics(run: dict[str, Any], model_name: str) -> dict[str, float]:
    """Return the metrics of a model in a run, or nothing if the run has none.

    Args:
        run: a run or a commit, as `dvc exp show --json` has it.
        model_name: the model.
    """
    file = paths.metrics(model_name).as_posix()
    return run["data"]["metrics"].get(file, {}).get("data") or {}


def compare_with_commit(
    committed: Revision, revision: Revision, model_name: str
) -> Difference | None:
    """Return the difference of a run from the commit that it started from.

    If their predictions cannot be compared, for example because they are missing, it is None.
    """
    try:
        return compare_revisions(committed, revision, model_name, model_name)
    except UserError:
        return None
