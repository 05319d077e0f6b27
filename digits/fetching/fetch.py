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
from digits.settings.params import CHECKSUMS, DatasetParams, list_sources
from digits.sources import NeuralNetworkError, Source, find_source

NO_PICTURES = "it has no pictures that a `network` can describe; delete this key"


def fetch_images(name: str, dataset: DatasetParams) -> Images:
    """Fetch a dataset from the first of its sources that has it.

    The environment variable DATA_MIRROR may be a folder or an HTTP address. If a source of the
    dataset can be mirrored, the mirror's subfolder `name` is tried first.

    Args:
        name: the name of the dataset.
        dataset: its entry of params.yaml.

    Raises:
        UserError: no source has the images. The message gives the reason for each.
        NeuralNetworkError: the dataset's network cannot be used.
    """
    # In params.yaml, a source is a dictionary with one kind and its address.
    sources = list_sources(dataset.sources)
    mirror = os.environ.get("DATA_MIRROR")
    mirror_kind = find_mirror_kind(dataset)
    if mirror and mirror_kind:
        sources.insert(0, (mirror_kind, f"{mirror.rstrip('/')}/{name}"))

    failures = []
    for kind, address in sources:
        try:
            collection = find_source(kind).open(address, dataset)
            images = make_images(collection, dataset)
            if dataset.sha256 is not None:
                # Some sources lack the test set. Without its checksum, no split uses it.
                if "test" not in dataset.sha256:
                    table = images.table.drop(columns="test", errors="ignore")
                    images = replace(images, table=table)
                check_checksums(images, dataset.sha256)
            if dataset.network is not None and not images.n_network_features:
                raise UserError(NO_PICTURES)
            return images
        except NeuralNetworkError:  # it is a UserError, but another source would not help
            raise
        except UserError as error:
            failures.append(f"{kind} {address}: {error}")

    message = f"no source has {name}: {'; '.join(failures)}"
    if needs_internet(dataset):
        use_mirror = ""
        if mirror_kind:
            files = f"the {mirror_kind} files in {name}/"
            use_mirror = f"set DATA_MIRROR to a folder with {files}, or "
        message += (
            f". Without internet, {use_mirror}run only models of other datasets: "
            "`dvc repro evaluate@MODEL`, or `make demo`"
        )
    raise UserError(message)


def needs_internet(dataset: DatasetParams) -> bool:
    """Return whether a source of a dataset needs the internet."""
    return any(source.needs_internet for source in find_sources(dataset))


def find_mirror_kind(dataset: DatasetParams) -> str | None:
    """Return the kind of source that reads a mirror of a dataset, or None if it has none."""
    return next((source.mirror for source in find_sources(dataset) if source.mirror), None)


def find_sources(dataset: DatasetParams) -> list[Source]:
    """Return the kinds of a dataset's sources, in their order."""
    return [find_source(kind) for kind, _ in list_sources(dataset.sources)]


def check_checksums(images: Images, expected: Mapping[str, str]) -> None:
    """Check that images are the ones that params.yaml expects.

    Raises:
        UserError: they differ. The message says how.
    """
    actual = compute_checksums(images)
    for key in CHECKSUMS:
        if actual.get(key) != expected.get(key):
            raise UserError(f"{key}: sha256 {actual.get(key)}, expected {expected.get(key)}")


def compute_checksums(images: Images) -> dict[str, str]:
    """Return the SHA-256 checksums of images by their keys in `sha256`.

    They determine the images and the split into training set and test set.
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
