"""Find what is left over from datasets, splits, tasks and experiments that params.yaml no longer names.

DVC makes outputs, but takes none away when their block goes: the files stay, those in `metrics/` and `plots/` even in
Git, and the report, which reads whole folders, depends on them. Names them; with --delete, deletes them.
"""

import stages_path  # noqa: F401
from common import cli, parameters

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any


def expected(values: Mapping[str, Any]) -> set[Path]:
    """Return every file and folder that the content of params.yaml stands for."""
    paths = {Path("data/raw", f"{name}.parquet") for name in values["datasets"]}
    paths |= {Path("data/split", name) for name in values["splits"]}
    paths |= {Path("data/labels", name) for name in values["splits"]}
    for name in values["experiments"]:
        paths |= {Path("models", f"{name}.joblib"), Path("metrics", f"{name}.json"), Path("plots", name)}
        paths |= {Path("data", kind, f"{name}.parquet") for kind in ("crossval", "predictions")}
    return paths


def leftovers(values: Mapping[str, Any], root: Path = Path()) -> Iterator[Path]:
    """Yield what lies in the folders of outputs, below `root`, without being one, sorted."""
    paths = {root / path for path in expected(values)}
    for folder in sorted({path.parent for path in paths}):
        if folder.is_dir():
            yield from (path for path in sorted(folder.iterdir()) if path not in paths)


def main() -> None:
    """Find, and name or delete."""
    parser = cli.parser(__doc__, "tools/prune.py --delete")
    parser.add_argument("--delete", action="store_true", help="delete them, not only name them")
    arguments = parser.parse_args()
    for path in leftovers(parameters.load()):
        if not arguments.delete:
            cli.note(f"{path} belongs to nothing in params.yaml; `make prune` deletes it")
        elif path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


if __name__ == "__main__":
    cli.run(main)
