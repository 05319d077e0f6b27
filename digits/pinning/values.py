"""Compute what is recorded about a dataset, such as its checksums."""

from collections.abc import Callable
from typing import Any

from digits.core.images import Images
from digits.data.conversion import MAX_CLASSES, make_images
from digits.data.fetching import compute_checksums, fetch_images
from digits.data.source import Collection
from digits.networks import find_reader
from digits.pinning.overview import find_background
from digits.settings import params_file, recorded
from digits.settings.params import NETWORK_CHECKSUM, DatasetParams

# An entry is validated before its images are read. These values stand in for the required ones
# that are not known yet.
PLACEHOLDERS = {"images": 1, "classes": MAX_CLASSES, "sha256": {}}


def compute_pinned_values(
    name: str,
    entry: dict[str, Any],
    make_collection: Callable[[DatasetParams], Collection] | None = None,
) -> tuple[dict[str, Any], Images]:
    """Fetch a dataset, and return what its entry of params.yaml should say about the images.

    Args:
        name: the name of the dataset.
        entry: its entry, which may lack the keys that are returned.
        make_collection: returns the images of the dataset, if they have already been found.

    Returns:
        values: the values of `images`, `classes`, `groups`, `names`, `background` and `sha256`,
            in this order. `groups`, `names` and `background` are omitted if the images have
            none.
        images: the images.

    Raises:
        UserError: the entry is not valid, or the dataset cannot be fetched.
    """
    dataset = validate_unpinned(name, entry)
    network = dataset.network
    # Computing the network's features would take long, and they are not recorded.
    dataset = dataset.model_copy(update={"network": None})
    if make_collection is None:
        images = fetch_images(name, dataset, require_pinned=False)
    else:
        images = make_images(make_collection(dataset), dataset)

    n_classes = images.table["class"].nunique()
    values: dict[str, Any] = {"images": len(images), "classes": n_classes}
    if images.groups is not None:
        values["groups"] = images.groups.nunique()
    if images.class_names is not None:
        values["names"] = images.class_names
    background = find_background(images)
    if background:
        values["background"] = background
    values["sha256"] = compute_checksums(images)
    if network is not None:
        checksum = find_reader().compute_checksum(network)
        if checksum is not None:
            values["sha256"][NETWORK_CHECKSUM] = checksum
    return values, images


def validate_unpinned(name: str, entry: dict[str, Any]) -> DatasetParams:
    """Validate an entry whose values are computed here, and may still be missing.

    Args:
        name: the name of the dataset.
        entry: its entry of params.yaml.

    Raises:
        UserError: there is a mistake. The message describes the first one.
    """
    kept: dict[str, Any] = {
        key: value for key, value in entry.items() if key not in recorded.KEYS
    }
    names = entry.get("names")
    if names:
        kept["names"] = names
    if isinstance(names, list) and names:
        kept["classes"] = len(names)
    return params_file.validate_dataset(name, PLACEHOLDERS | kept)
