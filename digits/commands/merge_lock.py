"""Merge dvc.lock stage by stage, as Git's merge driver.

Line by line, Git would make entries of runs that nobody made. A stage that both sides changed in different ways is left
out of the result: `dvc repro` runs it, or takes it from the cache. Until then its metrics and plots stay this side's.
"""

from pathlib import Path
from typing import Any

from digits.results.lock import parse

import click
from dvc.utils.serialize import dump_yaml

Lock = dict[str, Any]


def merge(base: Lock, ours: Lock, theirs: Lock) -> Lock:
    """Return the stages of two locks that come from a common one, without those that both changed differently."""
    merged = {}
    for name in {**ours, **theirs}:
        before, mine, other = (lock.get(name) for lock in (base, ours, theirs))
        chosen = mine if other in (mine, before) else other if mine == before else None
        if chosen is not None:
            merged[name] = chosen
    return merged


@click.command()
@click.argument("files", nargs=3, type=Path, metavar="BASE OURS THEIRS")
def command(files: tuple[Path, Path, Path]) -> None:
    """Merge dvc.lock stage by stage, into OURS: as Git calls it, once `make venv` has registered it."""
    base, ours, theirs = (parse(path.read_text(encoding="utf-8"))["stages"] for path in files)
    dump_yaml(files[1], {"schema": "2.0", "stages": merge(base, ours, theirs)})
