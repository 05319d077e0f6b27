"""List the experiments of a model, best first."""

import re
from typing import Any

import click
import dvc.api
import pandas as pd
from dvc.exceptions import DvcException

from digits.commands import columns, examples, format_option
from digits.core import paths
from digits.messages.errors import UserError, check_choice
from digits.results.differences import compare_models
from digits.results.numbers import NO_VALUE, format_metric, format_p_value, format_points
from digits.results.revisions import Revision
from digits.results.tables import print_table

# The headings of the columns after the experiment and its parameters.
HEADINGS = ["CV\naccuracy", "CV\nstd", "difference\n(points)", "p", "state"]

LEGEND = "p >= 0.01: no significant difference from the last commit"

# What the table has of each experiment, besides its parameters.
RESULTS = ["experiment", "cv_accuracy", "cv_std", "difference", "p_value", "state"]
# The states of experiments that are done. `dvc exp run` without `--queue` gives none.
DONE_STATES = [None, "Success"]

# An experiment in `dvc exp show`. Its keys are `Experiment` (the name), `rev`, `State`, the
# keys of all parameters, and the paths of all files, whose values are checksums.
Experiment = dict[str, Any]

COLUMNS = {
    "CV accuracy": "The mean accuracy of the folds. The rows are sorted by it.",
    "CV std": "The standard deviation of the accuracies of the folds.",
    "difference": (
        "The accuracy of the experiment minus the accuracy of the last commit, in percentage "
        "points, as `digits compare` prints it. The difference is missing if the experiment "
        "used other images or folds, or if its predictions cannot be read."
    ),
    "p": "The p-value. The difference is significant if the p-value is below 0.01.",
    "state": "The state of the experiment, such as queued, failed or done.",
}


@click.command(epilog=columns(COLUMNS) + examples("experiments small-digit-svc"))
@click.argument("model")
@format_option
def command(model: str, table_format: str) -> None:
    """List the experiments of MODEL that started from the last commit, best first.

    `dvc exp run` starts or queues an experiment. Each row shows the parameters that differ from
    those of the last commit. The last commit has a row, too.
    """
    with Revision("HEAD") as committed:
        check_choice("the last commit", model, committed.model_names())
        table = list_experiments(model, committed)
    print_experiments(table.sort_values("cv_accuracy", ascending=False), model, table_format)


def list_experiments(model: str, committed: Revision) -> pd.DataFrame:
    """Return the experiments that changed a model or its parameters.

    Returns:
        A table with one row per experiment and one for the last commit, and with the columns
        RESULTS and the changed parameters. It is empty if there is no experiment.
    """
    try:
        # The first rows are the workspace and the last commit.
        _workspace, commit, *all_experiments = dvc.api.exp_show()
    except DvcException as error:
        raise UserError(error) from None
    experiments = []
    changed_keys = set()
    for experiment in all_experiments:
        changes = find_changes(model, experiment, commit)
        if changes or has_new_outputs(model, experiment, commit):
            experiments.append(experiment)
            changed_keys.update(changes)
    if not experiments:
        return pd.DataFrame(columns=RESULTS)
    parameters = pd.DataFrame([commit, *experiments], columns=sorted(changed_keys))
    results = [
        {"experiment": commit["rev"], "state": "last commit", **committed.read_metrics(model)}
    ]
    results += [read_results(model, each, commit, committed) for each in experiments]
    return pd.DataFrame(results, columns=RESULTS).join(parameters)


def find_changes(model: str, experiment: Experiment, commit: Experiment) -> list[str]:
    """Return the parameters that a model depends on, and that an experiment changed."""
    task = experiment[f"models.{model}.task"]
    split = experiment.get(f"tasks.{task}.split")
    prefixes = ("seed", f"models.{model}.", f"tasks.{task}.", f"splits.{split}.")
    texts = ("description", "tutorial")  # no model depends on them
    changes = []
    for key, value in experiment.items():
        is_dependency = key.startswith(prefixes) and not key.endswith(texts)
        if is_dependency and value != commit[key]:
            changes.append(key)
    return changes


def has_new_outputs(model: str, experiment: Experiment, commit: Experiment) -> bool:
    """Return whether an experiment has a different model from the last commit's."""
    files = [paths.model(model).as_posix(), paths.cv_predictions(model).as_posix()]
    is_done = experiment["State"] in DONE_STATES
    return is_done and any(experiment.get(file) != commit.get(file) for file in files)


def read_results(
    model: str, experiment: Experiment, commit: Experiment, committed: Revision
) -> dict[str, Any]:
    """Return the results of a model in an experiment, by the names in RESULTS.

    Results that do not exist, or cannot be compared with the last commit, are left out.
    """
    is_done = experiment["State"] in DONE_STATES
    results = {
        "experiment": experiment["Experiment"] or experiment["rev"],
        "state": "done" if is_done else experiment["State"].lower(),
    }
    if not has_new_outputs(model, experiment, commit):
        return results
    with Revision(experiment["rev"]) as revision:
        results |= revision.read_metrics(model)
        try:
            difference = compare_models(model, model, committed.read, revision.read)
        except UserError:
            return results
    return results | {"difference": difference.difference, "p_value": difference.p_value}


def print_experiments(table: pd.DataFrame, model: str, table_format: str) -> None:
    """Print the table that `list_experiments` returns."""
    notes = LEGEND
    if table.empty:
        run = f"dvc exp run -S models.{model}.hyperparameters.KEY=VALUE evaluate@{model}"
        notes = f"No experiment with {model} started from the last commit; `{run}` starts one."
    keys = [str(key) for key in table if key not in RESULTS]
    prefixes = re.compile(rf"models\.{model}\.(hyperparameters\.)?")
    headings = ["experiment", *[prefixes.sub("", key) for key in keys], *HEADINGS]
    rows = []
    for row in table.to_dict("records"):
        cells = [
            row["experiment"],
            *[format_parameter(row[key]) for key in keys],
            format_metric(row["cv_accuracy"]),
            format_metric(row["cv_std"]),
            format_points(row["difference"]),
            format_p_value(row["p_value"]),
            row["state"],
        ]
        rows.append(cells)
    print_table(table_format, table, headings, rows, notes)


def format_parameter(value: Any) -> str:
    """Format the value of a parameter. DVC returns all numbers as floats, and null as None."""
    if pd.isna(value) or value == "None":
        return NO_VALUE
    return f"{value:.15g}" if isinstance(value, float) else str(value)
