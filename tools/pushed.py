"""Check that whoever clones this commit can pull everything, and has nothing to run.

What the pipeline reads and writes must be committed, dvc.lock complete (no stage would run), and the remote must have
all that dvc.lock names. Needs neither data nor cache: a fresh clone will do. Says what is wrong and what to do, a line
each, with exit status 1; a remote that cannot be asked is wrong as well.
"""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from dvc.exceptions import DvcException
from dvc.repo import Repo

from digits.common import cli
from digits.common.cli import PipelineError


class Entry(NamedTuple):
    """One file or folder that the remote must have.

    Attributes:
        path: in the repository.
        md5: of the file's content, or of the folder's listing with `.dir` after it.
        listing: the MD5 of the folder that it belongs to, if it does.
    """

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

    def has(self, entries: Sequence[Entry]) -> list[bool]:
        """Tell for each entry whether the remote has a file of that name."""
        names = sorted({entry.md5 for entry in entries})
        there = set(self._odb.list_oids_exists(names)) if names else set()
        return [entry.md5 in there for entry in entries]

    def whole(self, entry: Entry) -> bool:
        """Read an entry's file, and tell whether its content is what its name says."""
        digest = hashlib.md5(usedforsecurity=False)
        with self._odb.fs.open(self._odb.oid_to_path(entry.md5), "rb") as file:
            while content := file.read(2**20):
                digest.update(content)
        return digest.hexdigest() == entry.md5.removesuffix(".dir")

    def members(self, folder: Entry) -> list[Entry]:
        """Return the files of a folder, by its listing in the remote."""
        with self._odb.fs.open(self._odb.oid_to_path(folder.md5), "rb") as file:
            return [Entry(f"{folder.path}/{item['relpath']}", item["md5"], folder.md5) for item in json.load(file)]


def unpushed(remote: Remote, outputs: Sequence[Entry], content: bool) -> Iterator[str]:
    """Say what the remote lacks of the outputs and, if asked to read their content, what is broken there."""
    there = remote.has(outputs)
    if absent := [entry.path for entry, found in zip(outputs, there, strict=True) if not found]:
        yield f"{remote.name} lacks {some(absent)}; `dvc push` where they were made"
    present = [entry for entry, found in zip(outputs, there, strict=True) if found]
    listings = [entry for entry in present if entry.md5.endswith(".dir")]
    sound = [entry for entry in listings if remote.whole(entry)]
    members = [member for entry in sound for member in remote.members(entry)]
    there = remote.has(members)
    for entry, found in zip(members, there, strict=True):
        if not found:  # DVC takes the files of a folder for pushed when its listing is
            yield (
                f"{remote.name} lacks {entry.path}, and `dvc push` does not see it; delete "
                f"{remote.place(entry.listing)}, then `dvc push` where it was made"
            )
    broken = [entry for entry in listings if entry not in sound]
    if content:
        read = [entry for entry in present if entry not in listings]
        read += [entry for entry, found in zip(members, there, strict=True) if found]
        broken += [entry for entry in cli.progress(read, len(read), "files") if not remote.whole(entry)]
    for entry in broken:
        places = " and ".join(remote.place(md5) for md5 in (entry.md5, entry.listing) if md5)
        yield f"{entry.path} is broken in the remote; delete {places}, then `dvc push` where it was made"


def some(names: Iterable[str]) -> str:
    """Name all of a few, and the first of many."""
    names = list(names)
    return ", ".join(names if len(names) <= 4 else [*names[:3], f"and {len(names) - 3} more"])


def problems(repo: Repo, lock_only: bool, content: bool) -> Iterator[str]:
    """Say all that is wrong, a line each.

    Raises:
        PipelineError: Git, or the remote, cannot be asked.
    """
    if stages := outdated(repo):
        yield f"dvc.lock is out of date for {some(stages)}; `dvc repro`, commit, `dvc push`"
    if lock_only:
        return
    if paths := uncommitted(repo):
        yield f"not committed: {some(paths)}; `git add` and `git commit`"
    outs = [out for out in repo.index.outs if out.hash_info and out.use_cache]
    try:
        yield from unpushed(Remote(repo), [Entry(os.path.relpath(o.fspath), o.hash_info.value) for o in outs], content)
    except Exception as error:  # each kind of remote has errors of its own
        raise PipelineError(f"the remote cannot be asked: {error or type(error).__name__}") from None


def main() -> None:
    """Check, and say what is wrong."""
    parser = cli.parser(__doc__, "-m tools.pushed --content")
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--lock-only", action="store_true", help="check only that dvc.lock is complete")
    choice.add_argument("--content", action="store_true", help="read every file in the remote, not only its name")
    arguments = parser.parse_args()
    wrong = False
    try:
        for line in problems(Repo("."), arguments.lock_only, arguments.content):
            cli.note(line)
            wrong = True
    except DvcException as error:
        raise PipelineError(str(error)) from None
    if wrong:
        sys.exit(1)
    print("dvc.lock is complete" + ("" if arguments.lock_only else " and committed, the remote has all that it names"))


if __name__ == "__main__":
    cli.run(main)
