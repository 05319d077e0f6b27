"""Check every output, and everything in DVC's cache, by content: is each still what was recorded when it was made?

`dvc status` trusts a file whose time and size have not changed, and DVC trusts a read-only file in its cache. This
reads them all, in parallel, and compares them with dvc.lock and with the digest that is a cached file's name. For
each one that is broken it prints what is wrong and, below it, the command that restores it. The exit status is 1 then.
"""

import hashlib
import json
import shlex
import sys
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from dvc.exceptions import DvcException
from dvc.repo import Repo

from digits.common import cli
from digits.common.errors import ParameterError, PipelineError

Fault = tuple[str, str]  # what is wrong, and the shell command that restores it


class Output(NamedTuple):
    """What dvc.lock records: a path, its MD5 (of a folder's listing, with `.dir` after it), and the stage it is of.

    `cached` is False for metrics and plot tables, which are in Git.
    """

    path: Path
    md5: str
    stage: str
    cached: bool


class File(NamedTuple):
    """One file of an output, and its MD5."""

    path: Path
    md5: str
    output: Output


def read_lock() -> tuple[list[Output], Path]:
    """Return all outputs of dvc.lock, and the folder of the cached files.

    Raises:
        ParameterError: this is not the project's folder.
        PipelineError: DVC cannot read the project, in its own words.
    """
    if not (Path("dvc.yaml").exists() and Path(".dvc").is_dir()):
        raise ParameterError("dvc.yaml or .dvc is not here; run from the folder that holds both")
    here = Path.cwd()
    try:
        repo = Repo(".")
        outputs = [
            Output(Path(out.fspath).relative_to(here), out.hash_info.value, out.stage.addressing, out.use_cache)
            for out in repo.index.outs
            if out.hash_info
        ]
    except DvcException as error:
        raise PipelineError(
            f"{error}; `git checkout dvc.lock dvc.yaml params.yaml` restores what is committed"
        ) from None
    cache = Path(repo.cache.local.path)
    return outputs, cache.relative_to(here) if cache.is_relative_to(here) else cache


def files_of(output: Output, cache: Path) -> list[File] | None:
    """Return the files of an output; None for a folder whose listing in the cache is missing or broken."""
    if not output.md5.endswith(".dir"):
        return [File(output.path, output.md5, output)]
    listing = _cached(cache, output.md5)
    if _digest(listing) != output.md5.removesuffix(".dir"):
        return None
    entries = json.loads(listing.read_bytes())
    return [File(output.path / entry["relpath"], entry["md5"], output) for entry in entries]


def file_faults(files: Iterable[File], cache: Path, found: Mapping[Path, str | None]) -> Iterator[Fault]:
    """Compare each file, and its copy in the cache, with what is recorded. One that was never here is no fault."""
    for path, md5, output in files:
        twin = _cached(cache, md5)
        here, copy = found[path], found.get(twin)
        state = "is missing" if here is None else "has another content than dvc.lock records"
        copy_state = "missing" if copy is None else "broken"
        if not output.cached:
            if here != md5:
                yield f"{path} {state}", f"{_shell('rm -f', path)} && {_shell('dvc repro', output.stage)}"
        elif here == copy == md5 or (here is None and copy is None):
            continue
        elif here == md5:
            restore = f"{_shell('mkdir -p', twin.parent)} && {_shell('cp -f', path, twin)}"
            yield f"{path} is right, but its copy in the cache is {copy_state}", restore
        elif copy == md5:
            yield f"{path} {state}", f"{_shell('rm -f', path)} && {_shell('dvc checkout', output.path)}"
        else:
            fetch = f"({_shell('dvc pull', output.path)} || {_shell('dvc repro', output.stage)})"
            what = f"{path} {state}, and its copy in the cache is {copy_state}"
            yield what, f"{_shell('rm -f', path, twin)} && {fetch}"


def folder_faults(output: Output, files: list[File] | None, cache: Path) -> Iterator[Fault]:
    """Name a broken listing where a trace of the folder is left, and the files in a folder that are not of it."""
    listing = _cached(cache, output.md5)
    if files is not None:
        for path in sorted(set(output.path.rglob("*")) - {file.path for file in files}):
            if path.is_file():
                yield f"{path} is no part of its output", _shell("rm -f", path)
    elif output.path.exists() or listing.exists():
        state = "broken" if listing.exists() else "missing"
        # Not `dvc pull`: DVC does not compare a remote's listing with its digest.
        restore = f"{_shell('rm -rf', output.path, listing)} && {_shell('dvc repro', output.stage)}"
        yield f"{output.path} cannot be checked: its listing in the cache is {state}", restore


def _cached(cache: Path, md5: str) -> Path:
    return cache / md5[:2] / md5[2:]


def _digest(path: Path) -> str | None:
    if not path.is_file():
        return None
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _shell(command: str, *arguments: object) -> str:
    return f"{command} {shlex.join(map(str, arguments))}"


def main() -> None:
    """Read everything, and name what is broken."""
    cli.parser(__doc__, "").parse_args()
    outputs, cache = read_lock()
    files_by_output = {output: files_of(output, cache) for output in outputs}
    files = [file for own in files_by_output.values() for file in own or []]
    objects = {path: path.parent.name + path.name.removesuffix(".dir") for path in cache.glob("[0-9a-f][0-9a-f]/*")}
    paths = sorted({*objects, *(file.path for file in files)})
    with ThreadPoolExecutor() as pool:
        found = dict(zip(paths, cli.progress(pool.map(_digest, paths), len(paths), "files"), strict=True))

    faults = list(file_faults(files, cache, found))
    for output, own in files_by_output.items():
        faults += folder_faults(output, own, cache)
    needed = {_cached(cache, file.md5) for file in files if file.output.cached}
    needed |= {_cached(cache, output.md5) for output in outputs if output.cached}
    for path in sorted(set(objects) - needed):  # of other runs
        if found[path] != objects[path]:
            faults.append((f"{path}, which no output needs now, is broken", _shell("rm -f", path)))

    for what, restore in faults:
        print(f"{what}\n  {restore}")
    absent = [
        str(path)
        for path, md5, output in files
        if output.cached and found[path] is None and found.get(_cached(cache, md5)) is None
    ]
    if absent:
        first = ", ".join(absent[:3])
        cli.note(f"not here: {len(absent)} files ({first}…); `dvc pull` fetches them, `dvc repro` makes them")
    if faults:
        cli.note(f"broken: {len(faults)}; the commands above restore them, from the first to the last")
        sys.exit(1)
    print(f"all {len(found) - len(absent)} files are what was recorded")


if __name__ == "__main__":
    cli.run(main)
