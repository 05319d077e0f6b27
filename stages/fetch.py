"""Fetch one dataset into one table.

Reads a source; writes `data/raw/<dataset>.parquet`. The content is pinned, not the place: `DATA_MIRROR`, where it is
set, and the sources are tried in order until one gives exactly the images that the digests of params.yaml name.
Datasets with an `enlarged` block are augmented after download.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from digits import sources
from digits.io import parquet, paths, tables
from digits.io.tables import ImageInfo
from digits.sources import Batch, Content, ContentError, SourceError
from digits.support import cli, parameters, rooms
from digits.support.errors import ParameterError, PipelineError, redact
from digits.support.parameters import Dataset

TIMEOUT = 60  # seconds without content, after which a source is given up

Result = TypeVar("Result")


def checked(batches: Iterable[Batch], dataset: Dataset) -> Iterator[Batch]:
    """Pass on what a source gives; a SourceError, at the end at the latest, if it is not what is pinned."""
    content = Content(dataset)
    for batch in batches:
        content.add(batch)
        yield batch
    content.require_pinned()


def fetch(name: str, dataset: Dataset, mirror: str | None, keep: Callable[[Iterator[Batch]], Result]) -> Result:
    """Give the images of the first source that has them to `keep`, in batches, and return what it does.

    `mirror` is a folder or HTTP address with a folder of IDX files for each dataset, tried before any source on the
    network. `keep` may refuse the images by a SourceError; it is called anew for the next source.
    """
    places = [(kind, place) for source in dataset.sources for kind, place in source.items()]
    if mirror and not sources.are_local(dataset):
        places.insert(0, ("idx", f"{mirror.rstrip('/')}/{name}"))
    failures: list[str] = []
    for kind, place in places:
        try:
            result = keep(sources.module(kind).read(place, dataset, TIMEOUT))
        except SourceError as error:
            failures.append(f"{kind} {redact(place)}: {redact(str(error))}")
            has_changed = isinstance(error, ContentError)
        except ParameterError as error:
            raise ParameterError(f"{parameters.FILE}: datasets.{name}.{error}") from None
        else:
            for failure in failures:
                cli.note(f"{name}: {failure}; the next source was taken")
            return result
    remedy = f"; `digits pin {name}` takes over what is there now" if has_changed else ""
    if not sources.are_local(dataset):
        mirrored = f"set DATA_MIRROR to a folder or address that holds the IDX files in {name}/"
        remedy = f". Ways out: {mirrored}, or run `make demo`, which needs no network"
    raise PipelineError(f"no source has {name}: {'; '.join(failures)}{remedy}")


def main() -> None:
    """Fetch, check, write."""
    name = cli.block_name(__doc__, "datasets", "small")
    dataset = parameters.load().block(Dataset, name)
    height, width = dataset.shape
    info = ImageInfo((height, width), dataset.maximum or tables.MAXIMUM, dataset.names)

    def write(batches: Iterator[Batch]) -> None:
        batches = checked(batches, dataset)
        if dataset.enlarged:
            batches = rooms.load("scale.augmentation", f"datasets.{name}.enlarged").enlarge(batches, dataset)
        with parquet.writer(paths.raw(name)) as append:
            for batch in batches:
                of = info._replace(group_names=batch.group_names)
                append(tables.image_table(batch.pixels, batch.classes, of, group=batch.group, origin=batch.origin))

    fetch(name, dataset, os.environ.get("DATA_MIRROR"), write)


if __name__ == "__main__":
    cli.run(main)
