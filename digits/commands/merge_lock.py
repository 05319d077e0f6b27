"""Merge dvc.lock stage by stage, as Git's merge driver.

Line by line, Git would make entries of runs that nobody made. A stage that both sides changed in different ways is left
out of the result: `dvc repro` runs it, or takes it from the cache. Until then its metrics and plots stay this side's.
"""

import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

from digits.commands import examples
from digits.support import parameters

import click
from dvc.utils.serialize import dump_yaml

ATTRIBUTES = ["/dvc.lock merge=dvc-lock", "/metrics/** merge=dvc-output", "/plots/** merge=dvc-output"]

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


def register() -> None:
    """Tell Git of this clone's drivers. .gitattributes cannot: where nobody has registered them it must say -merge."""
    digits = shlex.quote(str(Path(sys.executable).with_name("digits")))
    drivers = {"dvc-lock": f"{digits} merge-lock --files %O %A %B", "dvc-output": "true"}  # which keeps this side's
    for name, driver in drivers.items():
        subprocess.run(["git", "config", f"merge.{name}.driver", driver], check=True)
    path = Path(subprocess.check_output(["git", "rev-parse", "--git-path", "info/attributes"], text=True).strip())
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(dict.fromkeys([*lines, *ATTRIBUTES])) + "\n", encoding="utf-8")


@click.command(epilog=examples("merge-lock --register"))
@click.option("--register", "is_register", is_flag=True, help="Let Git merge dvc.lock by this, in this clone.")
@click.option("--files", nargs=3, type=Path, metavar="BASE OURS THEIRS", help="As Git calls it.")
def command(is_register: bool, files: tuple[Path, Path, Path] | None) -> None:
    """Merge dvc.lock stage by stage: Git's merge driver for it, which `make venv` registers in this clone."""
    if is_register == bool(files):
        raise click.UsageError("give --register, or --files BASE OURS THEIRS")
    if files:
        # Git gives an empty file where a side has none.
        base, ours, theirs = (parameters.load(path).values["stages"] if path.stat().st_size else {} for path in files)
        dump_yaml(files[1], {"schema": "2.0", "stages": merge(base, ours, theirs)})
    elif Path(".git").exists():  # not in an archive, which has no Git
        register()
