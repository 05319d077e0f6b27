"""Turn this clone into a project about your own images."""

import math
import re
import shutil
import subprocess
import textwrap
from collections.abc import Iterator
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import click
import jinja2
import numpy as np
import pandas as pd
import yaml
from configobj import ConfigObjError
from dvc.config import Config, ConfigError

from digits.commands import examples, pin
from digits.commands.setup import write_url
from digits.core import paths
from digits.core.tables import Pixels
from digits.data.intake import one_class
from digits.data.intake.collection import Collection
from digits.data.intake.storage import add_to_dvc
from digits.data.layout.place import Place
from digits.data.splitting import split_rows
from digits.imaging import pictures
from digits.imaging.transforms.border import median_of_border
from digits.learning.folds import assign_folds
from digits.proposing.choose import Choice, ChoiceError, choose, describe
from digits.proposing.folders import enter_folders
from digits.proposing.show import write
from digits.settings.errors import UserError, echo, to_one_line
from digits.settings.params import ChecksumShare, TestSize

TEMPLATES = Path(__file__).parent / "templates"

# Where your images are.
PLACE = Path("data/own")

# What a project about your own images does not need: paths, in which * stands for anything.
DELETED = [
    # this command
    "digits/commands/start.py",
    "digits/proposing",
    "digits/commands/templates",
    "tests/core/test_damaged_files.py",
    "tests/core/test_forms.py",
    "tests/core/test_proposing.py",
    "tests/core/test_public_forms.py",
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

# The network that describes photos, and the extra of pyproject.toml that has its weights.
NETWORK = "efficientnet_lite0"
EXTRA = "network"

# From so many images on, models learn from principal components of their features.
MANY_IMAGES = 1_700
N_COMPONENTS_OF_PHOTOS = 300  # the files of models then have less than 20 MB
N_COMPONENTS_OF_DRAWINGS = 60  # the training then takes a fifth of the time

# Edge directions need images that are square, and at least this high and wide.
MIN_SIDE_OF_GRADIENTS = 20

# If no pixel is larger than this, it is the largest value that a pixel can have.
MAX_SMALL_RANGE = 31


class Look(NamedTuple):
    """What most of your images look like. The new params.yaml depends on it.

    Attributes:
        are_pictures: whether the images are pictures, which are resized. Otherwise, they are
            arrays of pixels.
        is_color: whether they are in colour.
        is_photo: whether they are photos. Otherwise they are small, or drawings.
        shape: the shape to which they should be resized, or that they have.
    """

    are_pictures: bool
    is_color: bool
    is_photo: bool
    shape: list[int]

    @property
    def n_folds(self) -> int:
        """The number of folds of each model in templates/params.yaml."""
        return 5 if self.is_photo else 3

    @property
    def suits_gradients(self) -> bool:
        """Whether a model can learn from edge directions and deformed copies of the images."""
        height, width = self.shape[:2]
        is_square = height == width
        return not self.is_color and is_square and height >= MIN_SIDE_OF_GRADIENTS

    def choose_n_components(self, n_images: int) -> int | None:
        """Return the number of principal components of the features, or None for no PCA."""
        if n_images < MANY_IMAGES:
            return None
        return N_COMPONENTS_OF_PHOTOS if self.is_photo else N_COMPONENTS_OF_DRAWINGS


# What pictures that are not there yet are expected to look like.
UNKNOWN = Look(are_pictures=True, is_color=False, is_photo=False, shape=[28, 28])


@click.command(
    epilog=examples(
        "start",
        "start --class breed",
        "start --layout '{group}/{class}/*'",
        "start --handwriting",
    )
)
@click.option("--class", "class_column", metavar="COLUMN", help="Take the classes from COLUMN.")
@click.option("--group", "group_column", metavar="COLUMN", help="Take the groups from COLUMN.")
@click.option("--layout", metavar="LAYOUT", help="Say what the files mean (docs/layout.md).")
@click.option("--test", metavar="LAYOUT", help="Say which other files are the test set.")
@click.option("--handwriting", is_flag=True, help="Read single digits on paper.")
def command(
    class_column: str | None,
    group_column: str | None,
    layout: str | None,
    test: str | None,
    handwriting: bool,
) -> None:
    """Turn a new clone into a project about your own images.

    Put your images into data/own/ as they are: pictures in a subfolder for each class, CSV or
    parquet files, .npz, .npy or .mat files, or IDX files. The command reads all of them, says
    what they are, and writes settings and models that suit them. If it cannot use them, it says
    why, and changes nothing. If they can be read in several ways, it shows the option for each.

    With --handwriting, the images are pictures of single digits on paper, in subfolders 0 to 9.
    They are converted to the style of MNIST, and need not be there yet.

    The command deletes this project's models and results, the pages about them, the benchmarks,
    itself and, without --handwriting, the package digits-handwriting. It writes a small
    params.yaml and a README.md, which you can edit. It commits nothing: after `git restore .`,
    which brings back all files that were in Git, you can run it again. For the next steps see
    docs/your-own.md.
    """
    check_clone()
    columns = {"class": class_column, "group": group_column}
    chosen = {key: name for key, name in columns.items() if name is not None}
    entry: dict[str, Any] = {}
    choice = None
    if handwriting:
        kind, place, look = "handwriting", PLACE, UNKNOWN
    else:
        place, choice = choose_layout(parse_option(layout, test), chosen)
        kind = "files"
        entry["layout"] = choice.layout
        look = look_at(choice.reading.images)
    entry |= {"sources": [{kind: place.as_posix()}], "shape": look.shape}
    if look.is_photo:
        entry["network"] = NETWORK
    understood = None
    if not handwriting or PLACE.exists():
        images = choice.reading.images if choice is not None else None
        understood = understand(entry, images, n_folds=look.n_folds)

    if understood is not None:
        add_to_dvc(entry["sources"])
    # Everything that can be refused has been refused.
    try:
        rewrite(kind, entry, look, understood[0] if understood else {})
    except BaseException:  # such as Ctrl-C, or a full disk
        subprocess.run(["git", "restore", "."], check=False)
        raise
    echo("This is now a project about your own images, the dataset `own`:")
    if choice is not None:
        for line in describe(choice):
            echo(f"  {to_one_line(line)}")
    if understood is not None:
        pin.print_overview(*understood)
    echo("Next steps:")
    if understood is None:
        echo("  Put pictures into data/own, in subfolders 0 to 9.")
        echo("  digits pin own")
    echo("  make repro")
    echo('  git add --all && git commit -m "Our own images"')
    echo("If something above is wrong, run `git restore .`, and `digits start` again.")


def parse_option(layout: str | None, test: str | None) -> Any:
    """Return the layout that the options say, as it is written in params.yaml, or None.

    Raises:
        UsageError: there is only a test set.
    """
    if layout is None:
        if test is not None:
            raise click.UsageError(
                "--test needs --layout, which says what the other images are"
            )
        return None
    value = parse_layout(layout)
    return value if test is None else {"train": value, "test": parse_layout(test)}


def parse_layout(text: str) -> Any:
    """Return a layout, or a part of it, from its text in YAML.

    A pattern is no YAML, but may begin with a bracket, too, as in {class}/*.
    """
    is_yaml = re.match(r"\{\s*\w+\s*:|\[\s*[\"'{\w]", text) is not None
    return yaml.safe_load(text) if is_yaml else text


def choose_layout(layout: Any, columns: dict[str, str]) -> tuple[Path, Choice]:
    """Return the folder of the images, and the layout in which its files make sense.

    Args:
        layout: the layout that the user has written, or None.
        columns: the columns that the user has chosen as `class` and `group`.

    Raises:
        ChoiceError: there is none, or there are several, which are printed.
    """
    root = enter_folders(PLACE) if PLACE.is_dir() else PLACE
    try:
        choice = choose(Place(root), layout, columns)
    except ChoiceError as error:
        for line in error.lines:
            indent = line[: len(line) - len(line.lstrip())]
            echo(f"{indent}{to_one_line(line)}", err=True)
        raise
    return root, choice


def understand(
    entry: dict[str, Any], collection: Collection | None, n_folds: int
) -> tuple[dict[str, Any], Pixels, pd.DataFrame]:
    """Read all images, and return what `pin.compute_pinned_values` does.

    Args:
        entry: the entry of the dataset, to which `pixel_max` is added if the pixels have a
            small range.
        collection: the images, if they have already been found.
        n_folds: the number of folds of the models.

    Raises:
        UserError: the images cannot be used.
    """
    values, X, images = pin.compute_pinned_values("own", entry, collection)
    largest = int(X.max())
    if largest <= MAX_SMALL_RANGE:
        entry["pixel_max"] = images.attrs["pixel_max"] = largest
    train_rows, _ = split_rows(X, images, choose_test_set(values), seed=0)
    counts = np.bincount(images["class"].iloc[train_rows], minlength=values["classes"])
    rare = np.flatnonzero(counts < n_folds)
    if len(rare):
        names = pin.list_classes(values)
        listed = ", ".join(f"{names[number]} {counts[number]}" for number in rare[:10])
        numbers = one_class.find_quantity(names)
        or_ranges = f"; {one_class.advise_ranges(numbers)}" if numbers else ""
        raise UserError(
            f"{len(rare)} classes have fewer than {n_folds} images in the training set, "
            f"which cross-validation needs: {listed}; add images, or move these classes "
            f"elsewhere{or_ranges}"
        )
    check_groups(images.iloc[train_rows], n_folds)
    return values, X, images


def check_groups(train_images: pd.DataFrame, n_folds: int) -> None:
    """Check that the groups of the training set can be divided into the folds of the models.

    Raises:
        UserError: there are too few groups, or too few that have images of one of the classes.
    """
    if "group" not in train_images:
        return
    try:
        assign_folds(train_images["class"].to_numpy(), n_folds, train_images["group"])
    except UserError as error:
        raise UserError(
            f"{train_images['group'].nunique()} groups are in the training set, too few for "
            f"the models ({error.message}); add groups, or remove them"
        ) from None


def choose_test_set(values: dict[str, Any]) -> TestSize:
    """Return which images are the test set, as templates/params.yaml writes it."""
    return "given" if "test" in values["sha256"] else ChecksumShare(share=0.25)


def rewrite(
    kind: str,
    entry: dict[str, Any],
    look: Look,
    values: dict[str, Any],
) -> None:
    """Turn this clone into the new project.

    Args:
        kind: the kind of source that reads the images.
        entry: the entry of the dataset.
        look: what most images look like.
        values: as `pin.compute_pinned_values` returns them. Empty if there are no images.
    """
    name = Path.cwd().name
    n_images = values.get("images", 0)
    settings = {
        "kind": kind,
        "name": name,
        "entry": entry,
        "place": write(entry["sources"][0][kind]),
        "layout": write_block(entry.get("layout")),
        "look": look,
        "has_test": "test" in values.get("sha256", {}),
        "n_components": look.choose_n_components(n_images),
    }
    texts = {file: render(file, **settings) for file in ["params.yaml", "README.md"]}
    if values:
        texts["params.yaml"] = pin.update_entry(texts["params.yaml"], "own", values)
    texts["dvc.yaml"] = edit_stages(read("dvc.yaml"))
    texts["Makefile"] = delete_targets(read("Makefile"))
    if look.is_photo:
        texts["Makefile"] = add_extra(texts["Makefile"])
    for file_name, text in texts.items():
        Path(file_name).write_text(text, encoding="utf-8")
    rename_remote(name)
    delete(DELETED if kind == "handwriting" else [*DELETED, *HANDWRITING])


def rename_remote(name: str) -> None:
    """Let the default remote be a folder beside this clone that has its name.

    Raises:
        UserError: DVC's configuration cannot have this name.
    """
    url = Path(f"../../{name}-remote")
    try:
        write_url(Path(".dvc/config"), "shared", url)
        Config(".dvc")  # can it be read?
        if Path(".dvc/config.local").exists():
            write_url(Path(".dvc/config.local"), "shared", (".dvc" / url).resolve())
    except (ConfigObjError, ConfigError) as error:
        raise UserError(
            f"the name of this folder, {name!r}, cannot stand in .dvc/config ({error}); rename "
            "the folder"
        ) from None


def write_block(layout: Any) -> str:
    """Return the lines of params.yaml with a layout, or "" if there is none."""
    if layout is None:
        return ""
    text = yaml.safe_dump({"layout": layout}, sort_keys=False, allow_unicode=True, width=10_000)
    return textwrap.indent(text, 4 * " ")


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
    lines = subprocess.check_output(status, text=True).splitlines()
    # An earlier call has added the images to DVC, and its models may have written new results.
    # `??` marks what Git does not know. A path follows two letters and a space.
    new_results = ("?? metrics/", "?? plots/")
    changed = [line[3:] for line in lines if not line.startswith(new_results)]
    earlier = {f"{PLACE}.dvc", f"{PLACE.parent}/.gitignore"}
    others = [
        path
        for path in changed
        # What lies among the images, such as a .gitignore, is left to DVC.
        if path not in earlier and not path.strip('"').startswith(f"{PLACE}/")
    ]
    if others:
        raise UserError(
            f"Git has uncommitted changes, first {others[0]}; commit or stash them, or, if an "
            "earlier `digits start` has made them, run `git restore .`"
        )


def look_at(collection: Collection) -> Look:
    """Return what most images look like.

    Raises:
        UserError: the shape of the images is not known.
    """
    if collection.pictures is not None:
        return look_at_pictures(collection.pictures(), len(collection.rows))
    shape = collection.shape
    if not 2 <= len(shape) <= 3 or max(shape) > 256:
        raise UserError(
            f"images of {' × '.join(map(str, shape))} values cannot be used, because they are "
            "not square, or larger than 256 × 256 pixels"
        )
    is_color = len(shape) == 3
    return Look(are_pictures=False, is_color=is_color, is_photo=False, shape=shape)


def look_at_pictures(contents: Iterator[Path | bytes], n_pictures: int) -> Look:
    """Return what most pictures of a sample look like.

    Pictures that cannot be read do not count. All of them are reported later.
    """
    step = math.ceil(n_pictures / N_SAMPLES)
    measured = [measure_picture(source) for source in islice(contents, 0, None, step)]
    readable = [measures for measures in measured if measures is not None]
    if not readable:
        return UNKNOWN
    side, color, background = pd.DataFrame(readable).median()
    is_color = color > MIN_COLOR
    is_photo = side >= MIN_PHOTO_SIDE and (is_color or background < 0.5)
    shape = [64, 64] if is_photo else [28, 28]
    return Look(True, is_color, is_photo, [*shape, 3] if is_color else shape)


def measure_picture(source: Path | bytes) -> tuple[int, float, float] | None:
    """Return the shorter side, how colourful the picture is, and its share of background.

    The result is None if the picture cannot be read.
    """
    try:
        opened = source if isinstance(source, Path) else BytesIO(source)
        image, _ = pictures.read_image(opened, mode="RGB")
    except (OSError, UserError):
        return None
    pixels = np.array(image, dtype=int)
    [background] = median_of_border(pixels[np.newaxis])
    differences = np.abs(pixels - background).max(axis=2)
    is_background = differences < MAX_BACKGROUND_DIFFERENCE
    return min(image.size), np.ptp(pixels, axis=2).mean(), is_background.mean()


def read(file_name: str) -> str:
    """Return the content of a text file."""
    return Path(file_name).read_text(encoding="utf-8")


def render(file_name: str, **values: object) -> str:
    """Return the text of a file of the new project."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(file_name).render(values)


def edit_stages(text: str) -> str:
    """Make the images a dependency of the stage `fetch`, and remove the section `artifacts`.

    Args:
        text: the content of dvc.yaml.
    """
    stages, _, _ = text.partition("\n# The models that other projects import")
    before, last_dependency, after = stages.partition("        - digits/data/images.py\n")
    check_found(last_dependency, "dvc.yaml")
    images = f"        - {PLACE} # after a change, run `digits pin own`\n"
    return f"{before}{last_dependency}{images}{after}"


def delete_targets(text: str) -> str:
    """Delete the targets `demo` and `start`, because `make repro` needs no network now.

    Args:
        text: the content of the Makefile.
    """
    before, start, rest = text.partition("DEMO := ")
    _, end, after = rest.partition("repro: ")
    check_found(start and end, "Makefile")
    return before.replace("help demo start repro", "help repro") + end + after


def add_extra(text: str) -> str:
    """Let `make` install the weights of the network.

    Args:
        text: the content of the Makefile.
    """
    before, line, after = text.partition("\nEXTRAS :=\n")
    check_found(line, "Makefile")
    return f"{before}\nEXTRAS := {EXTRA}\n{after}"


def check_found(part: str, file_name: str) -> None:
    """Check that a part of a file that has to be edited was found.

    Raises:
        UserError: it was not found.
    """
    if not part:
        raise UserError(f"{file_name} is not as in a new clone; clone the project again")


def delete(patterns: list[str]) -> None:
    """Delete files, and folders with their content."""
    for pattern in patterns:
        for path in Path().glob(pattern):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
