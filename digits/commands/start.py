"""Turn this clone into a project about your own images."""

import re
import shutil
import subprocess
from pathlib import Path

from digits.commands import examples
from digits.commands.prune import LOCK, leftovers
from digits.io import files
from digits.support.errors import PipelineError
from digits.support.rooms import PACKAGE

import click
from dvc.repo import Repo
from jinja2 import Environment, FileSystemLoader

TEMPLATES = Path(__file__).parent / "templates"
PLACES = {
    "folder": ("data/own", "pictures, in a subfolder for each class: data/own/cat/1.jpg"),
    "table": ("data/own.csv", "images, a row each: a column `class` and a column for each pixel"),
    "handwriting": (
        "data/own",
        "pictures of a digit each, in subfolders 0 to 9; `digits draw --keep data/own` makes some",
    ),
}
KEPT = {"folder": {"core", "report"}, "table": {"core", "report"}, "handwriting": {"core", "report", "handwriting"}}
# What is about this project alone and in no room; the command itself is of no more use then.
PROJECT = ["CHANGELOG.md", "CITATION.cff", "docs/report.png", "docs/tutorials.md", "large", "notebooks"]
PROJECT += ["digits/commands/start.py", "digits/commands/templates", "tests/core/sharing/test_your_own.py"]


def removed(kind: str) -> list[Path]:
    """Return what goes: the rooms that images of a kind do not need, under every name, and what is this project's."""
    rooms = {path.name for path in Path("tests").iterdir() if path.is_dir()} - KEPT[kind]
    names = [folder / room for room in rooms for folder in map(Path, (".", "digits", "docs", "tests"))]
    return sorted(path for path in [*names, *map(Path, PROJECT)] if path.exists())


def edit(path: str, pattern: str, replacement: str) -> None:
    """Replace what a pattern finds in a file."""
    text = Path(path).read_text(encoding="utf-8")
    files.write_text(Path(path), re.sub(pattern, replacement, text, flags=re.MULTILINE))


def require_clean_clone() -> None:
    """Require that this is the top of a clone of this package in which Git would lose nothing."""
    if not Path("digits").exists() or not PACKAGE.samefile("digits"):
        raise PipelineError(f"run it in {PACKAGE.parent}, the clone that is installed here")
    done = subprocess.run(["git", "status", "--porcelain"], text=True, capture_output=True, check=False)
    if done.returncode or not Path(".git").exists():
        raise PipelineError("this is no clone; `git clone` the project, so that Git can bring back what is deleted")
    if done.stdout:
        raise PipelineError(
            f"Git has uncommitted changes, first {done.stdout.splitlines()[0][3:]}; commit or stash them"
        )


@click.command(epilog=examples("start", "start --from table", "start --from handwriting"))
@click.option("--from", "kind", type=click.Choice([*PLACES]), default="folder", show_default=True, help="Your images.")
def command(kind: str) -> None:
    """Turn a new clone into a project about your own images; docs/your-own.md goes on from there.

    They are pictures in data/own/, in a subfolder for each class (folder); numbers already, in data/own.csv (table); or
    pictures in data/own/ of one digit each, redrawn as MNIST's are drawn (handwriting).

    Deletes this project's experiments with their results, its pages, and the rooms (optional parts) that you do not
    need; leaves a small params.yaml and a README.md to edit. Commits nothing: `git restore .` brings everything back.
    """
    require_clean_clone()
    name, (place, content) = Path.cwd().name, PLACES[kind]
    environment = Environment(loader=FileSystemLoader(TEMPLATES), trim_blocks=True, keep_trailing_newline=True)
    for file in ("params.yaml", "README.md"):
        files.write_text(Path(file), environment.get_template(file).render(kind=kind, name=name, place=place))
    edit("dvc.yaml", r"\s*(\n#.*)*\nplots:(.|\n)*", "\n")  # and `artifacts:` below them
    edit("Makefile", "^DEMO := .*", "DEMO := *")
    edit(".dvc/config", "digits-remote", f"{name}-remote")
    LOCK.unlink(missing_ok=True)
    for path in [*removed(kind), *leftovers(Repo("."))]:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    print(
        f"This is now a project about your own images; params.yaml has the dataset `own`. Next:\n"
        f"  1. put your {content}\n"
        "  2. digits pin own\n"
        "  3. make demo\n"
        '  4. git add --all && git commit -m "Our own images"'
    )
