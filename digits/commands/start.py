"""Turn this clone into a project about your own images."""

import shutil
import subprocess
from pathlib import Path

from digits.commands import PACKAGE, examples
from digits.core.errors import UserError

import click
import jinja2

TEMPLATES = Path(__file__).parent / "templates"


# The kinds of sources that `--from` names: where your images are, and what to do with them.
SOURCES = {
    "folder": (
        "data/own",
        "pictures into data/own, in a subfolder for each class: data/own/cat/1.jpg",
    ),
    "table": (
        "data/own.csv",
        "images into data/own.csv, one per row: a column `class`, and a column for each pixel",
    ),
    "handwriting": (
        "data/own",
        "pictures of single digits into data/own, in subfolders 0 to 9; "
        "`digits draw --keep data/own` adds a picture",
    ),
}

# What a project about your own images does not need: paths, in which * stands for anything.
DELETED = [
    # this command
    "digits/commands/start.py",
    "digits/commands/templates",
    "tests/core/test_your_own.py",
    # optional components, and the tests of this project's pages
    "bench",
    "tests/bench",
    "tests/project",
    # pages about this project's datasets
    "CHANGELOG.md",
    "docs/*.png",
    "docs/benchmarks.md",
    "docs/large-data.md",
    "docs/notebooks",
    "docs/tutorials.md",
    "docs/walkthrough.md",
    # results
    "data/crossval",
    "data/predictions",
    "data/raw",
    "data/split",
    "data/task",
    "dvc.lock",
    "metrics",
    "models/*.skops",
    "plots",
]

# What only pictures of digits on paper need.
HANDWRITING = [
    "digits/handwriting",
    "docs/handwriting",
    "docs/handwriting.md",
    "tests/handwriting",
]


@click.command(epilog=examples("start", "start --from table", "start --from handwriting"))
@click.option(
    "--from",
    "kind",
    type=click.Choice(list(SOURCES)),
    default="folder",
    show_default=True,
    metavar="KIND",
    help="Choose the kind of images.",
)
def command(kind: str) -> None:
    """Turn a new clone into a project about your own images.

    KIND is folder, table or handwriting. With `--from folder`, the images are pictures in
    data/own/, in a subfolder for each class. With `--from table`, they are the rows of
    data/own.csv. With `--from handwriting`, they are pictures of single digits on paper, which
    are converted to the style of MNIST.

    The command deletes this project's models and results, its pages, the optional components
    that you don't need, and itself. It writes a small params.yaml and a README.md, which you
    can edit. It commits nothing: `git restore .` brings everything back. For the next steps see
    docs/your-own.md.
    """
    check_clone()
    name = Path.cwd().name
    place, description = SOURCES[kind]
    for file_name in ["params.yaml", "README.md"]:
        write_template(file_name, kind=kind, name=name, place=place)
    edit_stages(place)
    replace("Makefile", "DEMO := small-*", "DEMO := *")
    replace(".dvc/config", "/digits-remote", f"/{name}-remote")
    if Path(".dvc/config.local").exists():
        replace(".dvc/config.local", "/digits-remote", f"/{name}-remote")
    delete(DELETED if kind == "handwriting" else [*DELETED, *HANDWRITING])

    click.echo("This is now a project about your own images, the dataset `own`. Next steps:")
    click.echo(f"  1. Put your {description}.")
    click.echo("  2. digits pin own")
    click.echo("  3. make demo")
    click.echo(f"  4. dvc add {place}")
    click.echo('  5. git add --all && git commit -m "Our own images"')


def check_clone() -> None:
    """Check that the current folder is an unchanged clone of this project.

    Raises:
        UserError: it isn't, so Git could not bring back what is deleted.
    """
    clone = PACKAGE.parent.resolve()
    if Path.cwd() != clone:
        raise UserError(f"run `digits start` in {clone}, the installed clone")
    if not Path(".git").exists():
        raise UserError(f"{clone} is not a Git repository; `git clone` this project")
    status = ["git", "status", "--porcelain"]
    changes = subprocess.check_output(status, text=True).splitlines()
    if changes:
        first_path = changes[0][3:]
        raise UserError(
            f"Git has uncommitted changes, first {first_path}; commit or stash them"
        )


def write_template(file_name: str, **values: str) -> None:
    """Write a file of the new project."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    text = environment.get_template(file_name).render(values)
    Path(file_name).write_text(text, encoding="utf-8")


def edit_stages(place: str) -> None:
    """Make the images a dependency of the stage `fetch`, and remove the section `artifacts`.

    Args:
        place: the file or folder of the images.
    """
    path = Path("dvc.yaml")
    text = path.read_text(encoding="utf-8")
    stages, _, _ = text.partition("\n# The models that other projects import")
    last_dependency = "        - digits/data/fetching.py\n"
    images = f"        - {place} # after a change, run `digits pin own`\n"
    path.write_text(stages.replace(last_dependency, last_dependency + images), encoding="utf-8")


def replace(file_name: str, old: str, new: str) -> None:
    """Replace a part of a text file."""
    path = Path(file_name)
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(old, new), encoding="utf-8")


def delete(patterns: list[str]) -> None:
    """Delete files, and folders with their content."""
    for pattern in patterns:
        for path in Path().glob(pattern):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
