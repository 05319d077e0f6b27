"""Fetch one dataset into one table.

Reads nothing from disk (but for `DATA_MIRROR`); writes `data/raw/<dataset>.parquet`. The one decision: the content is
pinned, not the place. Sources are tried in order until one gives exactly the images that the digests name. A dataset
that is to be `enlarged` is, once it is here.
"""

import argparse
import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Annotated, Literal, Self, TypeVar

from pydantic import Field, field_validator, model_validator

from digits.common import cli, parameters, tables
from digits.common.cli import ParameterError, PipelineError
from digits.common.parameters import Section
from digits.sources.limits import SourceError
from digits.sources.readers import FILES, READERS, Form, Images

Kept = TypeVar("Kept")
Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Side = Annotated[int, Field(ge=1, le=10_000)]
NETWORK = {"idx", "openml"}


class Digests(Section):
    """The SHA-256 of all pixels, row by row, and of all labels, as unsigned bytes."""

    pixels: Digest
    labels: Digest


class Enlarged(Section):
    """How to enlarge a dataset: the first so many images are deformed at random until there are so many in all."""

    first: Annotated[int, Field(ge=1)]
    to: Annotated[int, Field(ge=1, le=3_000_000_000)]
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)]


class Dataset(Section):
    """One block of `datasets` in params.yaml."""

    images: Annotated[int, Field(ge=1, le=100_000_000)]
    shape: Annotated[list[Side], Field(min_length=2, max_length=2)]
    classes: Annotated[int, Field(ge=2, le=256)]
    sources: Annotated[
        list[Annotated[dict[Literal["scikit-learn", "idx", "openml"], str], Field(min_length=1, max_length=1)]],
        Field(min_length=1),
    ]
    files: Annotated[list[Annotated[list[str], Field(min_length=2, max_length=2)]], Field(min_length=1)] | None = None
    sha256: Digests | None = None
    enlarged: Enlarged | None = None

    @field_validator("shape")
    @classmethod
    def _storable(cls, shape: list[int]) -> list[int]:
        if shape[0] * shape[1] > tables.MOST_PIXELS:
            raise ValueError(f"must be at most {tables.MOST_PIXELS} pixels in all")
        return shape

    @model_validator(mode="after")
    def _enlargeable(self) -> Self:
        if self.enlarged and not self.enlarged.first <= self.images <= self.enlarged.to:
            raise ValueError(f"enlarged: first must be at most, and to at least, the {self.images} images there are")
        return self

    @property
    def rows(self) -> int:
        """How many images it has in the end."""
        return self.enlarged.to if self.enlarged else self.images

    @property
    def form(self) -> Form:
        """What every source must give."""
        files = [(images, labels) for images, labels in self.files or FILES]
        return Form(self.images, (self.shape[0], self.shape[1]), files)


def checked(images: Iterable[Images], dataset: Dataset) -> Iterator[Images]:
    """Pass on what a source gives, and check it on the way; the content is known to be right at the end only.

    Raises:
        SourceError: the number of images, their size, or the classes are others, or the digests are.
        ParameterError: no digests are pinned; what they would be is said.
    """
    height, width = dataset.form.shape
    expected = f"expected {dataset.images} images of {height} × {width}"
    count, pixels, labels = 0, hashlib.sha256(), hashlib.sha256()
    for some in images:
        count += len(some.classes)
        if count > dataset.images:
            break
        if some.pixels.shape != (len(some.classes), height * width):
            got = f"{len(some.pixels)} images of {some.pixels.shape[1]} pixels and {len(some.classes)} labels"
            raise SourceError(f"{got}, {expected}")
        if some.classes.max() >= dataset.classes:
            raise SourceError(f"label {some.classes.max()}, expected 0 to {dataset.classes - 1}")
        pixels.update(some.pixels.tobytes())
        labels.update(some.classes.tobytes())
        yield some
    if count != dataset.images:
        raise SourceError(f"{count} images of {height * width} pixels and {count} labels, {expected}")
    digests = {"pixels": pixels.hexdigest(), "labels": labels.hexdigest()}
    if dataset.sha256 is None:
        pin = ", ".join(f"{part}: {digest}" for part, digest in digests.items())
        raise ParameterError(f"sha256 is missing; if you trust what came, pin it in params.yaml: sha256: {{{pin}}}")
    if digests != dataset.sha256.model_dump():
        raise SourceError(f"other content: its sha256 are {digests}")


def fetch(
    name: str, dataset: Dataset, mirror: str | None, timeout: float, keep: Callable[[Iterator[Images]], Kept]
) -> Kept:
    """Give the images of the first source that has them to `keep`, some at a time, and return what it does.

    Args:
        name: the dataset's name, a folder below `mirror`.
        dataset: its block of params.yaml.
        mirror: a folder or HTTP address tried before any source on the network.
        timeout: how many seconds a server may stay silent.
        keep: takes the images. It is called anew where a source fails, which may be after the last image.

    Raises:
        ParameterError: no digests are pinned.
        PipelineError: no source has them, each with its reason.
    """
    sources = [(kind, place) for source in dataset.sources for kind, place in source.items()]
    if mirror and NETWORK.intersection(kind for kind, _ in sources):
        sources.insert(0, ("idx", f"{mirror.rstrip('/')}/{name}"))
    reasons = []
    for kind, place in sources:
        try:
            return keep(checked(READERS[kind](place, dataset.form, timeout), dataset))
        except SourceError as error:
            reasons.append(f"{kind} {place}: {error}")
            cli.note(f"{name}: {reasons[-1]}")
        except ParameterError as error:
            raise ParameterError(f"datasets.{name}.{error}") from None
    raise PipelineError(
        f"no source has {name}: {'; '.join(reasons)}. Ways out: set DATA_MIRROR to a folder or address that holds "
        f"{name}/{dataset.form.files[0][0]} and its like, or run `make demo`, which needs no network"
    )


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0
    if not 0 < seconds <= 3600:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds up to 3600")
    return seconds


def main() -> None:
    """Fetch, check, write."""
    parser = cli.parser(
        __doc__,
        "-m stages.fetch digits data/raw/digits.parquet",
    )
    parser.add_argument("dataset", help="a dataset of params.yaml")
    parser.add_argument("output", type=Path, help="the parquet file to write")
    parser.add_argument("--timeout", type=_seconds, default=30, help="seconds a server may stay silent (default: 30)")
    arguments = parser.parse_args()

    dataset = parameters.block(parameters.load(), "datasets", arguments.dataset, Dataset)
    form = dataset.form

    def write(images: Iterator[Images]) -> None:
        if more := dataset.enlarged:
            from digits.sources.enlarged import enlarged

            images = enlarged(images, form, more.first, more.to, more.seed)
        with tables.writing(arguments.output) as append:
            for some in images:
                append(tables.image_table(some.pixels, some.classes, form.shape))

    fetch(arguments.dataset, dataset, os.environ.get("DATA_MIRROR"), arguments.timeout, write)


if __name__ == "__main__":
    cli.run(main)
