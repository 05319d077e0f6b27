"""Find outputs of blocks that params.yaml no longer has."""

import os
from collections.abc import Iterator
from pathlib import Path

from digits.commands import examples
from digits.io import files
from digits.results.lock import LOCK
from digits.support import cli, parameters
from digits.support.errors import PipelineError

import click
from dvc.repo import Repo
from dvc.utils.serialize import dump_yaml

UNFINISHED = (".*.part", ".*.tmp")  # a stage's and DVC's own
OWN = {"README.md", ".gitignore"}


def leftovers(repo: Repo) -> Iterator[Path]:
    """Yield what lies in the folders of outputs without being one, and what killed runs left unfinished."""
    wanted = {Path(os.path.relpath(output.fspath)) for output in repo.index.outs}
    folders = {folder for path in wanted for folder in path.parents} - {Path(), Path("data")}
    for folder in sorted(filter(Path.is_dir, folders)):
        for path in sorted(set(folder.iterdir()) - wanted - folders):
            if path.name not in OWN and path.suffix != ".dvc":
                yield path
    yield from sorted(path for folder in wanted for name in UNFINISHED for path in folder.rglob(name))
    yield from sorted(Path().glob(UNFINISHED[0]))


@click.command(epilog=examples("prune", "prune --delete"))
@click.option("--delete", is_flag=True, help="Delete them too.")
def command(delete: bool) -> None:
    """Name what is left over from datasets, splits, mixes and experiments that params.yaml no longer has.

    DVC deletes no output when its block goes: the files stay, and so do their stages in dvc.lock. The unfinished files
    of runs that were killed are named as well. README.md, .gitignore, .dvc files and what they track are left alone.
    """
    repo = Repo(".")
    stages = {stage.addressing for stage in repo.index.stages}
    lock = dict(parameters.load(LOCK).values) if LOCK.exists() else {"stages": {}}
    kept = {name: entry for name, entry in lock["stages"].items() if name in stages}
    forgotten, paths = [name for name in lock["stages"] if name not in stages], list(leftovers(repo))
    named = f"{', '.join(forgotten)} in dvc.lock"
    if not delete:
        for what in [*([named] if forgotten else []), *paths]:
            cli.note(f"{what} belongs to nothing in params.yaml; `make prune` deletes it")
        return
    if forgotten:
        dump_yaml(LOCK, {**lock, "stages": kept}) if kept else LOCK.unlink()  # DVC refuses one without stages
        print(f"deleted {named}")
    for path in paths:
        files.delete(path)
        if path.exists():
            raise PipelineError(f"{path} belongs to nothing in params.yaml, and cannot be deleted")
        print(f"deleted {path}")
