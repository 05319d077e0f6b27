"""Fetch one dataset into one table.

Reads a source, and `DATA_MIRROR` before it where that is set; writes `data/raw/<dataset>.parquet`. The one decision:
the content is pinned, not the place. Sources are tried in order until one gives exactly the images that the digests of
params.yaml name. Datasets with an `enlarged` block are augmented after download.
"""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from digits.augmentation import enlarge
from digits.common import cli, parameters, parquet, paths, tables
from digits.common.errors import ParameterError, PipelineError
from digits.common.parameters import Dataset
from digits.sources import Images, SourceError, read

TIMEOUT = 30  # seconds that a server may stay silent
LOCAL = {"sklearn"}  # sources that need no network, so no mirror either

Result = TypeVar("Result")


def checked(images: Iterable[Images], dataset: Dataset) -> Iterator[Images]:
    """Pass on what a source gives, and check it on the way; only at the end is the content known to be right.

    Raises:
        SourceError: the number of images, their size, the classes or the digests are others.
        ParameterError: no digests are pinned; those of what came are printed.
    """
    height, width = dataset.shape
    expected = f"expected {dataset.images} images of {height} × {width}"
    count, pixels, labels = 0, hashlib.sha256(), hashlib.sha256()
    for batch in images:
        count += len(batch.classes)
        if count > dataset.images:
            break
        if batch.pixels.shape != (len(batch.classes), height * width):
            found = f"{len(batch.pixels)} images of {batch.pixels.shape[1]} pixels"
            raise SourceError(f"{found} and {len(batch.classes)} labels, {expected}")
        if batch.pixels.max() > dataset.maximum:
            raise SourceError(f"a pixel of {batch.pixels.max()}, expected 0 to {dataset.maximum}")
        if batch.classes.max() >= dataset.classes:
            raise SourceError(f"label {batch.classes.max()}, expected 0 to {dataset.classes - 1}")
        pixels.update(batch.pixels.tobytes())
        labels.update(batch.classes.tobytes())
        yield batch
    if count != dataset.images:
        raise SourceError(f"{count} images of {height * width} pixels and {count} labels, {expected}")
    digests = {"pixels": pixels.hexdigest(), "labels": labels.hexdigest()}
    if dataset.sha256 is None:
        pin = ", ".join(f"{part}: {digest}" for part, digest in digests.items())
        raise ParameterError(f"sha256 is missing; if you trust what came, pin it in params.yaml: sha256: {{{pin}}}")
    if digests != dataset.sha256.model_dump():
        raise SourceError(f"other content: its sha256 are {digests}")


def fetch(name: str, dataset: Dataset, mirror: str | None, keep: Callable[[Iterator[Images]], Result]) -> Result:
    """Give the images of the first source that has them to `keep`, some at a time, and return what it does.

    Args:
        name: the dataset's name, a folder below `mirror`.
        dataset: its block of params.yaml.
        mirror: a folder or HTTP address of IDX files, tried before any source on the network.
        keep: takes the images; called anew where a source fails, which may be after the last image.

    Raises:
        PipelineError: no source has them, each with its reason.
    """
    places = [(kind, place) for source in dataset.sources for kind, place in source.items()]
    if mirror and not all(kind in LOCAL for kind, _ in places):
        places.insert(0, ("idx", f"{mirror.rstrip('/')}/{name}"))
    failures: list[str] = []
    for kind, place in places:
        try:
            result = keep(checked(read(kind, place, dataset, TIMEOUT), dataset))
        except SourceError as error:
            failures.append(f"{kind} {place}: {error}")
        except ParameterError as error:
            raise ParameterError(f"{parameters.FILE}: datasets.{name}.{error}") from None
        else:
            for failure in failures:
                cli.note(f"{name}: {failure}; the next source was taken")
            return result
    raise PipelineError(
        f"no source has {name}: {'; '.join(failures)}. Ways out: set DATA_MIRROR to a folder or address that holds "
        f"the IDX files in {name}/, or run `make demo`, which needs no network"
    )


def main() -> None:
    """Fetch, check, write."""
    name = cli.block_name(__doc__, "datasets", "digits")
    dataset = parameters.load().block(Dataset, name)

    def write(images: Iterator[Images]) -> None:
        if dataset.enlarged:
            images = enlarge(images, dataset)
        with parquet.writer(paths.raw(name)) as append:
            for batch in images:
                facts = dataset.shape, dataset.maximum
                append(tables.image_table(batch.pixels, batch.classes, *facts, origin=batch.origin))

    fetch(name, dataset, os.environ.get("DATA_MIRROR"), write)


if __name__ == "__main__":
    cli.run(main)
