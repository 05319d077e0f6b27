"""Turn this clone into a project about your own images."""

import math
import os
import re
import shutil
import subprocess
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import jinja2
import numpy as np
import pandas as pd
import yaml

from digits.commands import examples
from digits.commands.setup import check_path, write_url
from digits.core import paths
from digits.core.images import Images
from digits.data.splitting import split_rows
from digits.fetching.conversion import make_images
from digits.fetching.fetch import fetch_images
from digits.fetching.summary import Summary, summarize
from digits.imaging import drawing
from digits.messages.errors import UserError
from digits.messages.git import check_git
from digits.messages.terminal import echo, to_one_line
from digits.results.overview import describe_images
from digits.settings.params import ChecksumShare, TestSize
from digits.settings.params_file import validate_dataset
from digits.sources import find_source
from image_layouts.errors import LayoutError
from image_layouts.layout.folder import Folder
from image_layouts.layout.reading import Reading
from image_layouts.pipeline.defaults import (
    DEFAULTS_FOR_DIGITS,
    EXTRAS,
    MANY_IMAGES,
    Defaults,
    find_defaults,
)
from image_layouts.pipeline.own_files import as_user_errors, to_collection
from image_layouts.pipeline.store import add_to_dvc
from image_layouts.proposing.asking import describe
from image_layouts.proposing.choose import MIN_FOLDS, choose, make_groups_error
from image_layouts.proposing.folders import enter_folders
from image_layouts.proposing.writing import write
from image_layouts.schema import parse_text

TEMPLATES = Path(__file__).parent / "templates"

OWN_IMAGES = Path("data/own")

# The paths that a project about your own images does not need, as glob patterns.
DELETED = [
    # the tests of the package that has this command
    "packages/image-layouts/tests",
    # the benchmarks, and the tests of this project's pages
    "bench",
    "tests/bench",
    "tests/project",
    # pages about this project's datasets
    "CHANGELOG.md",
    "CITATION.cff",
    "docs/benchmarks.md",
    "docs/notebooks",
    "docs/tutorials*.md",
    # results
    "data/crossval",
    "data/datasets",
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
    "packages/digits-handwriting",
]

# Images whose largest pixel is at most this have few bits per pixel, as the digits of
# scikit-learn have. In such images, the largest pixel is white.
MAX_OF_FEW_BITS = 31

# The results of stages that are in Git.
RESULT = re.compile(r"data/datasets/[^/]+\.yaml|metrics/[^/]+\.json|plots/[^/]+/[^/]+\.csv")

TEST_SHARE = 0.25  # as templates/params.yaml says

HAS_STARTED = (
    "`digits start` has already run here; to undo it, and all your edits, run `git restore .`, "
    "and `digits start` again; if you have committed them, start from a new clone"
)

# The first dependency of the stage `fetch`, as dvc.yaml has it.
FIRST_DEPENDENCY = "        - stages/fetch.py\n"

# What the pixels of pictures and tables depend on.
CODE_OF_PICTURES = [
    "digits/imaging/picture_files.py",
    "digits/imaging/pictures.py",
    "packages/image-layouts/image_layouts",
]

# What the features of a network, and drawings of handwritten digits, depend on besides.
CODE_OF_NETWORKS = ["packages/picture-networks/picture_networks"]
CODE_OF_HANDWRITING = [
    "digits/imaging/transforms/deskewing.py",
    "digits/imaging/transforms/interpolation.py",
    "packages/digits-handwriting/digits_handwriting",
]

NOT_AS_CLONED = "{} is not as in a new clone; clone the project again"


@click.command(
    epilog=examples(
        "start",
        "start --class breed",
        "start --layout '{group}/{class}/*'",
        "start --min-images 10",
        "start --handwriting",
    )
)
@click.option("--class", "class_column", metavar="COLUMN", help="Take the classes from COLUMN.")
@click.option("--group", "group_column", metavar="COLUMN", help="Take the groups from COLUMN.")
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
    class_column: str | None,
    group_column: str | None,
    layout: str | None,
    test: str | None,
    min_images: int,
    handwriting: bool,
) -> None:
    """Turn a new clone into a project about your own images.

    Put your images into data/own/ as they are: pictures in a subfolder for each class, CSV,
    parquet or Arrow files, .npz, .npy or .mat files, or IDX files. The command reads all of
    them, says what they are, and writes settings and models that suit them. If it cannot use
    them, it says why, and changes nothing. If they can be read in several ways, it shows the
    option for each.

    With --handwriting, the images are pictures of single digits on paper, in subfolders 0 to 9.
    They are converted to the style of MNIST, and need not be there yet.

    The command deletes this project's models and results, the pages about them, the benchmarks
    and, without --handwriting, the package digits-handwriting. It writes a small
    params.yaml and a README.md, which you can edit. It commits nothing: after `git restore .`,
    which brings back all files that were in Git, you can run it again. For the next steps see
    packages/image-layouts/docs/your-own.md.
    """
    options = {"class": class_column, "group": group_column}
    columns = {key: name for key, name in options.items() if name is not None}
    written = parse_options(layout, test)
    if columns and written is not None:
        raise click.UsageError("--class and --group need no --layout, which has the columns")
    if handwriting and (columns or written is not None or min_images > 1):
        raise click.UsageError("--handwriting needs no other option")
    check_clone()
    if handwriting:
        start_handwriting()
    else:
        start_with_layout(written, columns, min_images)
    echo("If something above is wrong, run `git restore .`, and `digits start` again.")


def start_handwriting() -> None:
    """Turn this clone into a project about digits on paper. Pictures may be added later.

    Raises:
        UserError: the pictures cannot be used.
    """
    entry: dict[str, Any] = {
        "sources": [{"handwriting": OWN_IMAGES.as_posix()}],
        "shape": DEFAULTS_FOR_DIGITS.shape,
    }
    if not OWN_IMAGES.exists():
        rewrite_or_restore(entry, DEFAULTS_FOR_DIGITS, None, MIN_FOLDS)
        echo_project([])
        echo_next_steps(
            "Put pictures into data/own, in subfolders 0 to 9.", f"dvc add {OWN_IMAGES}"
        )
        return
    images = fetch_images("own", validate_dataset("own", entry))
    check_images(images, select_train_images(images))
    add_to_dvc(entry["sources"])
    rewrite_or_restore(entry, DEFAULTS_FOR_DIGITS, images, MIN_FOLDS)
    echo_project([])
    print_overview(images, summarize(images, {}))
    echo_next_steps()


@as_user_errors()
def start_with_layout(layout: Any, columns: dict[str, str], min_images: int) -> None:
    """Turn this clone into a project about images in any form.

    Args:
        layout: the layout that the user has written, or None.
        columns: the columns that the user has chosen as `class` and `group`.
        min_images: classes with fewer images are left out.

    Raises:
        UserError: no layout or more than one was found, or the images cannot be used.
    """
    root, reading = choose_layout(layout, columns, min_images)
    defaults = find_defaults(reading.images)
    entry = {
        "sources": [{"files": root.as_posix()}],
        "layout": reading.layout,
        "shape": defaults.shape,
    }
    if defaults.network:
        entry["network"] = defaults.network
    if defaults.white:
        entry["white"] = defaults.white
    lines = [*describe(reading), defaults.describe()]
    dataset = validate_dataset("own", entry)
    # Computing the network's features would take long.
    dataset = dataset.model_copy(update={"network": None})
    images = make_images(to_collection(reading.images, dataset), dataset)
    del reading  # a table of a million rows is large, and so is what follows
    train_images = select_train_images(images)
    check_images(images, train_images)
    check_test_set(images, train_images)
    n_folds = choose_n_folds(train_images, defaults.max_folds)
    if n_folds < defaults.max_folds:
        lines.append(
            f"the models have {n_folds} folds, because some class has too few images or groups "
            f"for {defaults.max_folds}"
        )
    largest = int(images.X.max())
    if largest <= MAX_OF_FEW_BITS:
        entry["pixel_max"] = images.table.attrs["pixel_max"] = largest
    add_to_dvc(entry["sources"])
    rewrite_or_restore(entry, defaults, images, n_folds)
    models = ", ".join(yaml.safe_load(read("params.yaml"))["models"])
    echo_project([*lines, f"models: {models}"])
    print_overview(images, summarize(images, {}))
    echo_next_steps()


def echo_project(lines: Sequence[str]) -> None:
    """Print that this clone is the new project, and lines about the layout."""
    echo("This is now a project about your own images, the dataset `own`:")
    for line in lines:
        echo(f"  {to_one_line(line)}")


def echo_next_steps(*first_steps: str) -> None:
    """Print the next steps: the given ones, and two that all projects need."""
    echo("Next steps:")
    last_steps = ("make repro", 'git add --all && git commit -m "Our own images"')
    for step in (*first_steps, *last_steps):
        echo(f"  {step}")


def parse_options(layout: str | None, test: str | None) -> Any:
    """Return the layout that the options say, as it is written in params.yaml, or None.

    Raises:
        UsageError: --test is given without --layout, or an option is not valid YAML.
    """
    if layout is None and test is not None:
        raise click.UsageError("--test needs --layout, which says what the other images are")
    try:
        if layout is None or test is None:
            return parse_text(layout)
        return {"train": parse_text(layout), "test": parse_text(test)}
    except LayoutError as error:
        raise click.UsageError(error.message) from None


def choose_layout(
    layout: Any, columns: dict[str, str], min_images: int = 1
) -> tuple[Path, Reading]:
    """Return the folder of the images, and the layout in which its files make sense.

    Args:
        layout: the layout that the user has written, or None.
        columns: the columns that the user has chosen as `class` and `group`.
        min_images: classes with fewer images are left out.

    Raises:
        LayoutError: there is no such layout, or there are several, which are printed.
    """
    root = OWN_IMAGES
    if OWN_IMAGES.is_dir():
        inner = enter_folders(OWN_IMAGES)
        # A layout may begin with the folder that has all files.
        root = OWN_IMAGES if names_folder(layout, inner) else inner
    try:
        reading = choose(Folder(root), layout, columns, min_images)
    except LayoutError as error:
        for line in error.lines:
            indentation = " " * (len(line) - len(line.lstrip()))  # `to_one_line` removes it
            is_option = line.lstrip().startswith("--layout ")
            command = "digits start " if is_option else ""
            echo(indentation + command + to_one_line(line), err=True)
        raise
    return root, reading


def names_folder(layout: Any, folder: Path) -> bool:
    """Return whether a pattern of a layout begins with a folder in data/own."""
    start = folder.relative_to(OWN_IMAGES).parts[:1]
    if not start:
        return False
    pattern = rf"""(^|[\s"[]){re.escape(start[0])}/"""
    return re.search(pattern, write(layout)) is not None


def select_train_images(images: Images) -> pd.DataFrame:
    """Return the rows of the table of images that will be the training set."""
    train_rows, _ = split_rows(images, choose_test_set(images), seed=0)
    return images.table.iloc[train_rows]


def check_images(images: Images, train_images: pd.DataFrame) -> None:
    """Check that models with `MIN_FOLDS` folds can learn from images.

    Args:
        images: all images.
        train_images: the rows of the training set.

    Raises:
        UserError: all images are black, or classes have too few images or groups.
    """
    if images.X.max() == 0:
        raise UserError("all pixels of all images are 0, which is black; nothing can be learnt")
    counts = np.bincount(train_images["class"], minlength=images.table["class"].max() + 1)
    rare = np.flatnonzero(counts < MIN_FOLDS)
    if len(rare):
        names = images.class_names or range(len(counts))
        listed = ", ".join(f"{names[number]} {counts[number]}" for number in rare[:10])
        has_test_set = "test" in train_images
        needed = MIN_FOLDS if has_test_set else math.ceil(MIN_FOLDS / (1 - TEST_SHARE))
        raise UserError(
            f"{len(rare)} of {len(counts)} classes have fewer than {MIN_FOLDS} images in the "
            f"training set, which cross-validation needs: {listed}; add images, or leave these "
            f"classes out by `digits start --min-images {needed}`"
        )
    check_groups(train_images, MIN_FOLDS)


def check_test_set(images: Images, train_images: pd.DataFrame) -> None:
    """Check that each class of few groups has one in the test set, if groups are chosen for it.

    Args:
        images: all images.
        train_images: the rows of the training set.

    Raises:
        UserError: all groups of such a class are in the training set.
    """
    table = images.table
    if "group" not in table or "test" in table:
        return
    n_groups = table.groupby("class")["group"].nunique()
    in_test_set = table["class"].drop(train_images.index)
    for number in sorted(set(table["class"]) - set(in_test_set)):
        if n_groups[number] <= MIN_FOLDS:
            class_name = images.class_names[number] if images.class_names else number
            raise make_groups_error(class_name, n_groups[number], MIN_FOLDS + 1)


def check_groups(train_images: pd.DataFrame, n_folds: int) -> None:
    """Check that the groups of the training set can be divided into the folds of the models.

    Raises:
        UserError: there are too few groups, or too few groups have images of some class.
    """
    if "group" not in train_images:
        return
    from digits.learning.fitting import assign_folds  # here, because it takes half a second

    try:
        assign_folds(train_images["class"].to_numpy(), train_images["group"], n_folds)
    except UserError as error:
        raise UserError(
            f"{train_images['group'].nunique()} groups are in the training set, too few for "
            f"the models ({error.message}); add groups, or remove them"
        ) from None


def choose_n_folds(train_images: pd.DataFrame, max_folds: int) -> int:
    """Return the largest number of folds, from `MIN_FOLDS` to `max_folds`, that is possible.

    `check_images` has checked that `MIN_FOLDS` is possible.
    """
    n_images = train_images["class"].value_counts()
    for n_folds in range(min(max_folds, n_images.min()), MIN_FOLDS, -1):
        try:
            check_groups(train_images, n_folds)
        except UserError:
            continue
        return n_folds
    return MIN_FOLDS


def choose_test_set(images: Images) -> TestSize:
    """Return the test set that templates/params.yaml writes: the given one, or a quarter."""
    return "given" if "test" in images.table else ChecksumShare(share=TEST_SHARE)


def rewrite_or_restore(
    entry: dict[str, Any], defaults: Defaults, images: Images | None, n_folds: int
) -> None:
    """Turn this clone into the new project. If that fails, restore it.

    The images have been checked before, so only the computer or the user can stop it.

    Args:
        entry: the entry of the dataset.
        defaults: what most images look like.
        images: the images, or None if there are none yet.
        n_folds: the number of folds of each model.
    """
    try:
        rewrite(entry, defaults, images, n_folds)
    except BaseException:  # such as Ctrl-C, or a full disk
        subprocess.run(["git", "restore", "."], check=False)
        raise


def rewrite(
    entry: dict[str, Any], defaults: Defaults, images: Images | None, n_folds: int
) -> None:
    """Write and delete files. `rewrite_or_restore` describes the arguments."""
    name = Path.cwd().name
    [(kind, path)] = entry["sources"][0].items()  # such as {"files": "data/own"}
    has_test = images is not None and "test" in images.table
    are_many = images is not None and len(images) >= MANY_IMAGES
    settings = {
        "kind": kind,
        "name": name,
        "entry": entry,
        "path": write(path),
        "layout": write_block(entry.get("layout")),
        "defaults": defaults,
        "n_folds": n_folds,
        "has_test": has_test,
        "are_many": are_many,
    }
    texts = {file: render(file, **settings) for file in ["params.yaml", "README.md"]}
    code = CODE_OF_HANDWRITING if kind == "handwriting" else []
    texts["dvc.yaml"] = edit_stages(
        read("dvc.yaml"), code + (CODE_OF_NETWORKS if defaults.network else [])
    )
    texts["Makefile"] = edit_targets(read("Makefile"), EXTRAS[defaults.network])
    for file_name, text in texts.items():
        Path(file_name).write_text(text, encoding="utf-8")
    rename_remote(name)
    delete(DELETED if kind == "handwriting" else [*DELETED, *HANDWRITING])


def rename_remote(name: str) -> None:
    """Change the default remote to a folder beside this clone: `../NAME-remote`."""
    url = Path(f"../../{name}-remote")
    write_url(Path(".dvc/config"), "shared", url)
    if Path(".dvc/config.local").exists():
        write_url(Path(".dvc/config.local"), "shared", Path(".dvc", url).resolve())


def write_block(layout: Any) -> str:
    """Return the lines of params.yaml with a layout, or "" if there is none."""
    if layout is None:
        return ""
    text = yaml.safe_dump({"layout": layout}, sort_keys=False, allow_unicode=True, width=10_000)
    return textwrap.indent(text, 4 * " ")


def check_clone() -> None:
    """Check that the current folder is an unchanged clone of this project.

    Three kinds of files do not count as changes: images, new results of the pipeline, and the
    files with which an earlier call has added the images to DVC.

    Raises:
        UserError: the folder has changes that Git could not bring back, or DVC cannot work in
            it.
    """
    if is_started():
        raise UserError(HAS_STARTED)
    if not Path("digits/commands").exists() or not Path(".git").exists():
        raise UserError(
            f"{Path.cwd()} is not a new clone of this project; `git clone` it, and run "
            "`digits start` there"
        )
    check_git()
    check_path()
    without_images = ["--", ".", f":!{OWN_IMAGES}"]
    status = ["git", "status", "--porcelain", "-z", "--untracked-files=all", *without_images]
    output = os.fsdecode(subprocess.check_output(status))
    added_to_dvc = {f"{OWN_IMAGES}.dvc", f"{OWN_IMAGES.parent}/.gitignore"}
    for line in output.split("\0"):
        letters, path = line[:2], line[3:]  # the letters of an untracked file are `??`
        is_new_result = letters == "??" and RESULT.fullmatch(path)
        if path and path not in added_to_dvc and not is_new_result:
            raise UserError(
                f"Git has uncommitted changes, first {path}; commit or stash them, or, if an "
                "earlier `digits start` has made them, run `git restore .`"
            )


def is_started() -> bool:
    """Return whether this command has turned this clone into a project already."""
    return Path("dvc.yaml").exists() and str(OWN_IMAGES) in read("dvc.yaml")


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


def edit_stages(text: str, code: list[str]) -> str:
    """Make the images, and the code that reads them, dependencies of the stage `fetch`.

    Args:
        text: the content of dvc.yaml.
        code: the code that the images depend on, besides that which reads all pictures.

    Raises:
        UserError: it is not as in a new clone.
    """
    before, first, after = text.partition(FIRST_DEPENDENCY)
    if not first:
        raise UserError(NOT_AS_CLONED.format("dvc.yaml"))
    dependencies = [OWN_IMAGES.as_posix(), *CODE_OF_PICTURES, *code]
    lines = "".join(f"        - {dependency}\n" for dependency in dependencies)
    after = after.replace("pandas, pyarrow]", "pandas, pillow, pyarrow, scipy]", 1)
    return before + lines + first + after


def edit_targets(text: str, extra: str) -> str:
    """Delete the targets `demo` and `start`, which a project about other images does not need.

    Args:
        text: the content of the Makefile.
        extra: the optional packages that `make venv` installs.

    Raises:
        UserError: it is not as in a new clone.
    """
    edits = {
        r"^DEMO := .*?(?=^repro: )": "",  # everything before the target `repro`
        "help demo start repro": "help repro",  # in .PHONY
        "^EXTRAS :=$": f"EXTRAS := {extra}".rstrip(),
    }
    for pattern, replacement in edits.items():
        text, n_found = re.subn(pattern, replacement, text, flags=re.DOTALL | re.MULTILINE)
        if not n_found:
            raise UserError(NOT_AS_CLONED.format("Makefile"))
    return text


def delete(patterns: list[str]) -> None:
    """Delete files, and folders with their content."""
    for pattern in patterns:
        for path in Path().glob(pattern):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()


def print_overview(images: Images, summary: Summary) -> None:
    """Print what the images of a dataset are, and draw two of them."""
    for line in describe_images(images, summary, [find_source("files")]):
        echo(f"  {to_one_line(line)}")
    echo()
    draw_examples(images, summary.class_names)


def draw_examples(images: Images, class_names: Sequence[object]) -> None:
    """Draw an image of each of two classes in the terminal."""
    classes = images.table["class"]
    rows = classes.drop_duplicates().index[:2]
    captions = [str(class_names[classes[row]]) for row in rows]
    pictures = images.X[rows].reshape(-1, *images.shape)
    drawing.print_images(pictures, captions, min_side_by_side=len(rows))
    if "file" not in images.table:  # only arrays and tables have such axes
        echo("If they lie on their side, write `transpose: true` above `shape` in params.yaml.")
