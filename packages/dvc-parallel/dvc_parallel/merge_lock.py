"""Merge dvc.lock stage by stage, as Git's merge driver.

Git itself merges line by line, and could mix the lines of two runs in one entry. If both sides
changed a stage in different ways, the merged file has no entry for it. `dvc repro` then runs
the stage, or takes its outputs from the cache.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from dvc.exceptions import DvcException
from dvc.utils.serialize import dump_yaml, load_yaml

SCHEMA = "2.0"  # of dvc.lock


def merge(base: dict[str, Any], ours: dict[str, Any], theirs: dict[str, Any]) -> dict[str, Any]:
    """Return the merged entries of all stages.

    Args:
        base: the entries of the common ancestor, by the name of the stage.
        ours: the entries of this side.
        theirs: the entries of the other side.
    """
    merged = {}
    for name in {**ours, **theirs}:
        entry = merge_entry(base.get(name), ours.get(name), theirs.get(name))
        if entry is not None:
            merged[name] = entry
    return merged


def merge_entry(base: Any, ours: Any, theirs: Any) -> Any:
    """Return the merged entry of a stage, or None if the merged file has no entry for it.

    An argument is None if its file has no entry for the stage.
    """
    if ours == theirs:
        return ours
    if theirs == base:  # only our side changed it
        return ours
    if ours == base:
        return theirs
    return None  # both sides changed it in different ways


@click.command()
@click.argument("files", nargs=3, type=Path, metavar="BASE OURS THEIRS")
def main(files: tuple[Path, Path, Path]) -> None:
    """Merge dvc.lock stage by stage into OURS.

    The exit status is 1 if the files cannot be merged. Git then reports a conflict.
    """
    base, ours, theirs = [read_stages(path) for path in files]
    merged = {"schema": SCHEMA, "stages": merge(base, ours, theirs)}
    dump_yaml(files[1], merged)


def read_stages(path: Path) -> dict[str, Any]:
    """Return the entries of a dvc.lock by the name of the stage. The file may be empty.

    Raises:
        ClickException: the file is not YAML, or has other content than stages, which the merge
            would lose.
    """
    try:
        lock = load_yaml(path)
    except DvcException as error:
        raise click.ClickException(str(error)) from None
    if lock == {}:
        return {}
    is_lock = isinstance(lock, dict) and lock.keys() <= {"schema", "stages"}
    stages = (lock.get("stages") or {}) if is_lock else None
    if not isinstance(stages, dict) or lock.get("schema") != SCHEMA:
        raise click.ClickException(
            f"dvc.lock cannot be merged: {path} has other content than `schema: '{SCHEMA}'` "
            "and `stages`; merge it by hand"
        )
    return stages


if __name__ == "__main__":
    main()
