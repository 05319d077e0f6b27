"""Write the settings for your own images into a generated project."""

import math
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import jinja2
import numpy as np
import pandas as pd
import yaml

from digits.commands import examples
from digits.commands.setup import check_path
from digits.core.files import atomic_write
from digits.core.images import Images, list_classes
from digits.data.splitting import split_rows
from digits.fetching.conversion import make_images
from digits.fetching.fetch import fetch_images
from digits.fetching.summary import summarize
from digits.imaging import drawing
from digits.messages.errors import UserError
from digits.messages.git import check_git, has_repository
from digits.messages.terminal import echo, to_one_line
from digits.results.overview import describe_images
from digits.running.storage import find_dvc_file
from digits.settings.params import ChecksumShare, TestSize
from digits.settings.params_file import validate_dataset
from image_layouts.errors import LayoutError
from image_layouts.layout.folder import Folder
from image_layouts.layout.reading import Reading
from image_layouts.pipeline.defaults import DEFAULTS_FOR_DIGITS, Defaults, find_defaults
from image_layouts.pipeline.own_files import as_user_errors, to_collection
from image_layouts.pipeline.store import add_to_dvc, add_to_git, restore_on_failure
from image_layouts.proposing.asking import describe
from image_layouts.proposing.choose import MIN_FOLDS, choose, make_groups_error
from image_layouts.proposing.folders import enter_folders
from image_layouts.proposing.writing import write
from image_layouts.schema import parse_text

TEMPLATE = Path(__file__).with_name("templates") / "params.yaml"
OWN_IMAGES = Path("data/own")

# The files that the command edits, and, besides, those in which DVC records the images.
SETTINGS = ["params.yaml", "dvc.yaml", "pyproject.toml"]
FILES = [*map(Path, SETTINGS), find_dvc_file(OWN_IMAGES), OWN_IMAGES.with_name(".gitignore")]

# The script of the stage `fetch` in its list of dependencies, if that does not have the images.
FETCH_SCRIPT = re.compile(
    r"(?<!- data/own\n)^( +- )stages/fetch\.py\n(?!(?:\1.*\n)*\1data/own\n)", re.MULTILINE
)
# The list of optional packages in pyproject.toml. Its strings have brackets.
EXTRAS = re.compile(
    r"""^\[dependency-groups\]\n(?:.*\n)*?extras *= *\[((?:"[^"]*"|[^]"])*)""", re.MULTILINE
)

# Images whose largest pixel is at most this have few bits per pixel, as the digits of
# scikit-learn have. In such images, the largest pixel is white.
MAX_OF_FEW_BITS = 31

TEST_SHARE = 0.25  # if the images have no test set, as templates/params.yaml says


@click.command(
    epilog=examples(
        "start",
        "start --class breed",
        "start --layout '{group}/{class}/*'",
        "start --min-images 10",
        "start --handwriting",
    )
)
@click.option("--class", metavar="COLUMN", help="Take the classes from COLUMN.")
@click.option("--group", metavar="COLUMN", help="Take the groups from COLUMN.")
@click.option(
    "--layout",
    metavar="LAYOUT",
    help="Say what the files mean (packages/image-layouts/docs/layout.md).",
)
@click.option("--test", metavar="LAYOUT", help="Say which other files are the test set.")
@click.option(
    "--min-images",
    metavar="N",
    type=click.IntRange(min=1),
    default=1,
    help="Leave out classes with fewer than N images for training.",
)
@click.option("--handwriting", is_flag=True, help="Read single digits on paper.")
def command(
    layout: str | None,
    test: str | None,
    min_images: int,
    handwriting: bool,
    **columns: str | None,
) -> None:
    """Write the settings for your own images into a generated project.

    Put your images into data/own/ as they are: pictures in a subfolder for each class, CSV,
    parquet or Arrow files, .npz, .npy or .mat files, or IDX files. The command reads all of
    them, says what they are, and writes settings and models that suit them. If it cannot use
    them, it says why, and changes nothing. If they can be read in several ways, it shows the
    option for each.

    With --handwriting, the images are pictures of single digits on paper, in subfolders 0 to 9.
    They are converted to the style of MNIST, and need not be there yet.

    The command writes params.yaml, which you can edit, adds data/own to the dependencies of the
    stage `fetch` in dvc.yaml, and adds the weights of a network to `extras` in pyproject.toml.
    It calls `git add` for these files, commits nothing, and can be run again. For the next
    steps see packages/image-layouts/docs/your-own.md.
    """
    chosen = {key: name for key, name in columns.items() if name is not None}
    written = parse_options(layout, test)
    if chosen and written is not None:
        raise click.UsageError("--class and --group need no --layout, which has the columns")
    if handwriting and (chosen or written is not None or min_images > 1):
        raise click.UsageError("--handwriting needs no other option")
    check_project()
    if handwriting:
        start_handwriting()
    else:
        start_with_layout(written, chosen, min_images)
    echo("If something above is wrong, run `digits start` again.")


def parse_options(layout: str | None, test: str | None) -> Any:
    """Return the layout that the options say, as it is written in params.yaml, or None.

    Raises:
        UsageError: --test is given without --layout, or an option is not valid YAML.
    """
    if layout is None and test is not None:
        raise click.UsageError("--test needs --layout, which says what the other images are")
    try:
        train_layout, test_layout = parse_text(layout), parse_text(test)
    except LayoutError as error:
        raise click.UsageError(error.message) from None
    return train_layout if test is None else {"train": train_layout, "test": test_layout}


def check_project() -> None:
    """Check that this is a generated project, and that Git has the files that are edited.

    Raises:
        UserError: it is another folder, DVC cannot work in it, or edits would be lost.
    """
    check_git()
    check_path()
    if not Path(".copier-answers.yml").exists() or not has_repository():
        raise UserError(
            f"{Path.cwd()} is not a generated project with a Git repository; make one by `make "
            "new DIR=../bottles` in a clone of digits, or by `uvx copier copy REPOSITORY_URL "
            "bottles`"
        )
    command = ["git", "ls-files", "-z", "--modified", "--others", "--", *SETTINGS]
    listed = set(subprocess.check_output(command, text=True).split("\0"))
    edited = " ".join(name for name in SETTINGS if name in listed)
    if edited:
        raise UserError(
            f"your edits of {edited} would be lost; commit them, or discard them by `git "
            f"restore {edited}`"
        )


def start_handwriting() -> None:
    """Write the settings for digits on paper. Pictures may be added later."""
    sources = [{"handwriting": OWN_IMAGES.as_posix()}]
    entry = {"sources": sources, "shape": DEFAULTS_FOR_DIGITS.shape}
    has_images = OWN_IMAGES.exists()
    images = fetch_images("own", validate_dataset("own", entry)) if has_images else None
    write_settings(entry, DEFAULTS_FOR_DIGITS, images)


@as_user_errors()
def start_with_layout(layout: Any, columns: dict[str, str], min_images: int) -> None:
    """Write the settings for images in any form.

    Args:
        layout: the layout that the user has written, or None.
        columns: the columns that the user has chosen as `class` and `group`.
        min_images: classes with fewer images are left out.

    Raises:
        UserError: no layout or more than one was found, or the images cannot be used.
    """
    root, reading = choose_layout(layout, columns, min_images)
    defaults = find_defaults(reading.images)
    sources = [{"files": root.as_posix()}]
    entry = {"sources": sources, "layout": reading.layout, "shape": defaults.shape}
    optional = {"network": defaults.network, "white": defaults.white}
    entry |= {key: value for key, value in optional.items() if value}
    lines = [*describe(reading), defaults.describe()]
    dataset = validate_dataset("own", entry)
    # Computing the network's features would take long.
    dataset = dataset.model_copy(update={"network": None})
    images = make_images(to_collection(reading.images, dataset), dataset)
    del reading  # a table of a million rows is large, and so is what follows
    largest = int(images.X.max())
    if 0 < largest <= MAX_OF_FEW_BITS:
        entry["pixel_max"] = images.table.attrs["pixel_max"] = largest
    write_settings(entry, defaults, images, lines)


def choose_layout(
    layout: Any, columns: dict[str, str], min_images: int = 1
) -> tuple[Path, Reading]:
    """Return the folder of the images, and the layout in which its files make sense.

    `start_with_layout` describes the arguments.

    Raises:
        LayoutError: there is no such layout, or there are several, which are printed.
    """
    root = enter_folders(OWN_IMAGES) if OWN_IMAGES.is_dir() else OWN_IMAGES
    for name in root.relative_to(OWN_IMAGES).parts[:1]:
        # A pattern may begin with the folder that has all files.
        if re.search(rf"""(^|[\s"[]){re.escape(name)}/""", write(layout)):
            root = OWN_IMAGES
    try:
        return root, choose(Folder(root), layout, columns, min_images)
    except LayoutError as error:
        for line in error.lines:
            text = re.sub("^( *)--layout ", r"\1digits start --layout ", line)
            indentation = text.removesuffix(text.lstrip())  # `to_one_line` removes it
            echo(indentation + to_one_line(text), err=True)
        raise


def select_train_images(images: Images) -> pd.DataFrame:
    """Return the rows of the training set, from which models with `MIN_FOLDS` folds can learn.

    Raises:
        UserError: all images are black, or a class has too few images or groups.
    """
    if images.X.max() == 0:
        raise UserError("all pixels of all images are 0, which is black; nothing can be learnt")
    has_test_set = "test" in images.table
    test: TestSize = "given" if has_test_set else ChecksumShare(share=TEST_SHARE)
    train_images = images.table.iloc[split_rows(images, test, seed=0)[0]]
    names = list_classes(images)
    counts = np.bincount(train_images["class"], minlength=len(names))
    rare = np.flatnonzero(counts < MIN_FOLDS)
    if len(rare):
        listed = ", ".join(f"{names[number]} {counts[number]}" for number in rare[:10])
        needed = MIN_FOLDS if has_test_set else math.ceil(MIN_FOLDS / (1 - TEST_SHARE))
        raise UserError(
            f"{len(rare)} of {len(counts)} classes have fewer than {MIN_FOLDS} images in the "
            f"training set, which cross-validation needs: {listed}; add images, or leave these "
            f"classes out by `digits start --min-images {needed}`"
        )
    if "group" in train_images and not has_test_set:
        n_groups = images.table.groupby("class")["group"].nunique()
        in_test_set = images.table["class"].drop(train_images.index)
        for number in sorted(set(images.table["class"]) - set(in_test_set)):
            if n_groups[number] <= MIN_FOLDS:
                raise make_groups_error(names[number], n_groups[number], MIN_FOLDS + 1)
    return train_images


def choose_n_folds(train_images: pd.DataFrame, max_folds: int) -> int:
    """Return the largest number of folds, from `MIN_FOLDS` to `max_folds`, that is possible.

    Raises:
        UserError: there are too few groups, or too few groups have images of some class.
    """
    classes = train_images["class"]
    n_folds = min(max_folds, classes.value_counts().min())
    if "group" not in train_images:
        return n_folds
    from digits.learning.fitting import assign_folds  # here, because it takes half a second

    try:
        assign_folds(classes.to_numpy(), train_images["group"], n_folds)
    except UserError as error:
        if n_folds > MIN_FOLDS:
            return choose_n_folds(train_images, n_folds - 1)
        raise UserError(
            f"{train_images['group'].nunique()} groups are in the training set, too few for "
            f"the models ({error.message}); add groups, or remove them"
        ) from None
    return n_folds


def write_settings(
    entry: dict[str, Any], defaults: Defaults, images: Images | None, layout: Sequence[str] = ()
) -> None:
    """Write the files of the project, or none of them, and print what they say.

    Raises:
        UserError: the images cannot be used, or a file cannot be written.
    """
    lines = list(layout)
    n_folds = MIN_FOLDS
    if images is not None:
        n_folds = choose_n_folds(select_train_images(images), defaults.max_folds)
    if n_folds < defaults.max_folds:
        lines.append(
            f"the models have {n_folds} folds, because some class has too few images or groups "
            f"for {defaults.max_folds}"
        )
    params = render(entry, defaults, images, n_folds)
    lines.append(f"models: {', '.join(yaml.safe_load(params)['models'])}")
    old = [Path(name).read_text(encoding="utf-8") for name in SETTINGS]
    stages = FETCH_SCRIPT.sub(r"\g<0>\1data/own\n", old[1])
    new = [params, stages, edit_extras(old[2], defaults.weights)]
    if new[2] != old[2]:
        lines.append("pyproject.toml names other extras, which `make repro` installs")
    if images is not None:
        lines += describe_images(images, summarize(images), ["files"])
    with restore_on_failure(FILES):
        add_to_dvc(entry["sources"])
        for name, before, text in zip(SETTINGS, old, new, strict=True):
            if text != before:  # `make venv` installs all packages after a change of a file
                with atomic_write(Path(name)) as temporary:
                    temporary.write_text(text, encoding="utf-8", newline="\n")
        add_to_git(FILES)
    print_project(lines, images)


def render(
    entry: dict[str, Any], defaults: Defaults, images: Images | None, n_folds: int
) -> str:
    """Return the text of params.yaml. `write_settings` describes the arguments."""
    [(kind, path)] = entry["sources"][0].items()  # such as {"files": "data/own"}
    layout = {"layout": entry.get("layout")}
    template = jinja2.Template(
        TEMPLATE.read_text(encoding="utf-8"), trim_blocks=True, keep_trailing_newline=True
    )
    return template.render(
        kind=kind,
        entry=entry,
        path=write(path),
        layout=yaml.safe_dump(layout, sort_keys=False, allow_unicode=True, width=10_000),
        defaults=defaults,
        images=images,
        n_folds=n_folds,
    )


def edit_extras(text: str, weights: str) -> str:
    """Return the text of pyproject.toml with other weights of a network, or "" for none."""
    found = EXTRAS.search(text)
    if found is None:
        raise UserError("pyproject.toml: write `extras = []` below [dependency-groups]")
    others = re.sub(r'"digits\[networks?\]"(, *)?', "", found[1])
    extras = ", ".join(filter(None, [weights, others]))
    return text[: found.start(1)] + extras + text[found.end(1) :]


def print_project(lines: Sequence[str], images: Images | None) -> None:
    """Print lines about the new project, two images, and the next steps."""
    echo("This is now a project about your own images, the dataset `own`:")
    for line in lines:
        echo(f"  {to_one_line(line)}")
    if images is not None:
        echo()
        names = list_classes(images)
        rows = images.table["class"].drop_duplicates().index[:2]
        captions = [str(names[images.classes[row]]) for row in rows]
        drawing.print_images(images.pixels[rows], captions, min_side_by_side=len(rows))
    if images is not None and "file" not in images.table:  # only arrays and tables have axes
        echo("If they lie on their side, write `transpose: true` above `shape` in params.yaml.")
    echo("Next steps:")
    if images is None:
        echo("  Put pictures into data/own, in subfolders 0 to 9.")
        echo(f"  dvc add {OWN_IMAGES}")
    echo("  make repro")
    echo('  git add --all && git commit -m "Our own images"')
