"""Fetch one dataset into one table.

Reads a source, and `DATA_MIRROR` before it where that is set; writes `data/raw/<dataset>.parquet`. The one decision:
the content is pinned, not the place. Sources are tried in order until one gives exactly the images that the digests of
params.yaml name. Datasets with an `enlarged` block are augmented after download.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from digits.io import parquet, paths, tables
from digits.scale.augmentation import enlarge
from digits.sources import Content, ContentError, Images, SourceError, are_local, read
from digits.support import cli, parameters
from digits.support.errors import ParameterError, PipelineError
from digits.support.parameters import Dataset

TIMEOUT = 30  # seconds that a server may stay silent

Result = TypeVar("Result")


def checked(images: Iterable[Images], dataset: Dataset) -> Iterator[Images]:
    """Pass on what a source gives, and check it on the way; only at the end is the content known to be right.

    Raises:
        SourceError: the number of images, their size, the classes or the digests are others.
    """
    content = Content(dataset)
    for batch in images:
        content.add(batch)
        yield batch
    content.require_pinned()


def fetch(name: str, dataset: Dataset, mirror: str | None, keep: Callable[[Iterator[Images]], Result]) -> Result:
    """Give the images of the first source that has them to `keep`, some at a time, and return what it does.

    Args:
        name: the dataset's name, a folder below `mirror`.
        dataset: its block of params.yaml.
        mirror: a folder or HTTP address of IDX files, tried before any source on the network.
        keep: takes the images, or refuses them by a SourceError; called anew where a source fails, which may be after
            the last image.

    Raises:
        PipelineError: no source has them, each with its reason.
    """
    places = [(kind, place) for source in dataset.sources for kind, place in source.items()]
    if mirror and not are_local(dataset):
        places.insert(0, ("idx", f"{mirror.rstrip('/')}/{name}"))
    failures: list[str] = []
    for kind, place in places:
        try:
            result = keep(read(kind, place, dataset, TIMEOUT))
        except SourceError as error:
            failures.append(f"{kind} {place}: {error}")
            has_changed = isinstance(error, ContentError)
        except ParameterError as error:
            raise ParameterError(f"{parameters.FILE}: datasets.{name}.{error}") from None
        else:
            for failure in failures:
                cli.note(f"{name}: {failure}; the next source was taken")
            return result
    if not are_local(dataset):
        remedy = (
            ". Ways out: set DATA_MIRROR to a folder or address that holds the IDX files in "
            f"{name}/, or run `make demo`, which needs no network"
        )
    elif has_changed:
        remedy = f"; `python -m tools.pin {name}` takes over what is there now"
    else:
        remedy = ""
    raise PipelineError(f"no source has {name}: {'; '.join(failures)}{remedy}")


def main() -> None:
    """Fetch, check, write."""
    name = cli.block_name(__doc__, "datasets", "digits")
    dataset = parameters.load().block(Dataset, name)

    def write(images: Iterator[Images]) -> None:
        images = checked(images, dataset)
        if dataset.enlarged:
            images = enlarge(images, dataset)
        with parquet.writer(paths.raw(name)) as append:
            for batch in images:
                facts = dataset.shape, dataset.maximum, dataset.names
                append(tables.image_table(batch.pixels, batch.classes, *facts, origin=batch.origin))

    fetch(name, dataset, os.environ.get("DATA_MIRROR"), write)


if __name__ == "__main__":
    cli.run(main)
