"""Fetch one dataset into one parquet file.

Reads nothing from disk (but for `DATA_MIRROR`); writes `data/raw/<dataset>.parquet`. The one decision: the content is
pinned, not the place. Sources are tried in order until one gives exactly the images that the digests name.
"""

from common import cli, parameters, tables
from common.cli import ParameterError, PipelineError
from common.parameters import Section

import argparse
import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator

from sources.limits import SourceError
from sources.readers import FILES, READERS, Form, Images

Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Side = Annotated[int, Field(ge=1, le=10_000)]
NETWORK = {"idx", "openml"}


class Digests(Section):
    """The SHA-256 of all pixels, row by row, and of all labels, as unsigned bytes."""

    pixels: Digest
    labels: Digest


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

    @field_validator("shape")
    @classmethod
    def _storable(cls, shape: list[int]) -> list[int]:
        if shape[0] * shape[1] > tables.MOST_PIXELS:
            raise ValueError(f"must be at most {tables.MOST_PIXELS} pixels in all")
        return shape

    @property
    def form(self) -> Form:
        """What every source must give."""
        files = [(images, labels) for images, labels in self.files or FILES]
        return Form(self.images, (self.shape[0], self.shape[1]), files)


def verify(images: Images, dataset: Dataset) -> None:
    """Check what a source gave.

    Raises:
        SourceError: the number of images, their size, or the classes are others, or the digests are.
    """
    height, width = dataset.form.shape
    if images.pixels.shape != (dataset.images, height * width) or images.classes.shape != (dataset.images,):
        got = f"{len(images.pixels)} images of {images.pixels.shape[1]} pixels and {len(images.classes)} labels"
        raise SourceError(f"{got}, expected {dataset.images} images of {height} × {width}")
    if images.classes.max() >= dataset.classes:
        raise SourceError(f"label {images.classes.max()}, expected 0 to {dataset.classes - 1}")
    if dataset.sha256 is not None and images.digests() != dataset.sha256.model_dump():
        raise SourceError(f"other content: its sha256 are {images.digests()}")


def fetch(name: str, dataset: Dataset, mirror: str | None, timeout: float) -> Images:
    """Return the images of the first source that has them.

    Args:
        name: the dataset's name, a folder below `mirror`.
        dataset: its block of params.yaml.
        mirror: a folder or HTTP address tried before any source on the network.
        timeout: how many seconds a server may stay silent.

    Raises:
        PipelineError: no source has them, each with its reason.
    """
    sources = [(kind, place) for source in dataset.sources for kind, place in source.items()]
    if mirror and NETWORK.intersection(kind for kind, _ in sources):
        sources.insert(0, ("idx", f"{mirror.rstrip('/')}/{name}"))
    reasons = []
    for kind, place in sources:
        try:
            images = READERS[kind](place, dataset.form, timeout)
            verify(images, dataset)
        except SourceError as error:
            reasons.append(f"{kind} {place}: {error}")
            cli.note(f"{name}: {reasons[-1]}")
        else:
            return images
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
        "stages/fetch.py digits data/raw/digits.parquet",
    )
    parser.add_argument("dataset", help="a dataset of params.yaml")
    parser.add_argument("output", type=Path, help="the parquet file to write")
    parser.add_argument("--timeout", type=_seconds, default=30, help="seconds a server may stay silent (default: 30)")
    arguments = parser.parse_args()

    dataset = parameters.block(parameters.load(), "datasets", arguments.dataset, Dataset)
    images = fetch(arguments.dataset, dataset, os.environ.get("DATA_MIRROR"), arguments.timeout)
    if dataset.sha256 is None:
        pin = ", ".join(f"{part}: {digest}" for part, digest in images.digests().items())
        raise ParameterError(
            f"datasets.{arguments.dataset}.sha256 is missing; if you trust what came, pin it in params.yaml: "
            f"sha256: {{{pin}}}"
        )
    tables.write(arguments.output, tables.image_table(images.pixels, images.classes, dataset.form.shape))


if __name__ == "__main__":
    cli.run(main)
