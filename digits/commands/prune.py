"""Find what is left over from blocks that params.yaml no longer has: datasets, splits, mixes and experiments.

DVC makes outputs, but takes none away when their block goes: the files stay, those in `metrics/` and `plots/` even in
Git, and so do their stages in `dvc.lock`. Also found: the unfinished files of runs that were killed, which Git and DVC
ignore. What people put there (README.md, *.dvc, .gitignore, and the data of a .dvc file) is left alone. Names the
leftovers; with --delete, names and deletes them.
"""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from digits.io import files, paths
from digits.support import cli, parameters
from digits.support.parameters import Dataset, Experiment, Mix, Parameters, Search, Split
from digits.support.section import Section

LOCK = Path("dvc.lock")
UNFINISHED = (".*.part", ".*.tmp")  # a stage's and DVC's own
# What there is a stage for each block of; of all other stages there is one for each experiment.
SECTIONS: dict[str, type[Section]] = {"fetch": Dataset, "split": Split, "mix": Mix}


def outputs(params: Parameters) -> set[Path]:
    """Return every file and folder that the content of params.yaml stands for, relative to the repository."""
    parts = ("train", "test")
    found = {paths.raw(name) for name in params.names(Dataset)}
    splits = [*params.names(Split), *params.names(Mix)]
    found |= {paths.split(name, part) for name in splits for part in parts}
    found |= {Path("searches", f"{name}.csv") for name in params.names(Search)}
    for name in params.names(Experiment):
        found |= {paths.labels(name, part) for part in parts}
        found |= {paths.model(name), paths.metrics(name), paths.plots(name)}
        found |= {paths.out_of_fold(name), paths.predictions(name)}
    return found


def leftovers(params: Parameters, root: Path = Path()) -> Iterator[Path]:
    """Yield what lies in the folders of outputs, below `root`, without being one, and what is unfinished, sorted."""
    wanted = {root / path for path in outputs(params)}
    folders = {folder for path in wanted for folder in path.parents} - {root / "data", root, *root.parents}
    for folder in sorted({root / "searches", *folders}):
        if folder.is_dir():
            yield from (path for path in sorted(folder.iterdir()) if path not in wanted | folders and not is_own(path))
    unfinished = {path for folder in wanted if folder.is_dir() for name in UNFINISHED for path in folder.rglob(name)}
    yield from sorted(unfinished | set(root.glob(UNFINISHED[0])))


def is_own(path: Path) -> bool:
    """Tell whether a user has put a file or folder there: it is tracked by a .dvc file, is one, or holds one."""
    tracked = path.with_name(f"{path.name}.dvc").exists() or any(path.rglob("*.dvc"))
    return tracked or path.suffix == ".dvc" or path.name in {"README.md", ".gitignore"}


def split_lock(params: Parameters, lock: str) -> tuple[str, list[str]]:
    """Return the text of dvc.lock without the stages that params.yaml does not stand for, and their names."""
    kept, forgotten = [], []
    for part in re.split(r"^(?=  \S)", lock, flags=re.MULTILINE):
        stage, at, name = part.partition(":\n")[0].strip().partition("@")
        if at and name not in params.names(SECTIONS.get(stage, Experiment)):
            forgotten.append(stage + at + name)
        else:
            kept.append(part)
    return "".join(kept), forgotten


def main() -> None:
    """Find, and name or delete."""
    parser = cli.parser(__doc__, "", "--delete")
    parser.add_argument("--delete", action="store_true", help="delete them, not only name them")
    delete = parser.parse_args().delete
    params = parameters.load()
    kept, forgotten = split_lock(params, LOCK.read_text(encoding="utf-8") if LOCK.exists() else "")
    if forgotten and delete:
        if re.search(r"^  \S", kept, re.MULTILINE):
            files.write_text(LOCK, kept)
        else:  # DVC refuses one without stages
            LOCK.unlink()
        print(f"deleted from dvc.lock: {', '.join(forgotten)}")
    elif forgotten:
        cli.note(f"dvc.lock has {', '.join(forgotten)}, which params.yaml does not name; `make prune` deletes them")
    for path in leftovers(params):
        if not delete:
            cli.note(f"{path} belongs to nothing in params.yaml; `make prune` deletes it")
            continue
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
        print(f"deleted {path}")


if __name__ == "__main__":
    cli.run(main)
