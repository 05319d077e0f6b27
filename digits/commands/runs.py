"""Print an experiment's runs with other parameters, the best first."""

import csv
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from digits.commands import examples
from digits.core import params, paths
from digits.core.errors import PipelineError, require_choice
from digits.core.params import FILE
from digits.results import differences
from digits.results.wording import print_table

import click
import pandas as pd


def flatten(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested parameters by their paths, `experiments.two-logreg.folds`; a list stays whole."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        flat |= flatten(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return flat


def parameters(run: dict[str, Any]) -> dict[str, Any]:
    """Return all parameters of a run, by their paths in params.yaml."""
    return flatten(run["data"]["params"][FILE.name]["data"])


def changed(run: dict[str, Any], baseline: dict[str, Any], experiment: str) -> dict[str, Any]:
    """Return the parameters that the experiment depends on and that differ from the baseline's."""
    now, before = parameters(run), parameters(baseline)
    task = now.get(f"experiments.{experiment}.task")
    split = now.get(f"tasks.{task}.split")
    read = ("seed", f"experiments.{experiment}.", f"tasks.{task}.", f"splits.{split}.", f"mixes.{split}.")
    words = (".description", ".tutorial")
    keys = [key for key in {**before, **now} if key.startswith(read) and not key.endswith(words)]
    return {key: now.get(key, "–") for key in keys if now.get(key) != before.get(key)}


def training(run: dict[str, Any], experiment: str) -> list[str]:
    """Return what dvc.lock of a run's commit records of the experiment's training."""
    show = ["git", "show", f"{run['rev']}:dvc.lock"]
    lock = subprocess.run(show, text=True, capture_output=True, check=False).stdout
    return re.findall(rf"^  train@{experiment}:\n(?:    .*\n)*", lock, re.MULTILINE)


def against(cache: Path, run: dict[str, Any], baseline: dict[str, Any], experiment: str) -> list[str]:
    """Return the gain in points out of fold and p; dashes for other images or folds, or predictions not here."""
    path = paths.out_of_fold(experiment).as_posix()
    try:
        digests = [each["data"]["outs"][path]["hash"] for each in (baseline, run)]
        tables = [pd.read_parquet(cache / md5[:2] / md5[2:]) for md5 in digests]
        difference = differences.compare(*tables)
    except (OSError, ValueError, KeyError, PipelineError):
        return ["–", "–"]
    return [difference.gain, difference.shown_p]


@click.command(epilog=examples("runs small-digit-svc", "runs small-digit-svc --csv > runs.csv"))
@click.argument("experiment")
@click.option("--csv", "form", flag_value="csv", help="Print CSV.")
@click.option("--md", "form", flag_value="pipe", help="Print Markdown.")
def command(experiment: str, form: str | None) -> None:
    """Print the runs of EXPERIMENT that started from the last commit, finished and queued ones.

    A run is one execution by `dvc exp run`. The best run comes first. Its row has the parameters that differ from the
    commit's, the mean and standard deviation of the folds' accuracies, the gain of the accuracy out of fold in points,
    and p, as of `digits compare`. A dash means that there is nothing to compare: other images or folds, or predictions
    that are not here, which `dvc pull` fetches.
    """
    require_choice("EXPERIMENT", experiment, params.load().experiments)
    shown = json.loads(subprocess.check_output(["dvc", "exp", "show", "--json"], text=True, stderr=subprocess.DEVNULL))
    baseline, block = shown[-1], f"experiments.{experiment}."
    if f"{block}task" not in parameters(baseline):
        raise PipelineError(f"{experiment} is not in the last commit, which its runs are compared with; commit it")
    cache = Path(subprocess.check_output(["dvc", "cache", "dir"], text=True).strip(), "files", "md5")
    rows: list[tuple[float, dict[str, Any], list[str]]] = []
    for name, state, run in [(baseline["rev"][:7], "baseline", baseline), *started_from(baseline)]:
        differing = changed(run, baseline, experiment)
        is_evaluated = state == "done" and training(run, experiment) != training(baseline, experiment)
        if not (differing or is_evaluated or run is baseline):
            continue  # it ran for other experiments
        found = run["data"]["metrics"].get(paths.metrics(experiment).as_posix(), {}).get("data") or {}
        metrics = found if is_evaluated or run is baseline else {}
        scores = [f"{metrics[key]:.4f}" if key in metrics else "–" for key in ("cv_accuracy", "cv_std")]
        gain = against(cache, run, baseline, experiment) if is_evaluated else ["–", "–"]
        rows.append((metrics.get("cv_accuracy", -1), {"": name, **differing}, [*scores, *gain, state]))
    if len(rows) == 1:
        queue = f"dvc exp run --queue -S {block}hyperparameters.KEY=VALUE evaluate@{experiment}"
        print(f"No run starts from {baseline['rev'][:7]}; `{queue}` queues one.")
        return
    keys = sorted({key for _, differing, _ in rows for key in differing} - {""})
    names = [key.removeprefix(block).removeprefix("hyperparameters.") for key in keys]
    header = ["run", *names, "cv_accuracy", "cv_std", "points", "p", "state"]
    before = parameters(baseline)
    cells = [
        [differing[""], *(f"{differing.get(key, before.get(key, '–'))!s:.24}" for key in keys), *rest]
        for _, differing, rest in sorted(rows, key=lambda row: -row[0])
    ]
    if form == "csv":
        csv.writer(sys.stdout, lineterminator="\n").writerows([header, *cells])
    else:
        print_table(header, cells, form=form or "simple")


def started_from(baseline: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    """Return the name, state and content of each run that started from the baseline and could be read."""
    runs = []
    for each in baseline["experiments"] or []:
        run = each["revs"][0]
        state = (each.get("executor") or {}).get("state")
        if run.get("data"):
            runs.append((run.get("name") or run["rev"][:7], "done" if state in (None, "success") else state, run))
    return runs
