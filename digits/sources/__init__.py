"""Sources of images, a module each: a new one needs no other edit than its own file.

A source has `read(place, dataset, timeout)`, which yields batches of `Images`, or raises a `SourceError` with the
reason in a few words. What came is checked against the pinned digests (`stages/fetch.py`), so a source decides how the
bytes come, never which.
"""

from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, NamedTuple

import numpy as np

from digits.common.errors import require_choice
from digits.common.parameters import Dataset
from digits.common.tables import Pixels, Vector


class SourceError(Exception):
    """A source has not given the dataset; the message says why, in a few words."""


class Images(NamedTuple):
    """Pixels of shape (images, height * width) and classes of shape (images,), both uint8.

    After augmentation also `origin`, of shape (images,): the row of the image that each was made of.
    """

    pixels: Pixels
    classes: Pixels
    origin: Vector | None = None


def require_source(kind: str) -> None:
    """Require that a kind of source is there; a ParameterError lists them."""
    require_choice("sources", kind, (module.name for module in iter_modules(__path__)))


def read(kind: str, place: str, dataset: Dataset, timeout: float) -> Iterator[Images]:
    """Read a dataset from a source.

    Args:
        kind: a module of this package.
        place: where, in that module's own terms.
        dataset: the block of params.yaml that says what the images must be.
        timeout: how many seconds a server may stay silent.
    """
    require_source(kind)
    images: Iterator[Images] = import_module(f"digits.sources.{kind}").read(place, dataset, timeout)
    return images


def as_bytes(values: Any) -> Pixels:
    """Convert numbers, or text that spells them, to uint8; a SourceError if that would change one."""
    try:
        numbers = values if np.issubdtype(values.dtype, np.number) else values.astype(np.float64)
        with np.errstate(invalid="ignore"):  # a missing value converts to something, and then differs
            integers = numbers.astype(np.uint8)
    except (TypeError, ValueError) as error:
        raise SourceError(str(error)) from None
    if not np.array_equal(integers, numbers):
        raise SourceError("its values are not all whole numbers from 0 to 255")
    return integers
