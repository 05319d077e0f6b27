"""Find stages of dvc.lock with the inputs of one merged branch and the outputs of the other.

Somebody may have picked lines of both branches, for example on the page of a pull request. DVC
takes such an entry for the record of a run: no stage is outdated.

Only merge commits tell. In another commit, such as a squash merge, an entry with new inputs and
the former outputs is usually the record of a run in which the new inputs changed nothing.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Iterator
from functools import cache
from io import BytesIO
from pathlib import Path

import click
from dvc.exceptions import DvcException
from dvc.stage import PipelineStage, Stage

from .lock_file import split_lines, split_text
from .project import lock_path

# The merges to look through, newest first.
MAX_MERGES = 20

OUTS_LINE = "\n    outs:\n"  # The outputs are the end of an entry.


def check_stages(stages: Iterable[Stage]) -> None:
    """Check that no stage is mixed.

    Raises:
        ClickException: names the first mixed stage, and the command that runs it.
    """
    for stage in find_mixed_stages(stages):
        raise click.ClickException(
            f"{relative_path(stage)}: {stage.name} has the inputs of one merged branch and the "
            f"outputs of the other; run `dvc repro --force --single-item {stage.addressing}`, "
            "then `dvc repro`"
        )


def find_mixed_stages(stages: Iterable[Stage]) -> Iterator[PipelineStage]:
    """Yield those of some stages that are mixed. Without Git, there is none."""
    files: dict[str, list[PipelineStage]] = {}  # by the path of their dvc.lock
    for stage in stages:
        if isinstance(stage, PipelineStage) and lock_path(stage).exists():
            files.setdefault(relative_path(stage), []).append(stage)
    merges = list_merges(files) if files else []
    commits = {commit for merge in merges for commit in merge}
    texts = read_blobs([f"{commit}:./{path}" for commit in commits for path in files])
    for path, in_file in files.items():
        entries = split_entries(Path(path).read_text(encoding="utf-8"))
        sides = [
            [split_entries(texts[f"{commit}:./{path}"]) for commit in merge] for merge in merges
        ]
        for stage in in_file:
            entry = entries.get(stage.name, "")
            if any(
                is_mixed(entry, ours.get(stage.name, ""), theirs.get(stage.name, ""))
                for ours, theirs in sides
            ):
                yield stage


def relative_path(stage: PipelineStage) -> str:
    """Return the path of dvc.lock for a stage, relative to the working directory."""
    return Path(os.path.relpath(lock_path(stage))).as_posix()


def list_merges(paths: Iterable[str]) -> list[tuple[str, str]]:
    """Return both sides of each merge of some files, also of one that is not committed yet."""
    options = ["--merges", f"--max-count={MAX_MERGES}", "--format=%P"]
    parents = run_git("log", *options, "--", *paths).decode().splitlines()
    if run_git("rev-parse", "--quiet", "--verify", "MERGE_HEAD"):
        parents.append("HEAD MERGE_HEAD")
    return [(ours, theirs) for ours, theirs, *_ in map(str.split, parents)]


def read_blobs(names: list[str]) -> dict[str, str]:
    """Return the texts of files in Git by their names, such as `HEAD:./dvc.lock`.

    The text of a file that a commit does not have, or that Git cannot fetch, is empty.
    """
    output = BytesIO(run_git("cat-file", "--batch", stdin="\n".join(names)))
    texts = {}
    for name in names:
        header = output.readline().strip()
        if not header or header.endswith(b" missing"):
            texts[name] = ""
            continue
        size = int(header.split()[-1])
        texts[name] = output.read(size).decode()
        output.readline()  # Git ends the content by a new line.
    return texts


def run_git(*arguments: str, stdin: str = "") -> bytes:
    """Return what a command of Git prints; nothing if it fails, or if there is no Git."""
    command = ["git", "--literal-pathspecs", *arguments]
    try:
        return subprocess.run(
            command, input=stdin.encode(), capture_output=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        return b""


@cache
def split_entries(text: str) -> dict[str, str]:
    """Return the lines of each stage in the text of a dvc.lock, which may be damaged."""
    try:
        return (split_lines(text) or split_text(text, Path("dvc.lock"))).entries
    except DvcException:
        return {}


def is_mixed(entry: str, ours: str, theirs: str) -> bool:
    """Return whether an entry has all inputs of one side, and the outputs of the other.

    An entry with some inputs of each side may be a run of both changes, one of which has not
    changed the outputs.

    Args:
        entry: the lines of a stage in dvc.lock. It has the keys `cmd`, `deps`, `params` and
            `outs`.
        ours: the stage's lines on one side of a merge; empty if there are none.
        theirs: the stage's lines on the other side.
    """
    if entry in (ours, theirs):
        return False
    inputs, _, outs = entry.partition(OUTS_LINE)
    sides = [ours.partition(OUTS_LINE), theirs.partition(OUTS_LINE)]
    return any(inputs == one[0] and outs == other[2] for one, other in [sides, reversed(sides)])
