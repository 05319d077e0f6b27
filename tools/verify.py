"""Check every output, and everything in DVC's cache, by content: is each still what was recorded when it was made?

`dvc status` trusts a file whose time and size have not changed, and DVC trusts a read-only file in its cache. This
reads them all, in parallel, and compares them with dvc.lock and with the digest that is a cached file's name. For
each one that is broken it prints what is wrong and, below it, the command that restores it. The exit status is 1 then.
"""

import hashlib
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from shlex import quote
from typing import NamedTuple

from dvc.exceptions import DvcException
from dvc.repo import Repo

from digits.common import cli
from digits.common.cli import ParameterError, PipelineError


class Output(NamedTuple):
    """One output that dvc.lock records.

    Attributes:
        path: a file or a folder, relative to the repository.
        md5: of a file's content, or of a folder's listing with `.dir` after it.
        stage: the stage that makes it.
        cached: False for metrics and plot tables, which are in Git.
    """

    path: Path
    md5: str
    stage: str
    cached: bool


class File(NamedTuple):
    """One file of an output: where it lies, and what it must be."""

    output: Output
    path: Path
    md5: str


class Fault(NamedTuple):
    """What is wrong with a file, and the shell command that mends it."""

    what: str
    restore: str


def recorded() -> tuple[list[Output], Path]:
    """Return all outputs of dvc.lock, and the folder of the cached files.

    Raises:
        ParameterError: this is not the project's folder.
        PipelineError: DVC cannot read the project, in its own words.
    """
    if not (Path("dvc.yaml").exists() and Path(".dvc").is_dir()):
        raise ParameterError("dvc.yaml or .dvc is not here; run from the folder that holds both")
    try:
        repo = Repo(".")
        outs = [out for out in repo.index.outs if out.hash_info]
        cache = Path(repo.cache.local.path)
    except DvcException as error:
        raise PipelineError(
            f"{error}; `git checkout dvc.lock dvc.yaml params.yaml` restores what is committed"
        ) from None
    here = Path.cwd()
    paths = [Path(out.fspath).relative_to(here) for out in outs]
    outputs = [
        Output(path, out.hash_info.value, out.stage.addressing, out.use_cache)
        for path, out in zip(paths, outs, strict=True)
    ]
    return outputs, cache.relative_to(here) if cache.is_relative_to(here) else cache


def cached(cache: Path, md5: str) -> Path:
    """Return where the cache keeps the content with this digest."""
    return cache / md5[:2] / md5[2:]


def members(output: Output, cache: Path) -> list[File] | None:
    """Return the files of an output; None for a folder whose listing in the cache is missing or broken."""
    if not output.md5.endswith(".dir"):
        return [File(output, output.path, output.md5)]
    listing = cached(cache, output.md5)
    if digest(listing) != output.md5.removesuffix(".dir"):
        return None
    return [File(output, output.path / entry["relpath"], entry["md5"]) for entry in json.loads(listing.read_bytes())]


def digest(path: Path) -> str | None:
    """Return the MD5 of a file's content, None where there is no file."""
    if not path.is_file():
        return None
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def digests(paths: Iterable[Path]) -> dict[Path, str | None]:
    """Return the digest of every path, with as many threads as are useful."""
    paths = sorted(set(paths))
    with ThreadPoolExecutor() as pool:
        return dict(zip(paths, cli.progress(pool.map(digest, paths), len(paths), "files"), strict=True))


def faults(files: Iterable[File], cache: Path, found: Mapping[Path, str | None]) -> Iterator[Fault]:
    """Compare every file, and its copy in the cache, with what is recorded. One that was never here is no fault."""
    for output, path, md5 in files:
        twin = cached(cache, md5)
        here, kept = found[path], found.get(twin)
        stage, whole = quote(output.stage), quote(str(output.path))
        state = "is missing" if here is None else "has another content than dvc.lock records"
        if not output.cached:
            if here != md5:
                yield Fault(f"{path} {state}", f"rm -f {quote(str(path))} && dvc repro {stage}")
        elif here == kept == md5 or (here is None and kept is None):
            continue
        elif here == md5:
            state = "is missing" if kept is None else "is broken"
            copy = f"mkdir -p {quote(str(twin.parent))} && cp -f {quote(str(path))} {quote(str(twin))}"
            yield Fault(f"{path} is right, but its copy in the cache {state}", copy)
        elif kept == md5:
            yield Fault(f"{path} {state}", f"rm -f {quote(str(path))} && dvc checkout {whole}")
        else:
            fetch = f"(dvc pull {whole} || dvc repro {stage})"
            broken = [quote(str(file)) for file in (path, twin)]
            copy = "missing" if kept is None else "broken"
            yield Fault(f"{path} {state}, and its copy in the cache is {copy}", f"rm -f {' '.join(broken)} && {fetch}")


def strays(output: Output, own: Iterable[File]) -> Iterator[Fault]:
    """Name the files in an output's folder that are not of it."""
    for path in sorted(set(output.path.rglob("*")) - {file.path for file in own}):
        if path.is_file():
            yield Fault(f"{path} is no part of its output", f"rm -f {quote(str(path))}")


def without_listing(output: Output, cache: Path) -> Fault | None:
    """Return what is wrong with a folder whose listing is missing or broken: nothing, where no trace is left of it."""
    listing = cached(cache, output.md5)
    if not output.path.exists() and not listing.exists():
        return None
    stage, whole, broken = (quote(str(part)) for part in (output.stage, output.path, listing))
    return Fault(
        f"{output.path} cannot be checked: its listing in the cache is {'broken' if listing.exists() else 'missing'}",
        f"rm -rf {whole} {broken} && dvc repro {stage}",  # DVC takes a listing from a remote for what it says it is
    )


def main() -> None:
    """Read everything, and name what is broken."""
    cli.parser(__doc__, "-m tools.verify").parse_args()
    outputs, cache = recorded()
    listed = {output: members(output, cache) for output in outputs}
    files = [file for own in listed.values() for file in own or []]
    objects = {path: path.parent.name + path.name.removesuffix(".dir") for path in cache.glob("[0-9a-f][0-9a-f]/*")}
    found = digests([*objects, *(file.path for file in files)])

    wrong = [fault for output, own in listed.items() if own is None and (fault := without_listing(output, cache))]
    wrong += faults(files, cache, found)
    wrong += [fault for output, own in listed.items() if own is not None for fault in strays(output, own)]
    needed = {cached(cache, file.md5) for file in files if file.output.cached}
    needed |= {cached(cache, output.md5) for output in outputs if output.cached}
    for path in sorted(set(objects) - needed):  # of other runs
        if found[path] != objects[path]:
            wrong.append(Fault(f"{path}, which no output needs now, is broken", f"rm -f {quote(str(path))}"))

    for what, restore in wrong:
        print(f"{what}\n  {restore}")
    gone = [file for file in files if found[file.path] is None and found.get(cached(cache, file.md5)) is None]
    absent = [file for file in gone if file.output.cached]
    if absent:
        some = ", ".join(str(file.path) for file in absent[:3])
        cli.note(f"not here: {len(absent)} files ({some}…); `dvc pull` fetches them, `dvc repro` makes them")
    if wrong:
        cli.note(f"broken: {len(wrong)}; the commands above restore them, from the first to the last")
        sys.exit(1)
    print(f"all {len(found) - len(absent)} files are what was recorded")


if __name__ == "__main__":
    cli.run(main)
