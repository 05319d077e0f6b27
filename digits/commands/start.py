"""Turn this clone into a project about your own images."""

import math
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

import click
import jinja2
import numpy as np
import pandas as pd

from digits.commands import examples
from digits.core import paths
from digits.data.sources import folder, table
from digits.imaging import pictures
from digits.imaging.transforms.border import median_of_border
from digits.settings.errors import UserError

TEMPLATES = Path(__file__).parent / "templates"


# The kinds of sources that `--from` names: where your images are, and the end of the sentence
# `Put your …`.
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
    # the benchmarks, and the tests of this project's pages
    "bench",
    "tests/bench",
    "tests/project",
    # pages about this project's datasets
    "CHANGELOG.md",
    "CITATION.cff",
    "docs/*.png",
    "docs/benchmarks.md",
    "docs/digit-champion.md",
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
    str(paths.model("*")),
    "plots",
]

# What only pictures of digits on paper need.
HANDWRITING = [
    "docs/handwriting",
    "docs/handwriting.md",
    "packages/digits-handwriting",
]


# At most this many pictures are measured.
N_SAMPLES = 100

# A picture is in colour if the largest and the smallest of red, green and blue differ by more
# than this on average, of 255. Grey scans are not quite grey.
MIN_COLOR = 20

# A photo has sides of at least this many pixels. Smaller pictures are icons or digits.
MIN_PHOTO_SIDE = 64

# A pixel is background if it differs by less than this from the edge of the picture. A picture
# is a drawing if most of its pixels are background.
MAX_BACKGROUND_DIFFERENCE = 16


class Look(NamedTuple):
    """What most of your pictures look like. The new params.yaml depends on it.

    Attributes:
        n_pictures: how many pictures there are.
        is_color: whether they are in colour.
        is_photo: whether they are photos. Otherwise they are small, or drawings.
        shape: the shape to which they should be resized.
    """

    n_pictures: int
    is_color: bool
    is_photo: bool
    shape: list[int]

    def describe(self) -> str:
        """Return sentences about the pictures for the user."""
        kind = "in colour" if self.is_color else "grey"
        shape = " × ".join(map(str, self.shape[:2]))
        return f"{self.n_pictures} pictures, {kind}. They are resized to {shape} pixels."


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

    If your pictures are already there, the command looks at some of them, and writes a shape
    and models that suit them.

    The command deletes this project's models and results, the pages about them, the benchmarks,
    itself and, without `--from handwriting`, the package digits-handwriting. It writes a small
    params.yaml and a README.md, which you can edit. It commits nothing: `git restore .` brings
    back all files that were in Git. For the next steps see docs/your-own.md.
    """
    check_clone()
    name = Path.cwd().name
    place, description = SOURCES[kind]
    look = look_at_pictures(list_pictures(kind, Path(place)))
    for file_name in ["params.yaml", "README.md"]:
        write_template(file_name, kind=kind, name=name, place=place, look=look)
    edit_stages(place)
    replace("Makefile", "DEMO := small-*", "DEMO := *")
    replace("Makefile", " \\\n  '`make repro` trains all models.'", "")  # `make demo` did
    replace(".dvc/config", "/digits-remote", f"/{name}-remote")
    if Path(".dvc/config.local").exists():
        replace(".dvc/config.local", "/digits-remote", f"/{name}-remote")
    delete(DELETED if kind == "handwriting" else [*DELETED, *HANDWRITING])

    click.echo("This is now a project about your own images, the dataset `own`.")
    if look.n_pictures:
        click.echo(f"{place}: {look.describe()}")
    click.echo("Next steps:")
    if not Path(place).exists():
        click.echo(f"  Put your {description}.")
    click.echo("  digits pin own")
    click.echo("  make demo")
    click.echo(f"  dvc add {place}")
    click.echo('  git add --all && git commit -m "Our own images"')


def check_clone() -> None:
    """Check that the current folder is an unchanged clone of this project.

    Raises:
        UserError: it isn't. Git could then not bring back what the command deletes.
    """
    if not Path("digits/commands/start.py").exists() or not Path(".git").exists():
        raise UserError(
            f"{Path.cwd()} is not a new clone of this project; `git clone` it, and run "
            "`digits start` there"
        )
    status = ["git", "status", "--porcelain"]
    changes = subprocess.check_output(status, text=True).splitlines()
    if changes:
        first_path = changes[0][3:]  # after two letters and a space
        raise UserError(
            f"Git has uncommitted changes, first {first_path}; commit or stash them"
        )


def list_pictures(kind: str, place: Path) -> list[Path]:
    """Return the user's picture files, if they are already there.

    Raises:
        UserError: a folder is empty, or the table cannot be read.
    """
    if kind == "folder" and place.is_dir():
        paths = list(folder.iterate_files(place))
    elif kind == "table" and place.exists():
        columns = table.read_text_columns(place)
        paths = [place.parent / name for name in columns["file"]] if "file" in columns else []
    else:
        paths = []
    return [path for path in paths if path.suffix.lower() in pictures.SUFFIXES]


def look_at_pictures(paths: list[Path]) -> Look:
    """Return what most pictures of a sample look like.

    Raises:
        UserError: a picture cannot be read.
    """
    if not paths:
        return Look(0, is_color=False, is_photo=False, shape=[28, 28])
    step = math.ceil(len(paths) / N_SAMPLES)
    measured = pd.DataFrame([measure_picture(path) for path in paths[::step]])
    side, color, background = measured.median()
    is_color = color > MIN_COLOR
    is_photo = side >= MIN_PHOTO_SIDE and (is_color or background < 0.5)
    if not is_photo:
        shape = [28, 28]
    elif is_color:
        shape = [64, 64]
    else:
        shape = [96, 96]
    return Look(len(paths), is_color, is_photo, [*shape, 3] if is_color else shape)


def measure_picture(path: Path) -> tuple[int, float, float]:
    """Return the shorter side, how colourful the picture is, and its share of background.

    Raises:
        UserError: the picture cannot be read.
    """
    try:
        image, _ = pictures.read_image(path, mode="RGB")
    except (OSError, UserError) as error:
        raise UserError(f"{path}: {error}") from None
    pixels = np.array(image, dtype=int)
    [background] = median_of_border(pixels[np.newaxis])
    differences = np.abs(pixels - background).max(axis=2)
    is_background = differences < MAX_BACKGROUND_DIFFERENCE
    return min(image.size), np.ptp(pixels, axis=2).mean(), is_background.mean()


def write_template(file_name: str, **values: object) -> None:
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
