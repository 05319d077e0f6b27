"""Fetch the images of a dataset, and verify their checksums."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from hashlib import sha256

import numpy as np

from digits.core.images import Images
from digits.core.pixels import Vector
from digits.fetching.conversion import make_images
from digits.messages.errors import UserError
from digits.networks import NeuralNetworkError
from digits.settings.params import CHECKSUMS, DatasetParams, list_addresses
from digits.sources import load_source


def fetch_images(name: str, dataset: DatasetParams) -> Images:
    """Fetch a dataset from the first of its sources that has it.

    The environment variable DATA_MIRROR may be a folder or an HTTP address. If a source of the
    dataset can be mirrored, the mirror's subfolder `name` is tried first.

    Raises:
        UserError: no source has the images. The message gives the reason for each.
        NeuralNetworkError: the dataset's network cannot be used.
    """
    addresses = list_addresses(dataset.sources)
    sources = [load_source(kind) for kind, address in addresses]
    # A mirror has the files of one kind of source, such as `idx`.
    mirror_kinds = [source.mirror for source in sources if source.mirror]
    mirror_address = os.environ.get("DATA_MIRROR")
    if mirror_address and mirror_kinds:
        addresses.insert(0, (mirror_kinds[0], f"{mirror_address.rstrip('/')}/{name}"))

    failures = []
    for kind, address in addresses:
        try:
            return read_verified_images(kind, address, dataset)
        except NeuralNetworkError:  # it is a UserError, but another source would not help
            raise
        except UserError as error:
            failures.append(f"{kind} {address}: {error}")

    message = f"no source has {name}: {'; '.join(failures)}"
    if any(source.needs_internet for source in sources):
        message += ". Without internet, run `make demo`, which needs no download"
        if mirror_kinds:
            message += (
                f", or set DATA_MIRROR to a folder with the {mirror_kinds[0]} files in {name}/"
            )
    raise UserError(message)


def read_verified_images(kind: str, address: str, dataset: DatasetParams) -> Images:
    """Read a dataset from one source, and verify the images by the checksums in params.yaml.

    Raises:
        UserError: the source does not have these images. The message is a short reason.
    """
    collection = load_source(kind).open(address, dataset)
    images = make_images(collection, dataset)
    if dataset.sha256 is not None:
        # Only some sources mark a test set. Without a checksum of it, the column is dropped:
        # the split must not depend on which source answered.
        if "test" not in dataset.sha256:
            table = images.table.drop(columns="test", errors="ignore")
            images = replace(images, table=table)
        check_checksums(images, dataset.sha256)
    if dataset.network is not None and not images.format.n_network_features:
        raise UserError("it has no pictures to compute network features from; delete `network`")
    return images


def check_checksums(images: Images, expected: Mapping[str, str]) -> None:
    """Raise a UserError that says how images differ from those that params.yaml expects."""
    actual = compute_checksums(images)
    for key in CHECKSUMS:
        if actual.get(key) != expected.get(key):
            raise UserError(f"{key}: sha256 {actual.get(key)}, expected {expected.get(key)}")


def compute_checksums(images: Images) -> dict[str, str]:
    """Return the SHA-256 checksums of images by their keys in `sha256`.

    If they are equal, so are the images and the split.
    """
    table = images.table
    checksums = {
        "pixels": sha256_of_array(images.X),
        "labels": sha256_of_array(table["class"].to_numpy()),
    }
    if images.group_names is not None:
        names = images.group_names
        checksums["groups"] = sha256_of_lines(names[code] for code in table["group"])
    elif images.groups is not None:
        checksums["groups"] = sha256_of_array(images.groups.to_numpy())
    if "sha256" in table:
        checksums["files"] = sha256_of_lines(table["sha256"])
    if "test" in table:
        checksums["test"] = sha256_of_array(table["test"].to_numpy())
    return checksums


def sha256_of_array(values: Vector) -> str:
    """Return the SHA-256 of numbers."""
    return sha256(np.ascontiguousarray(values).data).hexdigest()


def sha256_of_lines(texts: Iterable[str]) -> str:
    """Return the SHA-256 of texts, which are written one per line."""
    return sha256("\n".join(texts).encode()).hexdigest()
