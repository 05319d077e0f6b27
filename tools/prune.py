"""Find what is left over from datasets, splits, tasks and experiments that params.yaml no longer names.

DVC makes outputs, but takes none away when their block goes: the files stay, those in `metrics/` and `plots/` even in
Git, and the report, which reads whole folders, depends on them; so do their stages in `dvc.lock`. Also found: the
unfinished files of runs that were killed, which Git and DVC ignore. Names them; with --delete, deletes them.
"""

import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from digits.common import cli, files, parameters

UNFINISHED = (".*.part", ".*.tmp")  # a stage's and DVC's own


def expected(values: Mapping[str, Any]) -> set[Path]:
    """Return every file and folder that the content of params.yaml stands for."""
    paths = {Path("data/raw", f"{name}.parquet") for name in parameters.blocks(values, "datasets")}
    paths |= {Path("data/split", name) for name in parameters.blocks(values, "splits")}
    paths |= {Path("data/labels", name) for name in parameters.blocks(values, "splits")}
    for name in parameters.blocks(values, "experiments"):
        paths |= {Path("models", f"{name}.joblib"), Path("metrics", f"{name}.json"), Path("plots", name)}
        paths |= {Path("data", kind, f"{name}.parquet") for kind in ("crossval", "predictions")}
    paths |= {Path("searches", f"{name}.csv") for name in values.get("searches") or {}}
    return paths


def leftovers(values: Mapping[str, Any], root: Path = Path()) -> Iterator[Path]:
    """Yield what lies in the folders of outputs, below `root`, without being one, and what is unfinished, sorted."""
    paths = {root / path for path in expected(values)}
    for folder in sorted({root / "searches", *(path.parent for path in paths)}):
        if folder.is_dir():
            yield from (path for path in sorted(folder.iterdir()) if path not in paths)
    unfinished = {path for folder in paths if folder.is_dir() for name in UNFINISHED for path in folder.rglob(name)}
    yield from sorted(unfinished | set(root.glob(UNFINISHED[0])))


def split_lock(values: Mapping[str, Any], lock: str) -> tuple[str, list[str]]:
    """Return dvc.lock without the stages that params.yaml does not stand for, and their names."""
    sections = {"fetch": "datasets", "split": "splits", "binarize": "splits"}
    kept, forgotten = [], []
    for part in re.split(r"^(?=  \S)", lock, flags=re.MULTILINE):
        stage, at, key = part.partition(":\n")[0].strip().partition("@")
        if at and key not in parameters.blocks(values, sections.get(stage, "experiments")):
            forgotten.append(stage + at + key)
        else:
            kept.append(part)
    return "".join(kept), forgotten


def main() -> None:
    """Find, and name or delete."""
    parser = cli.parser(__doc__, "-m tools.prune --delete")
    parser.add_argument("--delete", action="store_true", help="delete them, not only name them")
    arguments = parser.parse_args()
    values = parameters.load()
    lock = Path("dvc.lock")
    kept, forgotten = split_lock(values, lock.read_text(encoding="utf-8") if lock.exists() else "")
    if forgotten and arguments.delete:
        files.write_text(lock, kept)
    elif forgotten:
        cli.note(f"dvc.lock has {', '.join(forgotten)}, which params.yaml does not name; `make prune` deletes them")
    for path in leftovers(values):
        if not arguments.delete:
            cli.note(f"{path} belongs to nothing in params.yaml; `make prune` deletes it")
        elif path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


if __name__ == "__main__":
    cli.run(main)
