"""Read all outputs and the cache, and name what is broken."""

import json
import os
import shlex
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from digits.commands import examples
from digits.support import cli
from digits.support.errors import ParameterError, PipelineError

import click
from dvc.exceptions import DvcException
from dvc.repo import Repo
from dvc_data.hashfile.hash import file_md5

Fault = tuple[str, str]  # what is wrong, and the shell command that restores it


class File(NamedTuple):
    """A file of an output, its MD5 by dvc.lock, and its copy in the cache."""

    path: Path
    md5: str
    copy: Path
    output: Any  # DVC's; metrics and plot tables, which are in Git, do not `use_cache`


def read_lock() -> tuple[list[Any], Path]:
    """Return DVC's outputs of which dvc.lock records something, and the folder of the cached files."""
    if not (Path("dvc.yaml").exists() and Path(".dvc").is_dir()):
        raise ParameterError("dvc.yaml or .dvc is not here; run from the folder that holds both")
    try:
        repo = Repo(".")
        return [out for out in repo.index.outs if out.hash_info], Path(os.path.relpath(repo.cache.local.path))
    except DvcException as error:
        raise PipelineError(
            f"{error}; `git checkout dvc.lock dvc.yaml params.yaml` restores the committed ones"
        ) from None


def read_output(output: Any, cache: Path) -> tuple[list[File], list[Fault]]:
    """Return the files of an output, and the faults of one that is a folder: its listing, and files not listed."""
    path, md5 = Path(os.path.relpath(output.fspath)), output.hash_info.value
    listing = cache / md5[:2] / md5[2:]
    if not md5.endswith(".dir"):
        return [File(path, md5, listing, output)], []
    if _md5(listing) == md5.removesuffix(".dir"):
        md5s = {path / entry["relpath"]: entry["md5"] for entry in json.loads(listing.read_bytes())}
        extra = sorted(each for each in set(path.rglob("*")).difference(md5s) if each.is_file())
        files = [File(each, own, cache / own[:2] / own[2:], output) for each, own in md5s.items()]
        return files, [(f"{each} is no part of its output", _shell("rm -f", each)) for each in extra]
    # Not `dvc pull`: DVC does not compare a remote's listing with its digest.
    restore = f"{_shell('rm -rf', path)} && {_shell('dvc repro', output.stage.addressing)}"
    fault = f"{path} cannot be checked: its listing in the cache is missing or broken", restore
    return [], [fault] if path.exists() else []


def file_fault(file: File, digest: str | None, is_cached: bool) -> Fault | None:
    """Compare a file's MD5 with what dvc.lock records. A file that is neither here nor in the cache is no fault."""
    path, output = file.path, file.output
    if digest == file.md5:
        restore = f"{_shell('mkdir -p', file.copy.parent)} && {_shell('cp -f', path, file.copy)}"
        return None if is_cached or not output.use_cache else (f"{path} is right, but not in the cache", restore)
    if output.use_cache and not (digest or is_cached):
        return None
    remake = _shell("dvc repro", output.stage.addressing)
    pull = f"({_shell('dvc pull', os.path.relpath(output.fspath))} || {remake})"  # from the cache, where it is there
    state = "has another content than dvc.lock records" if digest else "is missing"
    return f"{path} {state}", f"{_shell('rm -f', path)} && {pull if output.use_cache else remake}"


def _md5(path: Path) -> str | None:
    return str(file_md5(str(path))) if path.is_file() else None


def _shell(command: str, *arguments: object) -> str:
    return f"{command} {shlex.join(map(str, arguments))}"


@click.command(epilog=examples("verify"))
def command() -> None:
    """Compare the content of every output, and of everything in DVC's cache, with the recorded digests.

    `dvc status` trusts a file whose time and size have not changed, and DVC trusts a read-only file in its cache. This
    reads them all. Below each fault it prints the command that repairs it; the exit status is 1 then.
    """
    outputs, cache = read_lock()
    read = [read_output(output, cache) for output in outputs]
    files = [file for members, _ in read for file in members]
    objects = {path: path.parent.name + path.name.removesuffix(".dir") for path in cache.glob("[0-9a-f][0-9a-f]/*")}
    paths = sorted({*objects, *(file.path for file in files)})
    with ThreadPoolExecutor() as pool:
        digests = dict(zip(paths, cli.progress(pool.map(_md5, paths), len(paths), "files"), strict=True))
    intact = {path for path in objects if digests[path] == objects[path]}

    faults = [(f"{path} is broken", _shell("rm -f", path)) for path in sorted(set(objects) - intact)]
    # What is no part of a folder before its files: `dvc pull` refuses to restore a folder that has more in it.
    faults += [fault for _, of_folder in read for fault in of_folder]
    faults += filter(None, (file_fault(file, digests[file.path], file.copy in intact) for file in files))
    for what, restore in faults:
        print(f"{what}\n  {restore}")
    if absent := [file.path for file in files if not digests[file.path] and file.copy not in intact]:
        cli.note(f"not here: {len(absent)} files ({absent[0]}…); `dvc pull` fetches them, `dvc repro` makes them")
    if faults:
        cli.note(f"broken: {len(faults)}; the commands above restore them, from the first to the last")
        sys.exit(1)
    print(f"all {len(digests) - len(absent)} files are what was recorded")
