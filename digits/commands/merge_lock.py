"""Merge dvc.lock stage by stage, as Git's merge driver.

A merge by lines would make entries of runs that nobody ran. A stage that both sides changed in different ways has no
entry then: `dvc repro` runs it, or takes it from the cache.
"""

from pathlib import Path
from typing import Any

import click
from dvc.utils.serialize import dump_yaml, load_yaml


def merge(base: dict[str, Any], ours: dict[str, Any], theirs: dict[str, Any]) -> dict[str, Any]:
    """Return the stages of two locks with a common base, without those that both changed in different ways."""
    merged = {}
    for name in {**ours, **theirs}:
        before, mine, other = (stages.get(name) for stages in (base, ours, theirs))
        chosen = mine if other in (mine, before) else other if mine == before else None
        if chosen is not None:
            merged[name] = chosen
    return merged


@click.command()
@click.argument("files", nargs=3, type=Path, metavar="BASE OURS THEIRS")
def command(files: tuple[Path, Path, Path]) -> None:
    """Merge dvc.lock stage by stage into OURS. Git calls this, after `make venv`."""
    locks = [load_yaml(path) or {} for path in files]  # a base may be empty
    dump_yaml(files[1], {"schema": "2.0", "stages": merge(*(lock.get("stages", {}) for lock in locks))})
