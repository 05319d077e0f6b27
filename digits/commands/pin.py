"""Record the size and the checksums of a dataset in params.yaml."""

import io
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click
import pandas as pd
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap

from digits.commands import examples
from digits.core.files import atomic_write
from digits.core.tables import Pixels
from digits.data.fetching import FORMER_KINDS, compute_checksums, fetch_images
from digits.data.images import MAX_CLASSES
from digits.data.intake.collection import Collection, read_collection
from digits.data.overview import describe_images, draw_examples, find_background
from digits.data.storage import add_to_dvc
from digits.settings import params
from digits.settings.errors import UserError, check_choice, echo, to_one_line
from digits.settings.params import FILE, PINNED_KEYS

# A network's features are not recorded, because they follow from the pictures and the network.
IGNORED_KEYS = PINNED_KEYS | {"network"}

# These values let an entry be validated before the real ones are known.
PLACEHOLDERS = {"images": 1, "classes": MAX_CLASSES, "sha256": {}}


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
    """
    if is_former(find_entry(params.read(), dataset)):
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
    with atomic_write(FILE) as temporary:
        temporary.write_text(update_entry(text, dataset, values), encoding="utf-8")

    echo(f"{FILE}: datasets.{dataset} has")
    print_overview(values, X, images)
    add_to_dvc(entry["sources"])


def is_former(entry: dict[str, Any]) -> bool:
    """Return whether an entry has a source of a former kind."""
    sources = entry.get("sources") or [{}]
    return not FORMER_KINDS.isdisjoint(sources[0])


def carry_over(name: str) -> None:
    """Replace a source of a former kind by the layout that gives the pinned images.

    Raises:
        UserError: no layout gives them, or the code that proposes layouts was deleted.
    """
    try:
        module = import_module("digits.proposing.carry_over")
    except ModuleNotFoundError:
        raise UserError(
            f"{FILE}: datasets.{name}: write `files` and a `layout` (docs/layout.md)"
        ) from None
    text = params.read()
    layout = module.find_layout(find_entry(text, name))
    with atomic_write(FILE) as temporary:
        temporary.write_text(replace_source(text, name, layout), encoding="utf-8")
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
    stream = io.StringIO()
    yaml.dump(document, stream)
    return stream.getvalue()


def make_yaml() -> YAML:
    """Return what reads and writes params.yaml with its comments."""
    yaml = YAML()
    yaml.width = 10_000  # so that no line is wrapped
    return yaml


def print_overview(values: dict[str, Any], X: Pixels, images: pd.DataFrame) -> None:
    """Print what the images of a dataset are, and draw two of them.

    Args:
        values: as `compute_pinned_values` returns them.
        X: the pixels of the images.
        images: the table of their other columns.
    """
    class_names = find_class_names(values)
    for line in describe_images(X, images, class_names, values.get("background")):
        echo(f"  {to_one_line(line)}")
    echo()
    draw_examples(X, images, class_names)


def find_class_names(values: dict[str, Any]) -> Sequence[object]:
    """Return the names of the classes, or their numbers if they have no names.

    Args:
        values: as `compute_pinned_values` returns them.
    """
    return values.get("names") or range(values["classes"])


def find_entry(text: str, name: str) -> dict[str, Any]:
    """Return the entry of a dataset in a text of params.yaml.

    Raises:
        UserError: there is no such entry.
    """
    entries = params.parse(text).get("datasets") or {}
    check_choice(f"{FILE}: datasets", name, entries)
    return entries[name] or {}


def compute_pinned_values(
    name: str, entry: dict[str, Any], collection: Collection | None = None
) -> tuple[dict[str, Any], Pixels, pd.DataFrame]:
    """Fetch a dataset, and return what its entry of params.yaml should say about the images.

    Args:
        name: the name of the dataset.
        entry: its entry, which may lack the keys that are returned.
        collection: the images, if they have already been found.

    Returns:
        values: those of `images`, `classes`, `groups`, `names`, `background` and `sha256`, in
            this order. There are only `images`, `classes` and `sha256` if nothing is known
            about the others.
        X: the pixels of the images.
        images: the table of their other columns.

    Raises:
        UserError: the entry is not valid, or the dataset cannot be fetched.
    """
    other_values = {key: value for key, value in entry.items() if key not in IGNORED_KEYS}
    if entry.get("names"):
        other_values["classes"] = len(entry["names"])
    dataset = params.validate_dataset(name, PLACEHOLDERS | other_values)
    if collection is None:
        X, images = fetch_images(name, dataset, require_pinned=False)
    else:
        X, images = read_collection(collection, dataset)

    values: dict[str, Any] = {"images": len(images), "classes": images["class"].nunique()}
    if "group" in images:
        values["groups"] = images["group"].nunique()
    if "names" in images.attrs:
        values["names"] = images.attrs["names"]
    background = find_background(X, images)
    if background:
        values["background"] = background
    values["sha256"] = compute_checksums(X, images)
    return values, X, images


def update_entry(text: str, name: str, values: dict[str, Any]) -> str:
    """Return the text of params.yaml with other pinned values of a dataset.

    Comments and layout stay as they are.

    Args:
        text: the text of params.yaml.
        name: the name of the dataset.
        values: as `compute_pinned_values` returns them.
    """
    yaml = make_yaml()
    document = yaml.load(text)
    entry = document["datasets"][name]
    update_mapping(entry, values)
    for key in ["groups", "names", "background"]:
        if key not in values and "sha256" in values:
            remove_key(entry, key)
    if "sha256" in values:
        checksums = entry["sha256"]
        for key in checksums.keys() - values["sha256"].keys():
            remove_key(checksums, key)
    stream = io.StringIO()
    yaml.dump(document, stream)
    return stream.getvalue()


def update_mapping(mapping: CommentedMap, values: dict[str, Any]) -> None:
    """Update a mapping of ruamel.yaml in place, which keeps its comments."""
    for index, (key, value) in enumerate(values.items()):
        if key not in mapping:
            # The last key stays the last, because the comments after the mapping belong to it.
            mapping.insert(min(index, len(mapping) - 1), key, value)
        elif isinstance(value, dict) and mapping[key]:
            update_mapping(mapping[key], value)
        elif isinstance(value, list) and mapping[key]:
            # The last item is replaced, because the comments after the list belong to it.
            *first_items, last_item = value
            mapping[key][:-1] = first_items
            mapping[key][-1] = last_item
        else:
            mapping[key] = value


def remove_key(mapping: CommentedMap, key: str) -> None:
    """Remove a key, if it is there. If it is the last one, the comments after it stay."""
    if key not in mapping:
        return
    comments_by_key = mapping.ca.items  # those that stand after the value of each key
    comments = comments_by_key.get(key)
    *other_keys, last_key = mapping
    del mapping[key]
    if key == last_key and comments is not None:
        comments_by_key[other_keys[-1]] = comments
