"""Read all outputs and the cache, and name what is broken."""

import os
import shlex
import sys
from pathlib import Path
from typing import Any

from digits.commands import examples
from digits.results import lock
from digits.support import cli

import click
from dvc.repo import Repo
from dvc_data.hashfile.hash import file_md5
from dvc_data.hashfile.state import StateNoop


def fault(output: Any, cache: Path, intact: set[Path]) -> str | None:
    """Return what is wrong with an output; None if it is intact, or has not been pulled."""
    md5 = output.hash_info.value
    is_cached = not output.use_cache or cache / md5[:2] / md5[2:] in intact  # metrics and plot tables are in Git alone
    if not output.exists:
        return "is missing" if is_cached else None
    if output.changed_checksum():
        return "has another content than dvc.lock records"
    return None if is_cached else "is right, but not in the cache"


@click.command(epilog=examples("verify", "verify --lock-only"))
@click.option("--lock-only", is_flag=True, help="Check only whether dvc.lock has lost stages since the last commit.")
def command(lock_only: bool) -> None:
    """Compare the content of every output, and of everything in DVC's cache, with the recorded digests.

    `dvc status` trusts a file whose time and size have not changed, and DVC trusts a read-only file in its cache;
    `verify` reads them all. Below each fault is the command that repairs it, and the exit status is 1.
    """
    lock.require_intact()
    if lock_only:
        return
    repo = click.get_current_context().with_resource(Repo("."))
    outputs = [output for output in repo.index.outs if output.hash_info]
    repo.cache.local.state = StateNoop()  # DVC's memory of times and sizes
    cache = Path(os.path.relpath(repo.cache.local.path))
    objects = sorted(cache.glob("[0-9a-f][0-9a-f]/*"))
    digests = [file_md5(str(path)) for path in cli.progress(objects, len(objects), "files")]
    intact = {path for path, md5 in zip(objects, digests, strict=True) if md5 == path.parent.name + path.stem}

    lines = [f"{path} is broken\n  rm -f {shlex.quote(str(path))}" for path in objects if path not in intact]
    for output in outputs:
        if what := fault(output, cache, intact):
            path = os.path.relpath(output.fspath)
            restore = f"dvc repro {output.stage.addressing}"
            if output.use_cache:
                restore = f"(dvc pull --force {shlex.quote(path)} || {restore})"  # from the cache, where it is there
            restore = f"rm -rf {shlex.quote(path)} && {restore}"
            if output.stage.is_data_source and output.exists:  # a user's own, who may have added to it
                restore = f"dvc add {shlex.quote(path)}"
            lines.append(f"{path} {what}\n  {restore}")
    if lines:
        print("\n".join(lines))
        cli.note(f"broken: {len(lines)}; run the commands above, in their order")
        sys.exit(1)
    absent = [output for output in outputs if not output.exists]
    print(f"{len(outputs) - len(absent)} outputs and {len(objects)} files of the cache are as recorded")
    if absent:
        cli.note(f"not here: {len(absent)} outputs; `dvc pull` fetches them, `dvc repro` makes them")
