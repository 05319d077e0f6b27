"""Check every output, and everything in DVC's cache, by content: is each still what was recorded when it was made?

`dvc status` trusts a file whose time and size have not changed, and DVC trusts a read-only file in its cache. This
reads them all, in parallel, and compares them with dvc.lock and with the digest that is a cached file's name. For
each one that is broken it prints what is wrong and, below it, the command that restores it. The exit status is 1 then.
"""

import hashlib
import json
import shlex
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from digits.support import cli
from digits.support.errors import ParameterError, PipelineError

from dvc.exceptions import DvcException
from dvc.repo import Repo

Fault = tuple[str, str]  # what is wrong, and the shell command that restores it


class File(NamedTuple):
    """A file of an output, and its copy in the cache."""

    path: Path
    md5: str
    copy: Path
    output: Any  # DVC's; metrics and plot tables, which are in Git, do not `use_cache`


def read_lock() -> tuple[list[Any], Path]:
    """Return DVC's outputs of which dvc.lock records something, and the folder of the cached files.

    Raises:
        ParameterError: this is not the project's folder.
        PipelineError: DVC cannot read the project, in its own words.
    """
    if not (Path("dvc.yaml").exists() and Path(".dvc").is_dir()):
        raise ParameterError("dvc.yaml or .dvc is not here; run from the folder that holds both")
    try:
        repo = Repo(".")
        return [out for out in repo.index.outs if out.hash_info], _relative(repo.cache.local.path)
    except DvcException as error:
        raise PipelineError(
            f"{error}; `git checkout dvc.lock dvc.yaml params.yaml` restores what is committed"
        ) from None


def files_of(output: Any, cache: Path) -> list[File] | None:
    """Return the files of an output; None for a folder whose listing in the cache is missing or broken."""
    path, md5 = _relative(output.fspath), output.hash_info.value
    if not md5.endswith(".dir"):
        return [File(path, md5, _cached(cache, md5), output)]
    listing = _cached(cache, md5)
    if _digest(listing) != md5.removesuffix(".dir"):
        return None
    entries = json.loads(listing.read_bytes())
    return [File(path / entry["relpath"], entry["md5"], _cached(cache, entry["md5"]), output) for entry in entries]


def folder_faults(output: Any, files: list[File] | None, cache: Path) -> Iterator[Fault]:
    """Name a broken listing where a trace of the folder is left, and the files in a folder that are not of it."""
    path, listing = _relative(output.fspath), _cached(cache, output.hash_info.value)
    if files is not None:
        for extra in sorted(set(path.rglob("*")) - {file.path for file in files}):
            if extra.is_file():
                yield f"{extra} is no part of its output", _shell("rm -f", extra)
    elif path.exists() or listing.exists():
        state = "broken" if listing.exists() else "missing"
        # Not `dvc pull`: DVC does not compare a remote's listing with its digest.
        restore = f"{_shell('rm -rf', path, listing)} && {_shell('dvc repro', output.stage.addressing)}"
        yield f"{path} cannot be checked: its listing in the cache is {state}", restore


def file_fault(file: File, here: str | None, copy: str | None) -> Fault | None:
    """Compare the digests of a file and of its copy with what is recorded. A file that was never here is no fault."""
    path, twin = file.path, file.copy
    state = "is missing" if here is None else "has another content than dvc.lock records"
    copy_state = f"its copy in the cache is {'missing' if copy is None else 'broken'}"
    remake = _shell("dvc repro", file.output.stage.addressing)
    if not file.output.use_cache:
        return None if here == file.md5 else (f"{path} {state}", f"{_shell('rm -f', path)} && {remake}")
    if here == copy == file.md5 or (here is None and copy is None):
        return None
    if here == file.md5:
        restore = f"{_shell('mkdir -p', twin.parent)} && {_shell('cp -f', path, twin)}"
        return f"{path} is right, but {copy_state}", restore
    output = _relative(file.output.fspath)
    if copy == file.md5:
        return f"{path} {state}", f"{_shell('rm -f', path)} && {_shell('dvc checkout', output)}"
    restore = f"{_shell('rm -f', path, twin)} && ({_shell('dvc pull', output)} || {remake})"
    return f"{path} {state}, and {copy_state}", restore


def _relative(path: str) -> Path:
    return Path(path).relative_to(Path.cwd()) if Path(path).is_relative_to(Path.cwd()) else Path(path)


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
    files_by_output = [(output, files_of(output, cache)) for output in outputs]
    files = [file for _, own in files_by_output for file in own or []]
    objects = {path: path.parent.name + path.name.removesuffix(".dir") for path in cache.glob("[0-9a-f][0-9a-f]/*")}
    paths = sorted({*objects, *(file.path for file in files)})
    with ThreadPoolExecutor() as pool:
        found = dict(zip(paths, cli.progress(pool.map(_digest, paths), len(paths), "files"), strict=True))

    # What is no part of a folder first: `dvc checkout` refuses to restore a folder that has more in it.
    faults = [fault for output, own in files_by_output for fault in folder_faults(output, own, cache)]
    digests = [(file, found[file.path], found.get(file.copy)) for file in files]
    faults += filter(None, (file_fault(*each) for each in digests))
    needed = {file.copy for file in files if file.output.use_cache}
    needed |= {_cached(cache, output.hash_info.value) for output in outputs if output.use_cache}
    for path in sorted(set(objects) - needed):  # of other runs
        if found[path] != objects[path]:
            faults.append((f"{path}, which no output needs now, is broken", _shell("rm -f", path)))

    for what, restore in faults:
        print(f"{what}\n  {restore}")
    absent = [str(file.path) for file, here, copy in digests if file.output.use_cache and here is None and copy is None]
    if absent:
        first = ", ".join(absent[:3])
        cli.note(f"not here: {len(absent)} files ({first}…); `dvc pull` fetches them, `dvc repro` makes them")
    if faults:
        cli.note(f"broken: {len(faults)}; the commands above restore them, from the first to the last")
        sys.exit(1)
    print(f"all {len(found) - len(absent)} files are what was recorded")


if __name__ == "__main__":
    cli.run(main)
