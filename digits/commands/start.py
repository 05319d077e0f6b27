"""Turn this clone into a project about your own images."""

import re
import shutil
import subprocess
import textwrap
from collections.abc import Sequence
from io import StringIO
from pathlib import Path
from typing import Any

import click
import jinja2
import numpy as np
import pandas as pd
import yaml
from ruamel.yaml import YAML

from digits.commands import examples, pin
from digits.commands.setup import check_path, write_url
from digits.core import paths
from digits.core.tables import Pixels
from digits.data.intake import one_class
from digits.data.intake.collection import Collection
from digits.data.layout.place import Place
from digits.data.pinned_values import compute_pinned_values
from digits.data.splitting import split_rows
from digits.data.storage import add_to_dvc
from digits.learning.folds import assign_folds
from digits.proposing.choose import Choice, ChoiceError, choose, describe
from digits.proposing.folders import enter_folders
from digits.proposing.image_traits import DEFAULT_TRAITS, ImageTraits, find_traits
from digits.proposing.show import write
from digits.settings.errors import UserError, echo, to_one_line
from digits.settings.params import ChecksumShare, TestSize

TEMPLATES = Path(__file__).parent / "templates"

OWN_IMAGES = Path("data/own")

# The paths that a project about your own images does not need, as glob patterns.
DELETED = [
    # this command
    "digits/commands/start.py",
    "digits/proposing",
    "digits/commands/templates",
    "tests/core/test_damaged_files.py",
    "tests/core/test_forms.py",
    "tests/core/test_names.py",
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

# The network that describes photos, and the extra of pyproject.toml that has its weights.
NETWORK = "efficientnet_lite0"
EXTRA = "network"

# If no pixel is larger than this, the images have few bits, as the digits of scikit-learn have.
# Then their largest pixel is white, and not 255.
MAX_OF_FEW_BITS = 31

# The start of a mapping, such as `{files: `, or of a list, such as `[train/`, in YAML.
YAML_START = re.compile(r"\{\s*\w+\s*:|\[\s*[\"'{\w]")

NOT_AS_CLONED = "{} is not as in a new clone; clone the project again"


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
    if handwriting:
        start_handwriting()
    else:
        options = {"class": class_column, "group": group_column}
        columns = {key: name for key, name in options.items() if name is not None}
        start_with_layout(parse_options(layout, test), columns)
    echo("If something above is wrong, run `git restore .`, and `digits start` again.")


def start_handwriting() -> None:
    """Turn this clone into a project about digits on paper. Pictures need not be there yet.

    Raises:
        UserError: the pictures cannot be used.
    """
    entry: dict[str, Any] = {
        "sources": [{"handwriting": OWN_IMAGES.as_posix()}],
        "shape": DEFAULT_TRAITS.shape,
    }
    if not OWN_IMAGES.exists():
        rewrite_or_restore(entry, DEFAULT_TRAITS, {})
        echo_project([])
        echo_next_steps("Put pictures into data/own, in subfolders 0 to 9.", "digits pin own")
        return
    recorded = read_images(entry, None, DEFAULT_TRAITS.n_folds)
    add_to_dvc(entry["sources"])
    rewrite_or_restore(entry, DEFAULT_TRAITS, recorded[0])
    echo_project([])
    pin.print_overview(*recorded)
    echo_next_steps()


def start_with_layout(layout: Any, columns: dict[str, str]) -> None:
    """Turn this clone into a project about images in any form.

    Args:
        layout: the layout that the user has written, or None.
        columns: the columns that the user has chosen as `class` and `group`.

    Raises:
        UserError: there is no layout, or several, or the images cannot be used.
    """
    place, choice = choose_layout(layout, columns)
    images = choice.reading.images
    traits = find_traits(images)
    entry = {
        "sources": [{"files": place.as_posix()}],
        "layout": choice.layout,
        "shape": traits.shape,
    }
    if traits.is_photo:
        entry["network"] = NETWORK
    recorded = read_images(entry, images, traits.n_folds)
    add_to_dvc(entry["sources"])
    rewrite_or_restore(entry, traits, recorded[0])
    echo_project(describe(choice))
    pin.print_overview(*recorded)
    echo_next_steps()


def echo_project(lines: Sequence[str]) -> None:
    """Print what this is now, and lines about the layout."""
    echo("This is now a project about your own images, the dataset `own`:")
    for line in lines:
        echo(f"  {to_one_line(line)}")


def echo_next_steps(*first_steps: str) -> None:
    """Print what to do next: some steps, and those of all projects."""
    echo("Next steps:")
    last_steps = ("make repro", 'git add --all && git commit -m "Our own images"')
    for step in (*first_steps, *last_steps):
        echo(f"  {step}")


def parse_options(layout: str | None, test: str | None) -> Any:
    """Return the layout that the options say, as it is written in params.yaml, or None.

    Raises:
        UsageError: there is only a test set, or an option is no YAML.
    """
    if layout is None and test is not None:
        raise click.UsageError("--test needs --layout, which says what the other images are")
    if layout is None or test is None:
        return parse_layout(layout)
    return {"train": parse_layout(layout), "test": parse_layout(test)}


def parse_layout(text: str | None) -> Any:
    """Return a layout, or a part of it, from its text in YAML.

    A pattern such as `{class}/*` is no YAML, and stays a text.

    Raises:
        UsageError: the text is no YAML.
    """
    if text is None or not YAML_START.match(text):
        return text
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        raise click.UsageError(
            f"{text} is no YAML; write quotation marks around each pattern"
        ) from None


def choose_layout(layout: Any, columns: dict[str, str]) -> tuple[Path, Choice]:
    """Return the folder of the images, and the layout in which its files make sense.

    Args:
        layout: the layout that the user has written, or None.
        columns: the columns that the user has chosen as `class` and `group`.

    Raises:
        ChoiceError: there is none, or there are several, which are printed.
    """
    root = enter_folders(OWN_IMAGES) if OWN_IMAGES.is_dir() else OWN_IMAGES
    try:
        choice = choose(Place(root), layout, columns)
    except ChoiceError as error:
        for line in error.lines:
            n_blanks = len(line) - len(line.lstrip())
            echo(" " * n_blanks + to_one_line(line), err=True)
        raise
    return root, choice


def read_images(
    entry: dict[str, Any], collection: Collection | None, n_folds: int
) -> tuple[dict[str, Any], Pixels, pd.DataFrame]:
    """Read all images, check that models can learn from them, and return their pinned values.

    Args:
        entry: the entry of the dataset, to which `pixel_max` is added if the pixels have a
            small range.
        collection: the images, if they have already been found.
        n_folds: the number of folds of the models.

    Returns:
        What `compute_pinned_values` returns.

    Raises:
        UserError: the images cannot be used.
    """
    values, X, images = compute_pinned_values("own", entry, collection)
    largest = int(X.max())
    if largest <= MAX_OF_FEW_BITS:
        entry["pixel_max"] = images.attrs["pixel_max"] = largest
    train_rows, _ = split_rows(X, images, choose_test_set(values), seed=0)
    counts = np.bincount(images["class"].iloc[train_rows], minlength=values["classes"])
    rare = np.flatnonzero(counts < n_folds)
    if len(rare):
        names = pin.list_class_names(values)
        listed = ", ".join(f"{names[number]} {counts[number]}" for number in rare[:10])
        numbers = one_class.find_quantity(names)
        other_remedy = f"; {one_class.advise_ranges(numbers)}" if numbers else ""
        raise UserError(
            f"{len(rare)} classes have fewer than {n_folds} images in the training set, "
            f"which cross-validation needs: {listed}; add images, or move these classes "
            f"elsewhere{other_remedy}"
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
    """Return the test set that templates/params.yaml writes: the given one, or a quarter."""
    return "given" if "test" in values["sha256"] else ChecksumShare(share=0.25)


def rewrite_or_restore(
    entry: dict[str, Any], traits: ImageTraits, values: dict[str, Any]
) -> None:
    """Turn this clone into the new project. If that fails, restore it.

    Everything that can be refused has been refused.

    Args:
        entry: the entry of the dataset.
        traits: what most images look like.
        values: as `compute_pinned_values` returns them. Empty if there are no images.
    """
    try:
        rewrite(entry, traits, values)
    except BaseException:  # such as Ctrl-C, or a full disk
        subprocess.run(["git", "restore", "."], check=False)
        raise


def rewrite(entry: dict[str, Any], traits: ImageTraits, values: dict[str, Any]) -> None:
    """Write and delete files, as `rewrite_or_restore` says."""
    name = Path.cwd().name
    [(kind, place)] = entry["sources"][0].items()
    settings = {
        "kind": kind,
        "name": name,
        "entry": entry,
        "place": write(place),
        "layout": write_block(entry.get("layout")),
        "traits": traits,
        "has_test": "test" in values.get("sha256", {}),
        "n_components": traits.choose_n_components(values.get("images", 0)),
    }
    texts = {file: render(file, **settings) for file in ["params.yaml", "README.md"]}
    if values:
        texts["params.yaml"] = pin.update_entry(texts["params.yaml"], "own", values)
    texts["dvc.yaml"] = edit_stages(read("dvc.yaml"))
    texts["Makefile"] = edit_targets(read("Makefile"), EXTRA if traits.is_photo else "")
    for file_name, text in texts.items():
        Path(file_name).write_text(text, encoding="utf-8")
    rename_remote(name)
    delete(DELETED if kind == "handwriting" else [*DELETED, *HANDWRITING])


def rename_remote(name: str) -> None:
    """Change the default remote to a folder beside this clone: `../NAME-remote`."""
    url = Path(f"../../{name}-remote")
    write_url(Path(".dvc/config"), "shared", url)
    if Path(".dvc/config.local").exists():
        write_url(Path(".dvc/config.local"), "shared", (".dvc" / url).resolve())


def write_block(layout: Any) -> str:
    """Return the lines of params.yaml with a layout, or "" if there is none."""
    if layout is None:
        return ""
    text = yaml.safe_dump({"layout": layout}, sort_keys=False, allow_unicode=True, width=10_000)
    return textwrap.indent(text, 4 * " ")


def check_clone() -> None:
    """Check that the current folder is an unchanged clone of this project.

    Images, new results and what an earlier call has added to DVC do not count as changes.

    Raises:
        UserError: it isn't, so that Git could not bring back what the command deletes.
        UserError: DVC cannot work in it.
    """
    if not Path("digits/commands/start.py").exists() or not Path(".git").exists():
        raise UserError(
            f"{Path.cwd()} is not a new clone of this project; `git clone` it, and run "
            "`digits start` there"
        )
    check_path()
    without_images = ["--", ".", f":!{OWN_IMAGES}"]
    status = ["git", "status", "--porcelain", "-z", *without_images]
    output = subprocess.check_output(status, text=True)
    earlier = {f"{OWN_IMAGES}.dvc", f"{OWN_IMAGES.parent}/.gitignore"}
    for line in output.split("\0"):
        # Two letters say what has changed: `??` is what Git does not know.
        letters, path = line[:2], line[3:]
        is_result = letters == "??" and path.startswith(("metrics/", "plots/"))
        if path and path not in earlier and not is_result:
            raise UserError(
                f"Git has uncommitted changes, first {path}; commit or stash them, or, if an "
                "earlier `digits start` has made them, run `git restore .`"
            )


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

    Raises:
        UserError: it is not as in a new clone.
    """
    editor = YAML()  # keeps comments
    editor.preserve_quotes = True
    editor.width = 10_000  # so that no line is wrapped
    editor.indent(mapping=2, sequence=4, offset=2)
    document = editor.load(text)
    try:
        dependencies = document["stages"]["fetch"]["do"]["deps"]
        del document["artifacts"]
    except KeyError:
        raise UserError(NOT_AS_CLONED.format("dvc.yaml")) from None
    dependencies.insert(0, str(OWN_IMAGES))
    dependencies.yaml_add_eol_comment("after a change, run `digits pin own`", 0, column=0)
    stream = StringIO()
    editor.dump(document, stream)
    return stream.getvalue()


def edit_targets(text: str, extra: str) -> str:
    """Delete the targets `demo` and `start`, because `make repro` needs no network now.

    Args:
        text: the content of the Makefile.
        extra: the optional packages that `make venv` installs.

    Raises:
        UserError: it is not as in a new clone.
    """
    edits = {
        r"^DEMO := .*?(?=^repro: )": "",  # from the first target that is deleted to `repro`
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
