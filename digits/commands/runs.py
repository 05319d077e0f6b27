"""Print an experiment's runs with other parameters, the best first."""

import csv
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from os.path import relpath
from pathlib import Path
from typing import Any

from digits.commands import examples
from digits.io import paths, tables
from digits.results.intervals import Difference, compare, holm
from digits.results.wording import print_table
from digits.support import parameters
from digits.support.errors import PipelineError, require_choice, shorten
from digits.support.parameters import FILE, Experiment

import click
import pyarrow.parquet as pq
from dvc.repo import Repo
from dvc.repo.experiments import refs, utils
from dvc.repo.experiments.executor.base import ExecutorInfo, TaskStatus
from dvc.repo.experiments.stash import ExpStash
from dvc.scm import resolve_rev
from dvc.utils.flatten import flatten

STATES = ["baseline", "done", "running", "queued", "failed"]
PAIRED = ["row", "label", "fold"]  # columns of the out-of-fold predictions that must be alike to compare them


@dataclass
class Run:
    """A commit's parameters and results of one experiment."""

    name: str
    state: str
    params: dict[str, Any]  # all of params.yaml, by their paths in it
    stages: str  # the experiment's entries in dvc.lock
    metrics: dict[str, float]
    difference: Difference | None = None  # from the baseline's predictions out of fold

    def cells(self, keys: list[str]) -> list[str]:
        """Return the row of the table, with the parameters of these paths."""
        values = [shorten(str(self.params.get(key, "–")), 24) for key in keys]
        scores = [f"{self.metrics[key]:.4f}" if key in self.metrics else "–" for key in ("cv_accuracy", "cv_std")]
        change = f"{100 * self.difference.gain:+.2f} {self.difference.p:.2g}" if self.difference else "– –"
        return [self.name, *values, *scores, *change.split(), self.state]


def started_from(repo: Repo, baseline: str) -> Iterator[tuple[str, str, str]]:
    """Yield the name, commit and state of each run that started from a commit, without importing DVC's slow queue."""
    for ref in utils.exp_refs_by_baseline(repo.scm, {baseline})[baseline]:
        yield ref.name, repo.scm.get_ref(str(ref)), "done"
    for path in Path(repo.tmp_dir, utils.EXEC_TMP_DIR, utils.EXEC_PID_DIR).glob("*/*.run"):
        info = ExecutorInfo.load_json(path)
        is_running = info.status < TaskStatus.SUCCESS and info.location != "workspace" and Path(info.root_dir).exists()
        if is_running and info.baseline_rev == baseline:
            yield info.name, path.stem, "running"
    for stash, state in ((refs.CELERY_STASH, "queued"), (refs.CELERY_FAILED_STASH, "failed")):
        for rev, entry in reversed(ExpStash(repo.scm, stash).stash_revs.items()):
            if entry.baseline_rev == baseline:
                yield entry.name, rev, state


def read(repo: Repo, experiment: str, name: str, rev: str, state: str) -> Run:
    """Read a run from Git."""
    files, folder = repo.scm.get_fs(rev), Path(relpath(repo.root_dir, repo.scm.root_dir))

    def text(path: Path) -> str:
        place = (folder / path).as_posix()
        return str(files.read_text(place, encoding="utf-8")) if files.exists(place) else ""

    params = flatten(parameters.parse(text(FILE) or "{}").values)
    # As text, in DVC's own layout: to parse thirty files of 2 000 lines would take ten seconds.
    stages = re.findall(rf"^  \w+@{experiment}:\n(?:    .*\n)+", text(Path("dvc.lock")), re.MULTILINE)
    return Run(name, state, params, "".join(stages), json.loads(text(paths.metrics(experiment)) or "{}"))


def changed(run: Run, baseline: Run, experiment: str) -> set[str]:
    """Return the parameters that the experiment reads and that differ."""
    task, split = (run.params.get(f"experiments.{experiment}.{key}") for key in ("task", "split"))
    block = rf"experiments\.{experiment}\.(?!description|tutorial)"
    is_read = re.compile(rf"seed$|{block}|tasks\.{task}\.|(splits|mixes)\.{split}\.").match
    keys = filter(is_read, {**run.params, **baseline.params})
    return {key for key in keys if run.params.get(key) != baseline.params.get(key)}


def difference(repo: Repo, experiment: str, runs: tuple[Run, Run]) -> Difference | None:
    """Compare out-of-fold predictions; None if some are not in the cache, or if images, labels or folds differ."""
    out = rf"path: {paths.out_of_fold(experiment).as_posix()}\n +hash: md5\n +md5: (\w+)\n"
    try:
        digests = [re.findall(out, run.stages)[0] for run in runs]
        files = [pq.ParquetFile(repo.cache.local.oid_to_path(md5)) for md5 in digests]
        before, after = (file.read([*PAIRED, "prediction", "group"]) for file in files)
        right = [tables.column(each, "label") == tables.column(each, "prediction") for each in (before, after)]
        is_paired = before.select(PAIRED).equals(after.select(PAIRED))
    except (OSError, LookupError, ValueError):  # never run, not here, in several files; no folds; damaged
        return None
    return compare(right[0], right[1], tables.group_of(before)) if is_paired else None


@click.command(epilog=examples("runs small-digit-svc", "runs small-digit-svc --csv > runs.csv"))
@click.argument("experiment")
@click.option("--csv", "form", flag_value="csv", help="Print CSV.")
@click.option("--md", "form", flag_value="pipe", help="Print Markdown.")
def command(experiment: str, form: str | None) -> None:
    """Print the runs of EXPERIMENT that started from the last commit, finished and queued ones.

    A run is one execution by `dvc exp run`. The best run comes first. Its row has the parameters that differ from the
    commit's, the mean and standard deviation of the folds' accuracies, the change of the accuracy out of fold, and p.
    p is of the exact McNemar test on the same images, or of a t-test of the groups where images have groups, with
    Holm's correction. A dash means that there is nothing to compare: other images or folds, or predictions that are not
    in the cache.
    """
    require_choice("EXPERIMENT", experiment, parameters.load().names(Experiment))
    repo, block = click.get_current_context().with_resource(Repo(".")), f"experiments.{experiment}."
    rev = resolve_rev(repo.scm, "HEAD")
    baseline = read(repo, experiment, rev[:7], rev, "baseline")
    if f"{block}split" not in baseline.params:
        raise PipelineError(f"{experiment} is not in the last commit, which its runs are compared with; commit it")
    runs, keys = [baseline], set[str]()
    for run in (read(repo, experiment, *each) for each in started_from(repo, rev)):
        differing = changed(run, baseline, experiment)
        if is_evaluated := run.state == "done" and run.stages != baseline.stages:
            run.difference = difference(repo, experiment, (baseline, run))
        else:
            run.metrics = {}  # those in its commit are the baseline's
        # Left out is what ran for other experiments. What waits with all parameters as they are has other code.
        if is_evaluated or differing or (run.state != "done" and run.params == baseline.params):
            runs.append(run)
            keys |= differing
    if len(runs) == 1:
        queue = f"dvc exp run --queue -S {block}hyperparameters.KEY=VALUE evaluate@{experiment}"
        print(f"No run starts from {rev[:7]}; `{queue}` queues one.")
        return
    tested = [(run, run.difference) for run in runs if run.difference]
    for (run, found), p in zip(tested, holm([found.p for _, found in tested]), strict=True):
        run.difference = found._replace(p=p)
    runs.sort(key=lambda run: (-run.metrics.get("cv_accuracy", -1), STATES.index(run.state)))
    names = [key.removeprefix(block).removeprefix("hyperparameters.") for key in sorted(keys)]
    header = ["run", *names, "cv_accuracy", "cv_std", "change in points", "p, Holm", "state"]
    rows = [run.cells(sorted(keys)) for run in runs]
    if form == "csv":
        csv.writer(sys.stdout, lineterminator="\n").writerows([header, *rows])
    else:
        print_table(header, rows, left=1, form=form or "simple")
