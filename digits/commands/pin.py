"""Record the images, classes and checksums of a dataset."""

import io
import shutil
from pathlib import Path
from typing import Any

from digits.commands import examples
from digits.core import params
from digits.core.errors import check_choice, to_one_line, warn
from digits.core.files import atomic_write
from digits.core.params import FILE, PINNED_KEYS, DatasetParams
from digits.data.fetching import compute_checksums, fetch_images
from digits.data.sources import MAX_CLASSES, folder

import click
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap

WRITTEN_KEYS = PINNED_KEYS | {"names"}

# These stand in for the values of an entry that are not known yet. The number of images limits
# the size of a download.
PLACEHOLDERS = {
    "images": 10_000_000,
    "classes": MAX_CLASSES,
    "sha256": {"pixels": "0" * 64, "labels": "0" * 64},
}


@click.command(epilog=examples("pin own"))
@click.argument("dataset")
def command(dataset: str) -> None:
    """Record the images, classes and checksums of DATASET in params.yaml.

    DATASET is an entry of `datasets`. The command reads its images, and writes the values of
    `images`, `classes`, `groups`, `names` and `sha256`. A new entry needs only `sources` and
    `shape`. Run the command again when the images have changed. All other settings, and the
    comments, stay as they are.
    """
    # `params.load` would refuse an entry that is not complete yet.
    entries = params.read_yaml().get("datasets") or {}
    check_choice(f"{FILE}: datasets", dataset, entries)
    entry = entries[dataset] or {}
    values = compute_pinned_values(dataset, entry)
    text = FILE.read_text(encoding="utf-8")
    new_text = update_entry(text, dataset, values)
    with atomic_write(FILE) as temporary:
        temporary.write_text(new_text, encoding="utf-8")
        shutil.copymode(FILE, temporary)

    message = f"{values['images']} images of {values['classes']} classes"
    if "names" in values:
        message += f" ({', '.join(values['names'])})"
    print(to_one_line(f"{FILE}: datasets.{dataset} has {message}"))
    warn_about_test_folders(entry)


def compute_pinned_values(name: str, entry: dict[str, Any]) -> dict[str, Any]:
    """Fetch a dataset, and return what its entry of params.yaml should say about the images.

    Args:
        name: the name of the dataset.
        entry: its entry, which may lack the keys that are returned.

    Returns:
        The values of `images`, `classes`, `groups`, `names` and `sha256`, in this order. There
        are no `groups` or `names` if the source does not know any.

    Raises:
        UserError: the entry is not valid, or the dataset cannot be fetched.
    """
    other_values = {key: value for key, value in entry.items() if key not in WRITTEN_KEYS}
    complete_entry = PLACEHOLDERS | other_values
    dataset = params.validate(DatasetParams, complete_entry, "datasets", name)
    images = fetch_images(name, dataset, require_pinned=False)

    names = images.attrs.get("names") or entry.get("names")
    if names:
        n_classes = len(names)
    else:  # params.yaml allows no fewer than two classes
        n_classes = max(int(images["class"].max()) + 1, 2)
    values: dict[str, Any] = {"images": len(images), "classes": n_classes}
    if "group" in images:
        values["groups"] = images["group"].nunique()
    if names:
        values["names"] = names
    values["sha256"] = compute_checksums(images)
    return values


def update_entry(text: str, name: str, values: dict[str, Any]) -> str:
    """Return the text of params.yaml with other pinned values of a dataset.

    Comments and layout stay as they are.

    Args:
        text: the text of params.yaml.
        name: the name of the dataset.
        values: as `compute_pinned_values` returns them.
    """
    yaml = YAML()
    yaml.width = 10_000  # so that no line is wrapped
    document = yaml.load(text)
    entry = document["datasets"][name]
    update_mapping(entry, values)
    if "groups" not in values:
        remove_key(entry, "groups")
        remove_key(entry.get("sha256", {}), "groups")
    stream = io.StringIO()
    yaml.dump(document, stream)
    return stream.getvalue()


def update_mapping(mapping: CommentedMap, values: dict[str, Any]) -> None:
    """Set the values of some keys, in a mapping of ruamel.yaml, which keeps its comments."""
    previous_key = None
    for key, value in values.items():
        if key not in mapping:
            insert_key(mapping, previous_key, key, value)
        elif isinstance(value, dict):
            update_mapping(mapping[key], value)
        elif isinstance(value, list):
            # The comments behind a list belong to its last item, which stays.
            mapping[key][:-1] = value[:-1]
            mapping[key][-1] = value[-1]
        else:
            mapping[key] = value
        previous_key = key


def insert_key(mapping: CommentedMap, previous_key: str | None, key: str, value: Any) -> None:
    """Insert a key after another one, or as the first one.

    The last key stays the last one, because the comments behind the mapping belong to it.
    """
    keys = list(mapping)
    position = 0 if previous_key is None else keys.index(previous_key) + 1
    mapping.insert(min(position, len(keys) - 1), key, value)


def remove_key(mapping: CommentedMap, key: str) -> None:
    """Remove a key, if it is there. If it is the last one, the comments behind it stay."""
    if key not in mapping:
        return
    is_last = list(mapping)[-1] == key
    comments = mapping.ca.items.get(key)  # those behind the key's value
    del mapping[key]
    if is_last and comments is not None:
        new_last_key = list(mapping)[-1]
        mapping.ca.items[new_last_key] = comments


def warn_about_test_folders(entry: dict[str, Any]) -> None:
    """Print how many images are in test folders, if the first source of a dataset has any."""
    place = entry["sources"][0].get("folder")
    if place is None or not Path(place).exists():
        return
    picture_files, _ = folder.list_pictures(Path(place))
    n_test = sum(file.is_test for file in picture_files)
    if n_test:
        warn(
            f"the last {n_test} images are those in test folders; "
            f"`test: {n_test}` tests on them"
        )
