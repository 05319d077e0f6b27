"""Check that whoever clones this commit can pull everything, and has nothing to run.

What the pipeline reads and writes must be committed, dvc.lock complete (no stage would run), and the remote must have
all that dvc.lock names. Needs neither data nor cache: a fresh clone will do. Prints what is wrong and what to do, a
line each, with exit status 1; a remote that cannot be asked is wrong as well.
"""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from digits.support import cli
from digits.support.errors import PipelineError

from dvc.exceptions import DvcException
from dvc.repo import Repo

AGAIN = "`dvc push` where it was made"


class Entry(NamedTuple):
    """What the remote must have: a path, its MD5 (of a folder's listing, with `.dir` after it), and its folder's."""

    path: str
    md5: str
    listing: str = ""


def uncommitted(repo: Repo) -> list[str]:
    """Return what the pipeline reads or writes, by dvc.lock, and Git has not recorded as it is.

    Raises:
        PipelineError: Git cannot tell, in its own words.
    """
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


class Remote:
    """The default remote, asked for single files by their MD5."""

    def __init__(self, repo: Repo) -> None:
        self._odb: Any = repo.cloud.get_remote_odb()
        self.name = self._odb.fs.unstrip_protocol(self._odb.path).removesuffix("/files/md5")

    def place(self, md5: str) -> str:
        """Return where in the remote a file lies."""
        return f"{self.name}/files/md5/{md5[:2]}/{md5[2:]}"

    def part(self, entries: Sequence[Entry]) -> tuple[list[Entry], list[Entry]]:
        """Return the entries that the remote has a file for, by its name, and the others."""
        there = set(self._odb.list_oids_exists(sorted({entry.md5 for entry in entries}))) if entries else set()
        return [each for each in entries if each.md5 in there], [each for each in entries if each.md5 not in there]

    def is_whole(self, entry: Entry) -> bool:
        """Read an entry's file, and tell whether its content is what its name says."""
        digest = hashlib.md5(usedforsecurity=False)
        with self._odb.fs.open(self._odb.oid_to_path(entry.md5), "rb") as file:
            while content := file.read(2**20):  # SSH's files are none that hashlib.file_digest takes
                digest.update(content)
        return digest.hexdigest() == entry.md5.removesuffix(".dir")

    def members(self, folder: Entry) -> list[Entry]:
        """Return the files of a folder, by its listing in the remote."""
        listing = json.loads(self._odb.fs.read_bytes(self._odb.oid_to_path(folder.md5)))
        return [Entry(f"{folder.path}/{item['relpath']}", item["md5"], folder.md5) for item in listing]


def unpushed(remote: Remote, outputs: Sequence[Entry], content: bool) -> Iterator[str]:
    """Yield a line for each thing that the remote lacks of the outputs and, with `content`, that is broken there."""
    present, absent = remote.part(outputs)
    if absent:
        yield f"{remote.name} lacks {shorten(entry.path for entry in absent)}; `dvc push` where they were made"
    listings = [entry for entry in present if entry.md5.endswith(".dir")]
    broken = [entry for entry in listings if not remote.is_whole(entry)]
    folders = [entry for entry in listings if entry not in broken]
    members, missing = remote.part([member for entry in folders for member in remote.members(entry)])
    for entry in missing:  # DVC takes the files of a folder for pushed when its listing is
        place = remote.place(entry.listing)
        yield f"{remote.name} lacks {entry.path}, and `dvc push` does not see it; delete {place}, then {AGAIN}"
    if content:
        contents = [entry for entry in present if entry not in listings] + members
        broken += [entry for entry in cli.progress(contents, len(contents), "files") if not remote.is_whole(entry)]
    for entry in broken:
        places = " and ".join(remote.place(md5) for md5 in (entry.md5, entry.listing) if md5)
        yield f"{entry.path} is broken in the remote; delete {places}, then {AGAIN}"


def shorten(names: Iterable[str]) -> str:
    """List all of a few names, and the first of many."""
    names = list(names)
    return ", ".join(names if len(names) <= 4 else [*names[:3], f"and {len(names) - 3} more"])


def problems(repo: Repo, lock_only: bool, content: bool) -> Iterator[str]:
    """Yield a line for each thing that is wrong; a PipelineError when Git, or the remote, cannot be asked."""
    if stages := outdated(repo):
        yield f"dvc.lock is out of date for {shorten(stages)}; `dvc repro`, commit, `dvc push`"
    if lock_only:
        return
    if paths := uncommitted(repo):
        yield f"not committed: {shorten(paths)}; `git add` and `git commit`"
    outs = [out for out in repo.index.outs if out.hash_info and out.use_cache]
    try:
        yield from unpushed(Remote(repo), [Entry(os.path.relpath(o.fspath), o.hash_info.value) for o in outs], content)
    except Exception as error:  # each kind of remote has errors of its own
        raise PipelineError(f"the remote cannot be asked: {error or type(error).__name__}") from None


def main() -> None:
    """Check, and print what is wrong."""
    parser = cli.parser(__doc__, "", "--content")
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--lock-only", action="store_true", help="check only that dvc.lock is complete")
    choice.add_argument("--content", action="store_true", help="read every file in the remote, not only its name")
    arguments = parser.parse_args()
    try:
        lines = list(problems(Repo("."), arguments.lock_only, arguments.content))
    except DvcException as error:
        raise PipelineError(str(error)) from None
    for line in lines:
        cli.note(line)
    if lines:
        sys.exit(1)
    rest = " and committed, the remote has all that it names"
    if arguments.content:
        rest = " and committed; every file in the remote that it names was read and is whole"
    print(f"dvc.lock is complete{'' if arguments.lock_only else rest}")


if __name__ == "__main__":
    cli.run(main)
