"""Record the size and the checksums of a dataset in params.yaml."""

import io
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import click
import pandas as pd
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import CommentMark
from ruamel.yaml.tokens import CommentToken

from digits.commands import examples
from digits.core.files import atomic_write
from digits.core.tables import Pixels
from digits.data.fetching import FORMER_KINDS
from digits.data.overview import describe_images, draw_examples
from digits.data.pinned_values import compute_pinned_values, validate_unpinned
from digits.data.storage import add_to_dvc
from digits.networks.weights import onnx_file
from digits.settings import params
from digits.settings.errors import UserError, check_choice, echo, shorten, to_one_line
from digits.settings.git import check_git
from digits.settings.params import FILE, ONNX, NetworkFile

DVC_FILE = Path("dvc.yaml")

# The keys that an entry has only if the images have such values.
OPTIONAL_KEYS = {"groups", "names", "background"}

Container = CommentedMap | CommentedSeq
NO_COMMENTS = (None, None, None, None)  # of a value, in the form of ruamel.yaml


@click.command(epilog=examples("pin own"))
@click.argument("dataset")
def command(dataset: str) -> None:
    """Record the numbers of images and classes, and the checksums, of DATASET in params.yaml.

    DATASET is an entry of `datasets`. The command reads its images, and writes the values of
    `images`, `classes`, `groups`, `names`, `background` and `sha256`. A new entry needs only
    `sources` and `shape`. Run the command again when the images have changed. All other
    settings, and the comments, stay as they are.

    The command says what the images are, and draws two of them. If they are in a file or folder
    of this project that Git does not track, it also runs `dvc add`.

    If `network` is an ONNX file, the command tries it, writes its checksum, runs `dvc add` for
    it, and lets the stage `fetch` in dvc.yaml depend on it.
    """
    check_git()
    entry = find_entry(params.read(), dataset)
    networks = list_network_files(dataset, entry)
    loaded_networks = [onnx_file.load(network) for network in networks]
    if is_former(entry):
        carry_over(dataset)
    entry = find_entry(params.read(), dataset)
    values, X, images = compute_pinned_values(dataset, entry)
    # Reading the images can take minutes, in which the file may have been edited.
    text = params.read()
    if find_entry(text, dataset) != entry:
        raise UserError(
            f"{FILE}: datasets.{dataset} was edited while its images were read; run "
            f"`digits pin {dataset}` again"
        )
    all_networks = [
        network.file
        for name, other in params.parse(text)["datasets"].items()
        for network in list_network_files(name, other or {})
    ]
    stages = DVC_FILE.read_text(encoding="utf-8") if DVC_FILE.exists() else ""
    new_stages = update_dependencies(stages, all_networks) if stages else ""
    write_text(FILE, update_entry(text, dataset, values))
    if new_stages != stages:
        write_text(DVC_FILE, new_stages)
        echo(f"{DVC_FILE}: the stage fetch depends on {shorten(all_networks) or 'no network'}")

    echo(f"{FILE}: datasets.{dataset} has")
    print_overview(values, X, images)
    for keys, network in zip(networks, loaded_networks, strict=True):
        height, width, _ = network.shape
        echo(
            f"{network.output!r} of {network.file} gives {network.n_features} features of each "
            f"picture, in {height} × {width} pixels"
        )
        if keys.output is None:
            echo("  This is its first output. If these are classes, name a layer by `output`.")
    add_to_dvc(entry["sources"], networks)


def list_network_files(name: str, entry: dict[str, Any]) -> list[NetworkFile]:
    """Return the ONNX files of a dataset's networks.

    Args:
        name: the name of the dataset.
        entry: its entry of params.yaml, which may be incomplete.

    Raises:
        UserError: the entry is not valid.
    """
    # The former kinds of sources came with the key `columns`, which no longer exists.
    kept = {key: value for key, value in entry.items() if key != "columns"}
    return validate_unpinned(name, kept).network_files


def write_text(path: Path, text: str) -> None:
    """Write a text file."""
    with atomic_write(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def update_dependencies(text: str, files: Sequence[str]) -> str:
    """Return the text of dvc.yaml in which `fetch` depends on some ONNX files, and no others.

    Raises:
        UserError: it has no stage `fetch` for each dataset.
    """
    yaml = make_stages_yaml()
    document = yaml.load(text)
    try:
        dependencies = document["stages"]["fetch"]["do"]["deps"]
    except (KeyError, TypeError):
        raise UserError(f"{DVC_FILE}: stages.fetch.do has no `deps`") from None
    declared = [path for path in dependencies if path.endswith(ONNX)]
    if set(declared) == set(files):
        return text
    for path in declared:
        dependencies.remove(path)
    for path in reversed(dict.fromkeys(files)):
        insert_dependency(dependencies, path, "digits pin")
    return dump(yaml, document)


def is_former(entry: dict[str, Any]) -> bool:
    """Return whether the first source of a valid entry is of a kind that no longer exists."""
    return any(kind in FORMER_KINDS for kind in entry["sources"][0])


def carry_over(name: str) -> None:
    """Replace a source of a former kind by a layout that reads the recorded images.

    Raises:
        UserError: no layout reads them, or `digits start` has deleted digits/proposing.
    """
    try:
        module = import_module("digits.proposing.carry_over")
    except ModuleNotFoundError:
        raise UserError(
            f"{FILE}: datasets.{name}: write `files` and a `layout` (docs/layout.md)"
        ) from None
    text = params.read()
    layout = module.find_layout(find_entry(text, name))
    if params.read() != text:  # reading the images can take minutes
        raise UserError(f"{FILE} was edited while the images were read; run the command again")
    write_text(FILE, replace_source(text, name, layout))
    echo(f"{FILE}: datasets.{name} has a layout now, which gives the same images")


def replace_source(text: str, name: str, layout: Any) -> str:
    """Return the text of params.yaml with the source `files` and a layout."""
    yaml = make_yaml()
    document = yaml.load(text)
    entry = document["datasets"][name]
    [path] = entry["sources"][0].values()
    entry["sources"][0] = {"files": path}
    entry.insert(list(entry).index("sources") + 1, "layout", layout)
    remove_key(entry, "columns")
    return dump(yaml, document)


def make_yaml() -> YAML:
    """Return a reader and writer of YAML that keeps comments."""
    yaml = YAML()
    yaml.width = 10_000  # so that no line is wrapped
    return yaml


def make_stages_yaml() -> YAML:
    """Return a reader and writer of dvc.yaml that keeps its quotation marks and its form."""
    yaml = make_yaml()
    yaml.preserve_quotes = True
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml


def dump(yaml: YAML, document: CommentedMap) -> str:
    """Return the text of a document."""
    stream = io.StringIO()
    yaml.dump(document, stream)
    return stream.getvalue()


def insert_dependency(dependencies: CommentedSeq, path: str, command: str) -> None:
    """Insert the first of the dependencies of a stage, with what to run when it has changed."""
    dependencies.insert(0, path)
    dependencies.yaml_add_eol_comment(f"after a change, run `{command}`", 0, column=0)


def print_overview(values: dict[str, Any], X: Pixels, images: pd.DataFrame) -> None:
    """Print what the images of a dataset are, and draw two of them.

    Args:
        values: as `compute_pinned_values` returns them.
        X: the pixels of the images.
        images: the table of their other columns.
    """
    class_names = list_class_names(values)
    for line in describe_images(X, images, class_names, values.get("background")):
        echo(f"  {to_one_line(line)}")
    echo()
    draw_examples(X, images, class_names)


def list_class_names(values: dict[str, Any]) -> Sequence[object]:
    """Return the names of the classes, or their numbers if they have no names.

    Args:
        values: as `compute_pinned_values` returns them.
    """
    return values.get("names") or range(values["classes"])


def find_entry(text: str, name: str) -> dict[str, Any]:
    """Return the entry of a dataset in a text of params.yaml.

    Raises:
        UserError: there is no such entry, or it has no keys.
    """
    entries = params.parse(text).get("datasets") or {}
    check_mapping(f"{FILE}: datasets", entries)
    check_choice(f"{FILE}: datasets", name, entries)
    entry = entries[name] or {}
    check_mapping(f"{FILE}: datasets.{name}", entry)
    return entry


def check_mapping(where: str, value: Any) -> None:
    """Check that a value of params.yaml is a mapping.

    Raises:
        UserError: it is none. The message begins with `where`.
    """
    if not isinstance(value, dict):
        must_be = params.MESSAGES["dict_type"]
        raise UserError(f"{where}: {must_be}, not {repr(value)[: params.MAX_SHOWN]}")


def update_entry(text: str, name: str, values: dict[str, Any]) -> str:
    """Return the text of params.yaml with new pinned values of a dataset.

    All other keys and the comments stay as they are.

    Args:
        text: the text of params.yaml.
        name: the name of the dataset.
        values: as `compute_pinned_values` returns them.
    """
    yaml = make_yaml()
    document = yaml.load(text)
    entry = document["datasets"][name]
    update_mapping(entry, values)
    if "sha256" in values:  # the values are complete, so that all other ones are out of date
        for key in OPTIONAL_KEYS - values.keys():
            remove_key(entry, key)
        for key in entry["sha256"].keys() - values["sha256"].keys():
            remove_key(entry["sha256"], key)
    return dump(yaml, document)


def update_mapping(mapping: CommentedMap, values: dict[str, Any]) -> None:
    """Update a mapping of ruamel.yaml in place, and keep its comments.

    ruamel.yaml stores the comments after a mapping with its last key. So this key stays the
    last one.
    """
    for position, (key, value) in enumerate(values.items()):
        if key not in mapping:
            before_last = len(mapping) - 1
            mapping.insert(min(position, before_last), key, value)
        elif isinstance(value, dict) and mapping[key]:
            update_mapping(mapping[key], value)
        elif isinstance(value, list) and mapping[key]:
            update_list(mapping[key], value)
        else:
            mapping[key] = value


def update_list(items: CommentedSeq, values: list[str]) -> None:
    """Update a list of ruamel.yaml in place. The comment of an item that stays, stays with it.

    ruamel.yaml stores the comments after a list with its last item.
    """
    last = len(items) - 1
    end_of_line, newline, below = get_comment(items, last).partition("\n")
    set_comment(items, last, end_of_line + newline)
    comments = {item: get_comment(items, index) for index, item in enumerate(items)}
    items[:] = values
    for index, value in enumerate(values):
        set_comment(items, index, comments.get(value, ""))
    append_lines(items, len(values) - 1, below)


def remove_key(mapping: CommentedMap, key: str) -> None:
    """Remove a key with the comment at the end of its line. The comments below it stay."""
    if key not in mapping:
        return
    _, _, below = get_comment(*find_end(mapping, key)).partition("\n")
    position = list(mapping).index(key)
    set_comment(mapping, key, "")
    del mapping[key]
    if position > 0:
        append_lines(*find_end(mapping, list(mapping)[position - 1]), below)


def find_end(container: Container, key: str | int) -> tuple[Container, str | int]:
    """Return where ruamel.yaml stores the comments after a value.

    They are stored with the last key or item of the innermost block that ends there.
    """
    value = container[key]
    is_block = isinstance(value, CommentedMap | CommentedSeq) and not value.fa.flow_style()
    if not is_block or not value:
        return container, key
    last = list(value)[-1] if isinstance(value, CommentedMap) else len(value) - 1
    return find_end(value, last)


def get_comment(container: Container, key: str | int) -> str:
    """Return the comment at the end of the line of a value, and the lines below it, or ""."""
    token = container.ca.items.get(key, NO_COMMENTS)[comment_index(container)]
    return token.value if token else ""


def set_comment(container: Container, key: str | int, text: str) -> None:
    """Replace what `get_comment` returns."""
    tokens = container.ca.items.setdefault(key, list(NO_COMMENTS))
    index = comment_index(container)
    if not text:
        tokens[index] = None
    elif tokens[index]:
        tokens[index].value = text  # it stays in its column
    else:
        tokens[index] = CommentToken(text, CommentMark(0), None)


def comment_index(container: Container) -> int:
    """Return which of the comments of a value ruamel.yaml writes behind it."""
    return 2 if isinstance(container, CommentedMap) else 0


def append_lines(container: Container, key: str | int, lines: str) -> None:
    """Add blank lines and comments below a value."""
    if lines:
        set_comment(container, key, (get_comment(container, key) or "\n") + lines)
