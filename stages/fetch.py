"""Fetch one dataset into one table.

Reads a source; writes `data/raw/<dataset>.parquet`. The content is pinned, not its address: `DATA_MIRROR`, if set, and
the sources are tried in order until one gives exactly the images whose digests are in params.yaml.
"""

import os
import re
from hashlib import sha256
from importlib import import_module
from types import ModuleType

from digits.core import params, paths, tables
from digits.core.errors import PACKAGE, PipelineError, Stage, require_choice
from digits.core.params import Dataset

import click
import numpy as np
import pandas as pd


def source(kind: str) -> ModuleType:
    """Return the module of a kind of source, from digits/sources/ or a room's source.py."""
    names = {path.stem: f"digits.sources.{path.stem}" for path in PACKAGE.glob("sources/[a-z]*.py")}
    names |= {path.parent.name: f"digits.{path.parent.name}.source" for path in PACKAGE.glob("*/source.py")}
    require_choice("sources", kind, names)
    return import_module(names[kind])


def fetch(name: str, dataset: Dataset, *, is_pinned: bool = True) -> pd.DataFrame:
    """Return the images of the first source that has the pinned ones; if not `is_pinned`, of the first that has any.

    `DATA_MIRROR`, a folder or HTTP address with a folder of IDX files for each dataset, is tried before the network. A
    PipelineError gives the reason of each failure, and the way out.
    """
    places = [place for each in dataset.sources for place in each.items()]
    is_local = all(getattr(source(kind), "LOCAL", False) for kind, _ in places)
    if not is_local and (mirror := os.environ.get("DATA_MIRROR")):
        places.insert(0, ("idx", f"{mirror.rstrip('/')}/{name}"))
    failures = []
    for kind, place in places:
        try:
            images = source(kind).read(place, dataset)
            if is_pinned:
                require_pinned(images, dataset)
            return images
        except PipelineError as error:
            failures.append(re.sub("://[^ /]*@", "://…@", f"{kind} {place}: {error}"))  # no password is printed
    remedy = f". Set DATA_MIRROR to a folder or address that holds the IDX files in {name}/, or `make demo`, offline"
    raise PipelineError(f"no source has {name}: {'; '.join(failures)}{'' if is_local else remedy}")


def require_pinned(images: pd.DataFrame, dataset: Dataset) -> None:
    """Require that images are those that are pinned; the PipelineError says what differs."""
    found = {"images": len(images), "names": images.attrs.get("names"), **digests(images)}
    pinned = dataset.model_dump() | dataset.sha256
    for key in [*found, *dataset.sha256]:
        if (has := found.get(key)) != (should := pinned.get(key)):
            raise PipelineError(f"other {key}: {has!s:.64}, not {should!s:.64}; `digits pin` accepts what is there")


def digests(images: pd.DataFrame) -> dict[str, str]:
    """Return the SHA-256 of all pixels, of all labels, and of the groups where there are any."""
    content = {"pixels": tables.pixels(images), "labels": images["class"], "groups": images.get("group")}
    return {key: sha256(np.ascontiguousarray(of).data).hexdigest() for key, of in content.items() if of is not None}


@click.command(cls=Stage, help=__doc__)
@click.argument("name")
def main(name: str) -> None:
    """Fetch, check, write."""
    tables.write(paths.raw(name), fetch(name, params.find(params.load().datasets, name)))


if __name__ == "__main__":
    main()
