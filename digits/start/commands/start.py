"""Turn this clone into a project about your own images."""

import re
import shutil
import subprocess
from itertools import chain
from pathlib import Path

from digits.commands import examples
from digits.core.errors import PACKAGE, PipelineError

import click
from jinja2 import Environment, FileSystemLoader

TEMPLATES = PACKAGE / "start" / "templates"
PLACES = {
    "folder": ("data/own", "pictures, in a subfolder for each class: data/own/cat/1.jpg"),
    "table": ("data/own.csv", "images, a row each: a column `class` and a column for each pixel"),
    "handwriting": ("data/own", "pictures of a digit each, in folders 0 to 9; `digits draw --keep data/own` adds one"),
}
KEPT = {"core", "report", "handwriting", "scale"}  # rooms; `predict` of handwriting reads pictures of any classes
PAGES = ["CHANGELOG.md", "docs/*.png", "docs/*.html", "docs/tutorials.md", "docs/notebooks"]
PAPER = ["docs/handwriting", "digits/handwriting/Makefile"]  # what is about digits on paper alone
SCALE = ["docs/scale", "tests/scale", "digits/scale/[!d]*"]  # but for deformation.py, which makes more of few images
FOLDERS = [f"data/{kind}" for kind in ("raw", "split", "task", "crossval", "predictions")]
RESULTS = ["dvc.lock", "metrics", "plots", "models/*.skops", *FOLDERS]


def removed(kind: str) -> list[Path]:
    """Return what goes: the other rooms, under every name, and what is this project's, its results too."""
    rooms = {path.name for path in Path("tests").iterdir() if path.is_dir()} - KEPT
    of_rooms = [f"{folder}{room}" for room in rooms for folder in ("", "digits/", "docs/", "tests/")]
    patterns = [*of_rooms, *PAGES, *SCALE, *RESULTS, *([] if kind == "handwriting" else PAPER)]
    return sorted({*chain(*map(Path().glob, patterns))})


@click.command(epilog=examples("start", "start --from table", "start --from handwriting"))
@click.option("--from", "kind", type=click.Choice([*PLACES]), default="folder", show_default=True, help="Your images.")
def command(kind: str) -> None:
    """Turn a new clone into a project about your own images; docs/your-own.md goes on from there.

    They are pictures in data/own/, in a subfolder for each class (folder); numbers already, in data/own.csv (table); or
    pictures in data/own/ of one digit each, redrawn as MNIST's are drawn (handwriting).

    Deletes this project's experiments with their results, its pages, and the rooms (optional parts) that you do not
    need; leaves a small params.yaml and a README.md to edit. Commits nothing: `git restore .` brings everything back.
    """
    if Path.cwd() != PACKAGE.parent.resolve():
        raise PipelineError(f"run it in {PACKAGE.parent}, the clone that is installed here")
    if not Path(".git").exists():
        raise PipelineError("this is no clone; `git clone` the project, so that Git can bring back what is deleted")
    if changes := subprocess.check_output(["git", "status", "--porcelain"], text=True).splitlines():
        raise PipelineError(f"Git has uncommitted changes, first {changes[0][3:]}; commit or stash them")

    name, (place, content) = Path.cwd().name, PLACES[kind]
    environment = Environment(loader=FileSystemLoader(TEMPLATES), trim_blocks=True, keep_trailing_newline=True)
    for file in ("params.yaml", "README.md"):
        text = environment.get_template(file).render(kind=kind, name=name, place=place)
        Path(file).write_text(text, encoding="utf-8")
    dep = f"\n        - {place} # changed, it stops a run until it is pinned; so does what you add here"
    for file, pattern, replacement in (
        ("dvc.yaml", r"\s*(\n#.*)*\nartifacts:(.|\n)*", "\n"),
        ("dvc.yaml", r"(?=\n +params:\n +- datasets)", dep),
        ("Makefile", "^DEMO := .*", "DEMO := *"),
        ("Makefile", r" that need no network, .* minute|, those that need the internet too| \(DATA_MIRROR=.*", ""),
        (".dvc/config", "digits-remote", f"{name}-remote"),
        (".dvc/config.local", "/digits-remote$", f"/{name}-remote"),  # as `make venv` placed it
    ):
        if (path := Path(file)).exists():
            text = path.read_text(encoding="utf-8")
            path.write_text(re.sub(pattern, replacement, text, flags=re.MULTILINE), encoding="utf-8")
    for path in removed(kind):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    click.echo(
        f"This is now a project about your own images; params.yaml has the dataset `own`. Next:\n"
        f"  1. put your {content}\n"
        "  2. digits pin own\n"
        "  3. make demo\n"
        f"  4. dvc add {place}\n"
        '  5. git add --all && git commit -m "Our own images"'
    )
