"""Find stages of dvc.lock with the inputs of one merged branch and the outputs of the other.

Somebody may have picked lines of both branches, for example on the page of a pull request. DVC
takes such an entry for the record of a run: no stage is outdated.

Only merge commits tell. In another commit, such as a squash merge, an entry with new inputs and
the former outputs is usually the record of a run in which the new inputs changed nothing.
"""

import subprocess
from pathlib import Path
from typing import Any

import yaml

from digits.core.errors import UserError

# The merges to look through, newest first.
MAX_MERGES = 20

Stages = dict[str, dict[str, Any]]


def check_stages() -> None:
    """Check that no stage of dvc.lock is mixed.

    Raises:
        UserError: names the first mixed stage, and the command that runs it.
    """
    mixed = find_mixed_stages()
    if mixed:
        raise UserError(
            f"dvc.lock: {mixed[0]} has the inputs of one merged branch and the outputs of the "
            f"other; run `dvc repro --force --single-item {mixed[0]}`, then `dvc repro`"
        )


def find_mixed_stages() -> list[str]:
    """Return the names of the mixed stages. Without Git or dvc.lock, there is none."""
    stages = read_lock()
    if not stages:
        return []
    names = set()
    for ours, theirs in list_merges():
        for name, entry in stages.items():
            if is_mixed(entry, ours.get(name, {}), theirs.get(name, {})):
                names.add(name)
    return sorted(names)


def read_lock() -> Stages:
    """Return the stages of dvc.lock; nothing if there is no such file."""
    lock = Path("dvc.lock")
    return parse(lock.read_text(encoding="utf-8")) if lock.exists() else {}


def list_merges() -> list[tuple[Stages, Stages]]:
    """Return the stages of both sides of each merge, also of one that is not committed yet."""
    options = ["--merges", f"--max-count={MAX_MERGES}", "--format=%P"]
    parents = run_git("log", *options, "--", "dvc.lock").splitlines()
    if run_git("rev-parse", "--quiet", "--verify", "MERGE_HEAD"):
        parents.append("HEAD MERGE_HEAD")
    merges = []
    for line in parents:
        ours, theirs, *_ = line.split()
        merges.append((read_stages(ours), read_stages(theirs)))
    return merges


def read_stages(commit: str) -> Stages:
    """Return the stages of a commit's dvc.lock; nothing if it has none."""
    return parse(run_git("show", f"{commit}:./dvc.lock"))


def run_git(*arguments: str) -> str:
    """Return what a command of Git prints; nothing if it fails."""
    completed = subprocess.run(
        ["git", *arguments], capture_output=True, text=True, encoding="utf-8", check=False
    )
    return completed.stdout if completed.returncode == 0 else ""


def parse(text: str) -> Stages:
    """Return the stages of the text of a dvc.lock; nothing if DVC cannot read it either."""
    try:
        lock = yaml.load(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError:
        return {}
    stages = lock.get("stages") if isinstance(lock, dict) else None
    return stages or {}


def is_mixed(entry: dict[str, Any], ours: dict[str, Any], theirs: dict[str, Any]) -> bool:
    """Return whether an entry has all inputs of one side, and the outputs of the other.

    An entry with some inputs of each side may be a run of both changes, one of which has not
    changed the outputs.

    Args:
        entry: the record of a stage: its `cmd`, `deps`, `params` and `outs`.
        ours: the stage's entry on one side of a merge; empty if there is none.
        theirs: the stage's entry on the other side.
    """
    swapped = [{**ours, "outs": theirs.get("outs")}, {**theirs, "outs": ours.get("outs")}]
    return entry in swapped and entry not in (ours, theirs)
