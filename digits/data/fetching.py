"""Fetch the images of a dataset, and check that they are the ones that params.yaml pins."""

import os
import re
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from digits.core import tables
from digits.core.errors import UserError, check_choice
from digits.core.params import DatasetParams

import numpy as np
import pandas as pd

PACKAGE = Path(__file__).parent.parent  # the folder digits/


def fetch_images(
    name: str, dataset: DatasetParams, *, require_pinned: bool = True
) -> pd.DataFrame:
    """Fetch a dataset from the first of its sources that has it.

    If the environment variable DATA_MIRROR is set, it is tried before the sources that need a
    network. It names a folder or an address with a subfolder of IDX files for each dataset.

    Args:
        name: the name of the dataset.
        dataset: its entry of params.yaml.
        require_pinned: whether to accept only the images whose checksums are in the entry.

    Returns:
        A table of images.

    Raises:
        UserError: no source has the images. The message gives the reason for each.
    """
    failures = []
    for kind, place in list_sources(name, dataset):
        try:
            images = import_source(kind).read(place, dataset)
            if require_pinned:
                check_pinned(images, dataset)
            return images
        except UserError as error:
            failures.append(hide_passwords(f"{kind} {place}: {error}"))

    message = f"no source has {name}: {'; '.join(failures)}"
    if not is_local(dataset):
        message += (
            f". Set DATA_MIRROR to a folder or address that holds the IDX files in {name}/, "
            "or run `make demo`, which needs no network"
        )
    raise UserError(message)


def list_sources(name: str, dataset: DatasetParams) -> list[tuple[str, str]]:
    """Return the kind and the place of each source of a dataset, in the order to try them."""
    sources = []
    mirror = os.environ.get("DATA_MIRROR")
    if mirror and not is_local(dataset):
        sources.append(("idx", f"{mirror.rstrip('/')}/{name}"))
    for source in dataset.sources:
        sources.extend(source.items())
    return sources


def is_local(dataset: DatasetParams) -> bool:
    """Return whether no source of a dataset needs a network."""
    kinds = [kind for source in dataset.sources for kind in source]
    return all(import_source(kind).LOCAL for kind in kinds)


def import_source(kind: str) -> ModuleType:
    """Import the module that reads a kind of source, such as `idx`.

    It is digits/data/sources/<kind>.py, or source.py of the optional component digits/<kind>/.

    Raises:
        UserError: there is no such module.
    """
    module_names = {}
    for path in PACKAGE.glob("data/sources/[a-z]*.py"):
        module_names[path.stem] = f"digits.data.sources.{path.stem}"
    for path in PACKAGE.glob("*/source.py"):
        component = path.parent.name
        module_names[component] = f"digits.{component}.source"
    check_choice("sources", kind, module_names)
    return import_module(module_names[kind])


def hide_passwords(text: str) -> str:
    """Return a text without the user names and passwords of the addresses in it."""
    return re.sub("://[^ /]*@", "://…@", text)


def check_pinned(images: pd.DataFrame, dataset: DatasetParams) -> None:
    """Check that images are the ones that params.yaml pins.

    Raises:
        UserError: they differ. The message says how.
    """
    actual: dict[str, Any] = {
        "number of images": len(images),
        "names": images.attrs.get("names"),
        **compute_checksums(images),
        "number of groups": images["group"].nunique() if "group" in images else None,
    }
    pinned: dict[Any, Any] = {
        "number of images": dataset.images,
        "names": dataset.names,
        **dataset.sha256,
        "number of groups": dataset.groups,
    }
    for key in actual | pinned:
        if actual.get(key) != pinned.get(key):
            raise UserError(
                f"other {key}: {actual.get(key)!s:.64}, not {pinned.get(key)!s:.64}; "
                "`digits pin` accepts what is there"
            )


def compute_checksums(images: pd.DataFrame) -> dict[str, str]:
    """Return the SHA-256 of all pixels, of all labels and, if there are any, of all groups."""
    contents = {"pixels": tables.pixels(images), "labels": images["class"].to_numpy()}
    if "group" in images:
        contents["groups"] = images["group"].to_numpy()
    checksums = {}
    for key, values in contents.items():
        checksums[key] = sha256(np.ascontiguousarray(values).data).hexdigest()
    return checksums
