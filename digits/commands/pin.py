"""Record what the images of a dataset are."""

from collections.abc import Sequence
from typing import Any

import click

from digits.commands import examples
from digits.core.files import atomic_write
from digits.core.images import Images
from digits.messages.errors import UserError, check_choice, check_git, echo, to_one_line
from digits.networks import find_reader, list_files
from digits.pinning.overview import describe_images, draw_examples
from digits.pinning.storage import add_to_dvc
from digits.pinning.values import compute_pinned_values, validate_unpinned
from digits.settings import params_file, recorded
from digits.settings.params_file import FILE


@click.command(epilog=examples("pin own"))
@click.argument("dataset")
def command(dataset: str) -> None:
    """Record the numbers of images and classes, and the checksums, of DATASET.

    DATASET is an entry of `datasets` in params.yaml, which needs only `sources` and `shape`.
    The command reads its images, and writes what they are into data/datasets.yaml: `images`,
    `classes`, `groups`, `names`, `background` and `sha256`. Run it again when the images have
    changed.

    The command says what the images are, and draws two of them. If they are in a file or folder
    of this project that Git does not track, it also runs `dvc add`. If `network` is an ONNX
    file, the command tries it, records its checksum, and runs `dvc add` for it, too.
    """
    check_git()
    entry = find_entry(params_file.read(), dataset)
    dataset_params = validate_unpinned(dataset, entry)
    lines_of_networks = []
    if dataset_params.network is not None:
        lines_of_networks = find_reader().describe_files(dataset_params.network)
    values, images = compute_pinned_values(dataset, entry)
    # Reading the images can take minutes, in which the file may have been edited.
    text = params_file.read()
    if find_entry(text, dataset) != entry:
        raise UserError(
            f"{FILE}: datasets.{dataset} was edited while its images were read; run "
            f"`digits pin {dataset}` again"
        )
    recorded.write(dataset, values)
    new_text = recorded.remove_from_params(text, dataset)
    if new_text != text:
        with atomic_write(FILE) as temporary:
            temporary.write_text(new_text, encoding="utf-8")
        echo(f"{FILE}: datasets.{dataset}: what {recorded.FILE} has now was removed")

    echo(f"{recorded.FILE}: {dataset} has")
    print_overview(values, images)
    for line in lines_of_networks:
        echo(line)
    add_to_dvc(dataset_params.sources, list_files(dataset_params))


def print_overview(values: dict[str, Any], images: Images) -> None:
    """Print what the images of a dataset are, and draw two of them.

    Args:
        values: as `compute_pinned_values` returns them.
        images: the images.
    """
    class_names = list_class_names(values)
    for line in describe_images(images, class_names, values.get("background")):
        echo(f"  {to_one_line(line)}")
    echo()
    draw_examples(images, class_names)


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
    content = recorded.add_to(params_file.parse(text), recorded.read())
    entries = content.get("datasets") or {}
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
        must_be = params_file.MESSAGES["dict_type"]
        raise UserError(f"{where}: {must_be}, not {repr(value)[: params_file.MAX_SHOWN]}")
