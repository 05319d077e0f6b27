"""Check that a clone can pull everything and run nothing."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any, NamedTuple

from digits.commands import examples
from digits.support import cli
from digits.support.errors import PipelineError

import click
from dvc.exceptions import DvcException
from dvc.repo import Repo
from dvc_data.hashfile.hash import file_md5


class File(NamedTuple):
    """What the remote must have: a path, its MD5 (of a folder's listing, with `.dir` after it), and its folder's."""

    path: str
    md5: str
    listing: str = ""


def uncommitted(repo: Repo) -> list[str]:
    """Return what the pipeline reads or writes, by dvc.lock, and Git has not recorded as it is."""
    used = {os.path.relpath(item.fspath) for stage in repo.index.stages for item in [*stage.deps, *stage.outs]}
    command = ["git", "status", "--porcelain", "-z", "--no-renames", "--untracked-files=normal", "--"]
    command += [".dvc/config", "dvc.yaml", "dvc.lock", "params.yaml", *sorted(used)]
    done = subprocess.run(command, text=True, capture_output=True, check=False)
    if done.returncode:
        raise PipelineError(done.stderr)
    return [line[3:] for line in done.stdout.split("\0") if line]


def outdated(repo: Repo) -> list[str]:
    """Return the stages that would run, first of all, if all data were here.

    `dvc repro --allow-missing --dry` knows them too, but ends with an error at the first of them whose data is missing.
    """
    graph = repo.index.graph
    with repo.lock:
        return [s.addressing for s in repo.index.stages if s.changed(allow_missing=True, upstream=list(graph[s]))]


def unpushed(repo: Repo, with_content: bool) -> Iterator[str]:
    """Yield a line for each thing that the remote lacks, or that is broken there; `with_content` reads every file."""
    odb: Any = repo.cloud.get_remote_odb()
    outs = [out for out in repo.index.outs if out.hash_info and out.use_cache]
    outputs = [File(os.path.relpath(out.fspath), out.hash_info.value) for out in outs]
    if lacking := missing(odb, outputs):
        where = odb.fs.unstrip_protocol(odb.path).removesuffix("/files/md5")
        yield f"{where} lacks {shorten([file.path for file in lacking])}; `dvc push` where they were made"
    listings = [file for file in outputs if file.md5.endswith(".dir") and file not in lacking]
    broken = [file for file in listings if not is_whole(odb, file)]
    members = []
    for folder in sorted(set(listings).difference(broken)):
        listed = json.loads(odb.fs.read_bytes(odb.oid_to_path(folder.md5)))
        members += [File(f"{folder.path}/{item['relpath']}", item["md5"], folder.md5) for item in listed]
    absent = missing(odb, members)
    if with_content:
        unread = sorted({*outputs, *members}.difference(lacking, listings, absent))
        broken += [file for file in cli.progress(unread, len(unread), "files") if not is_whole(odb, file)]
    for file in [*absent, *broken]:  # DVC takes the files of a folder for pushed when its listing is
        state, md5s = ("missing from", [file.listing]) if file in absent else ("broken in", [file.md5, file.listing])
        places = " and ".join(odb.fs.unstrip_protocol(odb.oid_to_path(md5)) for md5 in md5s if md5)
        yield f"{file.path} is {state} the remote; delete {places}, then `dvc push` where it was made"


def missing(odb: Any, files: list[File]) -> list[File]:
    """Return the files that a remote does not have, by their names there."""
    present = set(odb.list_oids_exists(sorted({file.md5 for file in files})))
    return [file for file in files if file.md5 not in present]


def is_whole(odb: Any, file: File) -> bool:
    """Read a file in a remote, and tell whether its content is what its name says."""
    return bool(file_md5(odb.oid_to_path(file.md5), odb.fs) == file.md5.removesuffix(".dir"))


def shorten(names: list[str]) -> str:
    """List all of a few names, and the first of many."""
    return ", ".join(names if len(names) <= 4 else [*names[:3], f"and {len(names) - 3} more"])


def problems(lock_only: bool, with_content: bool) -> Iterator[str]:
    """Yield a line for each thing that is wrong; a PipelineError when DVC, Git or the remote cannot be asked."""
    try:
        repo = Repo(".")
        if stages := outdated(repo):
            yield f"dvc.lock is out of date for {shorten(stages)}; `dvc repro`, commit, `dvc push`"
    except DvcException as error:
        raise PipelineError(str(error)) from None
    if lock_only:
        return
    if paths := uncommitted(repo):
        yield f"not committed: {shorten(paths)}; `git add` and `git commit`"
    try:
        yield from unpushed(repo, with_content)
    except Exception as error:  # each kind of remote has errors of its own
        raise PipelineError(f"the remote cannot be asked: {error or type(error).__name__}") from None


@click.command(epilog=examples("pushed", "pushed --content"))
@click.option("--lock-only", is_flag=True, help="Check only that dvc.lock is complete.")
@click.option("--content", is_flag=True, help="Read every file in the remote, not only its name.")
def command(lock_only: bool, content: bool) -> None:
    """Check that whoever clones this commit can pull everything, and has nothing to run.

    What the pipeline reads and writes must be committed, dvc.lock complete (no stage would run), and the remote must
    have all that dvc.lock names. Needs neither data nor cache: a fresh clone will do. Prints what is wrong and what to
    do, a line each, with exit status 1; a remote that cannot be asked is wrong as well.
    """
    if lock_only and content:
        raise click.UsageError("--lock-only asks no remote; leave out --content")
    lines = list(problems(lock_only, content))
    for line in lines:
        cli.note(line)
    if lines:
        sys.exit(1)
    pushed = (
        "every file in the remote that it names was read and is whole"
        if content
        else "the remote has all that it names"
    )
    print("dvc.lock is complete" + ("" if lock_only else f" and committed; {pushed}"))
