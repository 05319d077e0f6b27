"""Find outputs of blocks that params.yaml no longer has."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from digits.commands import examples
from digits.io import files, paths
from digits.support import cli, parameters
from digits.support.parameters import Dataset, Experiment, Mix, Parameters, Split
from digits.support.section import Section

import click

LOCK = Path("dvc.lock")
UNFINISHED = (".*.part", ".*.tmp")  # a stage's and DVC's own
# What there is a stage for each block of; of all other stages there is one for each experiment.
SECTIONS: dict[str, type[Section]] = {"fetch": Dataset, "split": Split, "mix": Mix}


def outputs(params: Parameters) -> set[Path]:
    """Return every file and folder that the stages of params.yaml write, relative to the repository."""
    parts = ("train", "test")
    found = {paths.raw(name) for name in params.names(Dataset)}
    found |= {paths.split(name, part) for name in [*params.names(Split), *params.names(Mix)] for part in parts}
    for name in params.names(Experiment):
        found |= {paths.labels(name, part) for part in parts}
        found |= {paths.model(name), paths.out_of_fold(name), paths.predictions(name)}
        found |= {paths.metrics(name), paths.plots(name)}
    return found


def leftovers(params: Parameters, root: Path = Path()) -> Iterator[Path]:
    """Yield what lies in the folders of outputs, below `root`, without being one, and what is unfinished, sorted."""
    wanted = {root / path for path in outputs(params)}
    folders = {folder for path in wanted for folder in path.parents} - {root / "data", root, *root.parents}
    for folder in sorted(filter(Path.is_dir, folders)):
        yield from (path for path in sorted(folder.iterdir()) if path not in wanted | folders and not is_own(path))
    unfinished = {path for folder in filter(Path.is_dir, wanted) for name in UNFINISHED for path in folder.rglob(name)}
    yield from sorted(unfinished | set(root.glob(UNFINISHED[0])))


def is_own(path: Path) -> bool:
    """Tell whether a user has put a file or folder there: it is tracked by a .dvc file, is one, or holds one."""
    tracked = path.with_name(f"{path.name}.dvc").exists() or any(path.rglob("*.dvc"))
    return tracked or path.suffix == ".dvc" or path.name in {"README.md", ".gitignore"}


def split_lock(params: Parameters, lock: str) -> tuple[str, list[str]]:
    """Return the text of dvc.lock without the stages of blocks that params.yaml does not have, and their names."""
    kept, forgotten = [], []
    for entry in re.split(r"^(?=  \S)", lock, flags=re.MULTILINE):
        stage, at, name = entry.partition(":\n")[0].strip().partition("@")
        if at and name not in params.names(SECTIONS.get(stage, Experiment)):
            forgotten.append(f"{stage}@{name}")
        else:
            kept.append(entry)
    return "".join(kept), forgotten


@click.command(epilog=examples("prune", "prune --delete"))
@click.option("--delete", is_flag=True, help="Delete them too.")
def command(delete: bool) -> None:
    """Name what is left over from datasets, splits, mixes and experiments that params.yaml no longer has.

    DVC makes outputs, but deletes none when their block goes: the files stay, those in metrics/ and plots/ even in Git,
    and so do their stages in dvc.lock. The unfinished files of runs that were killed are named as well. README.md,
    .gitignore, .dvc files and what they track are left alone.
    """
    params = parameters.load()
    kept, forgotten = split_lock(params, LOCK.read_text(encoding="utf-8") if LOCK.exists() else "")
    if forgotten and not delete:
        cli.note(f"dvc.lock has {', '.join(forgotten)}, which params.yaml does not name; `make prune` deletes them")
    elif forgotten:
        if re.search(r"^  \S", kept, re.MULTILINE):
            files.write_text(LOCK, kept)
        else:  # DVC refuses one without stages
            LOCK.unlink()
        print(f"deleted from dvc.lock: {', '.join(forgotten)}")
    for path in leftovers(params):
        if not delete:
            cli.note(f"{path} belongs to nothing in params.yaml; `make prune` deletes it")
        else:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
            print(f"deleted {path}")
