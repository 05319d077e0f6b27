"""Turn this clone into a project about your own images."""

import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

from digits.commands import PACKAGE, examples
from digits.core.errors import UserError

import click
import jinja2
from ruamel.yaml import YAML

TEMPLATES = Path(__file__).parent / "templates"


class OwnImages(NamedTuple):
    """Where your own images are, and what they look like."""

    place: str
    description: str


# The kinds of sources that `--from` names.
SOURCES = {
    "folder": OwnImages(
        "data/own", "pictures into data/own, in a subfolder for each class: data/own/cat/1.jpg"
    ),
    "table": OwnImages(
        "data/own.csv",
        "images into data/own.csv, one per row: a column `class`, and a column for each pixel",
    ),
    "handwriting": OwnImages(
        "data/own",
        "pictures of single digits into data/own, in subfolders 0 to 9; "
        "`digits draw --keep data/own` adds a picture",
    ),
}

# The optional components that stay, besides the pipeline's core. The command `predict` of
# `handwriting` classifies pictures of any kind.
KEPT_COMPONENTS = {"core", "helpers", "report", "handwriting"}

# The pages that are about this project's own datasets, or about components that don't stay.
PAGES = [
    "CHANGELOG.md",
    "docs/*.html",
    "docs/*.png",
    "docs/benchmarks.md",
    "docs/large-data.md",
    "docs/notebooks",
    "docs/tutorials.md",
    "docs/walkthrough.md",
]

# The parts of the component `handwriting` that are only about digits on paper.
DIGITS_ON_PAPER = [
    "digits/handwriting/Makefile",
    "docs/handwriting",
    "docs/handwriting.md",
    "tests/handwriting/test_own_model.py",
]

# What the stages have written.
RESULTS = [
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

# Phrases of the Makefile, and what replaces them in a project that needs no network.
MAKEFILE_CHANGES = {
    "DEMO := small-*": "DEMO := *",
    " that need no network, in a minute and a half": "",
    ", also those that need the internet": "",
    " (DATA_MIRROR=PLACE: without internet)": "",
}


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

    The command deletes this project's models and results, its pages, and the optional
    components that you don't need. It writes a small params.yaml and a README.md, which you can
    edit. It commits nothing: `git restore .` brings everything back. For the next steps see
    docs/your-own.md.
    """
    check_clone()
    name = Path.cwd().name
    place, description = SOURCES[kind]
    for file_name in ["params.yaml", "README.md"]:
        write_template(file_name, kind=kind, name=name, place=place)
    edit_stages(Path("dvc.yaml"), place)
    replace_phrases(Path("Makefile"), MAKEFILE_CHANGES)
    for config in [Path(".dvc/config"), Path(".dvc/config.local")]:
        if config.exists():
            replace_phrases(config, {"/digits-remote": f"/{name}-remote"})
    for path in list_deleted_paths(kind):
        delete(path)

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


def edit_stages(path: Path, place: str) -> None:
    """Make the images a dependency of the stage `fetch`, and remove the section `artifacts`.

    Args:
        path: dvc.yaml.
        place: the file or folder of the images.
    """
    # With these settings, ruamel.yaml keeps everything else in the file as it is.
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.width = 1_000
    text = remove_last_section(path.read_text(encoding="utf-8"), "artifacts")
    content = yaml.load(text)
    dependencies = content["stages"]["fetch"]["do"]["deps"]
    dependencies.append(place)
    comment = "after a change, run `digits pin own`"
    dependencies.yaml_add_eol_comment(comment, len(dependencies) - 1, column=0)
    with path.open("w", encoding="utf-8") as file:
        yaml.dump(content, file)


def remove_last_section(text: str, name: str) -> str:
    """Return the text of a YAML file without its last section, and the comment above it."""
    line_number, _ = YAML().load(text).lc.key(name)
    lines = text.splitlines()[:line_number]
    while not lines[-1] or lines[-1].startswith("#"):
        lines.pop()
    return "\n".join(lines) + "\n"


def replace_phrases(path: Path, replacements: dict[str, str]) -> None:
    """Replace phrases in a text file."""
    text = path.read_text(encoding="utf-8")
    for old, new in replacements.items():
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")


def list_deleted_paths(kind: str) -> list[Path]:
    """Return the files and folders that the new project doesn't need."""
    patterns = [*PAGES, *RESULTS]
    if kind != "handwriting":
        patterns += DIGITS_ON_PAPER
    for tests_folder in Path("tests").iterdir():
        component = tests_folder.name
        if tests_folder.is_dir() and component not in KEPT_COMPONENTS:
            patterns += [
                component,
                f"digits/{component}",
                f"docs/{component}",
                f"tests/{component}",
            ]
    paths: set[Path] = set()
    for pattern in patterns:
        paths.update(Path().glob(pattern))
    return sorted(paths)


def delete(path: Path) -> None:
    """Delete a file, or a folder with its content."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
