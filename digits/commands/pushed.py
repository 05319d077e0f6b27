"""Check that a clone can pull everything and run nothing."""

import os
import subprocess
import sys
from typing import Any

from digits.commands import examples
from digits.results import lock
from digits.results.wording import listed
from digits.support import cli
from digits.support.errors import PipelineError

import click
from dvc.repo import Repo


def outdated(repo: Repo) -> list[str]:
    """Return the stages of the last commit that would run in a clone that has pulled everything.

    Asked of Git alone, whatever is in the workspace. (`dvc repro --allow-missing --dry` compares the workspace's files,
    and ends with an error at the first stage that it would run and whose data is missing.)
    """
    with repo.switch("HEAD"):
        made = {out.fs_path: out.hash_info for out in repo.index.outs}
        return [getattr(s, "name", s.path_in_repo) for s in repo.index.stages if is_outdated(s, made)]


def is_outdated(stage: Any, made: dict[str, Any]) -> bool:
    """Tell whether a stage would run; `made` is the digest of each output that is recorded, by path."""
    if stage.changed_stage() or not all(out.hash_info for out in stage.outs):
        return True
    if any(out.workspace_status() for out in stage.outs if not out.use_cache):  # metrics and plot tables
        return True
    recorded = [] if stage.frozen else stage.deps  # an import, which is frozen, would ask the place it comes from
    return any(made[dep.fs_path] != dep.hash_info if dep.fs_path in made else dep.status() for dep in recorded)


def uncommitted(repo: Repo) -> list[str]:
    """Return what the pipeline reads or writes, by dvc.lock, and Git has not recorded as it is."""
    used = {os.path.relpath(item.fspath) for stage in repo.index.stages for item in [*stage.deps, *stage.outs]}
    command = ["git", "status", "--porcelain", "-z", "--no-renames", "--untracked-files=normal", "--"]
    command += [".dvc/config", "dvc.yaml", "dvc.lock", "params.yaml", *sorted(used)]
    return [line[3:] for line in subprocess.check_output(command, text=True).split("\0") if line]


def unpushed(repo: Repo) -> list[str]:
    """Return the outputs that the remote lacks. DVC pushes the listing of a folder last: that alone is looked for."""
    try:
        odb: Any = repo.cloud.get_remote_odb()
        digests = {os.path.relpath(out.fspath): out.hash_info.value for out in repo.index.outs if out.use_cache}
        present = set(odb.list_oids_exists(sorted(filter(None, digests.values()))))
    except Exception as error:  # each kind of remote has errors of its own
        raise PipelineError(f"the remote cannot be asked: {error or type(error).__name__}") from None
    return [path for path, md5 in digests.items() if md5 and md5 not in present]


CHECKS = [
    (outdated, "dvc.lock is out of date for", "`dvc repro`, commit, `dvc push`"),
    (uncommitted, "not committed:", "`git add` and `git commit`"),
    (unpushed, "the remote lacks", "`dvc push` where they were made"),
]


@click.command(epilog=examples("pushed", "pushed --lock-only"))
@click.option("--lock-only", is_flag=True, help="Check dvc.lock alone.")
def command(lock_only: bool) -> None:
    """Check that whoever clones this commit can pull everything, and has nothing to run.

    Three things are checked: dvc.lock is complete, so that no stage would run; what the pipeline reads and writes is
    committed; and the remote has everything that dvc.lock names. A new clone is enough: no data and no cache are
    needed. Each fault is a line with its remedy, and the exit status is 1. A remote that does not answer is a fault.
    """
    lock.require_intact()
    repo, are_well = click.get_current_context().with_resource(Repo(".")), True
    for find, what, remedy in CHECKS[: 1 if lock_only else None]:
        if names := find(repo):
            cli.note(f"{what} {listed(names)}; {remedy}")
            are_well = False
    if not are_well:
        sys.exit(1)
    print("dvc.lock is complete" + ("" if lock_only else " and committed; the remote has all that it names"))
