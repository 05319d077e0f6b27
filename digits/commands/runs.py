"""Print an experiment's runs with other parameters, the best first."""

import json
import subprocess
from typing import Any

from digits.commands import examples
from digits.commands.compare import Revision, compare
from digits.core import params, paths
from digits.core.errors import PipelineError, require_choice
from digits.core.params import FILE
from digits.results.wording import print_table

import click
import pandas as pd


def parameters(run: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters of a run of `dvc exp show --json` by their paths: `experiments.two-logreg.folds`."""
    flat = pd.json_normalize(run["data"]["params"][FILE.name]["data"]).astype(object).iloc[0]
    return {str(key): value for key, value in flat.items()}


def changed(run: dict[str, Any], baseline: dict[str, Any], experiment: str) -> dict[str, Any]:
    """Return the parameters that the experiment depends on and that differ from the baseline's."""
    now, before = parameters(run), parameters(baseline)
    task = now.get(f"experiments.{experiment}.task")
    split = now.get(f"tasks.{task}.split")
    read = ("seed", f"experiments.{experiment}.", f"tasks.{task}.", f"splits.{split}.", f"mixes.{split}.")
    keys = [key for key in {**before, **now} if key.startswith(read) and not key.endswith(("description", "tutorial"))]
    return {key: now.get(key, "–") for key in keys if now.get(key) != before.get(key)}


@click.command(epilog=examples("runs small-digit-svc"))
@click.argument("experiment")
def command(experiment: str) -> None:
    """Print the runs of EXPERIMENT that started from the last commit, finished and queued ones.

    Each has the parameters that differ from the commit's, the mean and standard deviation of the folds' accuracies, the
    gain in points and p of `digits compare`. A dash: other images or folds, or predictions that cannot be read.
    """
    require_choice("EXPERIMENT", experiment, params.load().experiments)
    shown = json.loads(subprocess.check_output(["dvc", "exp", "show", "--json"], text=True, stderr=subprocess.DEVNULL))
    baseline, block = shown[-1], f"experiments.{experiment}."
    before, commit = parameters(baseline), baseline["rev"][:7]
    if f"{block}task" not in before:
        raise PipelineError(f"{experiment} is not in the last commit, which its runs are compared with; commit it")
    committed, found = Revision("HEAD"), []
    outs = [path(experiment) for path in (paths.model, paths.out_of_fold, paths.predictions)]
    of_commit = committed.digests(*outs)
    for each in [{"revs": [baseline]}, *(baseline["experiments"] or [])]:
        run, executor = each["revs"][0], each.get("executor") or {"state": "success"}
        if not run.get("data"):
            continue  # it could not be read
        differing, is_baseline = changed(run, baseline, experiment), run is baseline
        revision = Revision(run["rev"]) if executor["state"] == "success" else committed
        is_new = revision.digests(*outs) != of_commit
        if not (differing or is_new or is_baseline):
            continue  # it ran for other experiments
        written = run["data"]["metrics"].get(paths.metrics(experiment).as_posix(), {}).get("data") or {}
        metrics = written if is_new or is_baseline else {}
        scores = [f"{metrics[key]:.4f}" if key in metrics else "–" for key in ("cv_accuracy", "cv_std")]
        try:
            difference = compare(committed, revision, experiment, experiment) if is_new else None
        except PipelineError:
            difference = None
        scores += [difference.gain, difference.shown_p] if difference else ["–", "–"]
        state = "baseline" if is_baseline else executor["state"].replace("success", "done")
        name = commit if is_baseline else run.get("name") or run["rev"][:7]
        found.append((metrics.get("cv_accuracy", -1), name, {**before, **differing}, [*scores, state]))
    if len(found) == 1:
        queue = f"dvc exp run --queue -S {block}hyperparameters.KEY=VALUE evaluate@{experiment}"
        print(f"No run starts from {commit}; `{queue}` queues one.")
        return
    keys = sorted({key for *_, values, _ in found for key in values if values[key] != before.get(key)})
    names = [key.removeprefix(block).removeprefix("hyperparameters.") for key in keys]
    found.sort(key=lambda each: -each[0])
    rows = [[name, *(f"{values.get(key, '–')!s:.24}" for key in keys), *rest] for _, name, values, rest in found]
    print_table(["run", *names, "cv_accuracy", "cv_std", "points", "p", "state"], rows)
