"""Find outputs of blocks that params.yaml no longer has."""

import os
from pathlib import Path

from digits.commands import examples
from digits.io import files
from digits.results import lock
from digits.results.lock import LOCK
from digits.support import cli
from digits.support.errors import PipelineError

import click
from dvc.repo import Repo
from dvc.utils.serialize import dump_yaml

UNFINISHED = (".*.part", ".*.tmp")  # a stage's and DVC's own
OWN = {"README.md", ".gitignore"}


def leftovers(repo: Repo) -> tuple[list[Path], list[Path]]:
    """Return what runs have left in the folders of outputs, and what else is there.

    What is named in dvc.lock, here or in the last commit, is from a run.
    """
    wanted = {Path(os.path.relpath(output.fspath)) for output in repo.index.outs}
    folders = {folder for path in wanted for folder in path.parents} - {Path(), Path("data")}
    # Without links: what is behind them may be somebody else's.
    real = [path for path in sorted(wanted | folders) if path.is_dir() and path.resolve() == Path.cwd() / path]
    found = [path for folder in real if folder in folders for path in sorted({*folder.iterdir()} - wanted - folders)]
    found = [path for path in found if path.name not in OWN and path.suffix != ".dvc"]
    locks = [lock.parse(lock.committed()), lock.read()]
    written = {Path(path) for each in locks for entry in each["stages"].values() for path in lock.outputs(entry)}
    left = [path for path in found if _is_written(path, written)]
    others = [path for path in found if path not in left]
    left += sorted(path for folder in real if folder in wanted for name in UNFINISHED for path in folder.rglob(name))
    return left + sorted(Path().glob(UNFINISHED[0])), others


def _is_written(path: Path, written: set[Path]) -> bool:
    """Tell whether a path, or all that is in a folder, was written by a run."""
    if path in written or any(map(path.match, UNFINISHED)):
        return True
    return path.is_dir() and not path.is_symlink() and all(_is_written(each, written) for each in path.iterdir())


@click.command(epilog=examples("prune", "prune --delete"))
@click.option("--delete", is_flag=True, help="Delete them.")
def command(delete: bool) -> None:
    """Name what is left over from datasets, splits, mixes and experiments that params.yaml no longer has.

    When you delete a block, DVC keeps its outputs and its stages in dvc.lock. This names them, and the unfinished files
    of killed runs. README.md, .gitignore, .dvc files and what they track are left alone. Files that dvc.lock never
    named are yours: they are named, and kept.
    """
    repo = click.get_current_context().with_resource(Repo("."))
    stages = {stage.addressing for stage in repo.index.stages}
    content = lock.read()
    kept = {name: entry for name, entry in content["stages"].items() if name in stages}
    forgotten, (paths, others) = [name for name in content["stages"] if name not in stages], leftovers(repo)
    named = f"{', '.join(forgotten)} in dvc.lock"
    for path in others:
        cli.note(f"{path} is kept: dvc.lock never named it, or something in it, as an output; delete it yourself")
    if not delete:
        for what in [*([named] if forgotten else []), *paths]:
            cli.note(f"{what} belongs to nothing in params.yaml; `make prune` deletes it")
        return
    for path in paths:
        files.delete(path)
        if path.exists():
            raise PipelineError(f"{path} belongs to nothing in params.yaml, and cannot be deleted")
        print(f"deleted {path}")
    if forgotten:
        dump_yaml(LOCK, {**content, "stages": kept}) if kept else LOCK.unlink()  # DVC refuses one without stages
        print(f"deleted {named}")
