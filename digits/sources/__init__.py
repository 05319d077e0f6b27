"""Sources of images, a module each: a new one needs no other edit than its own file.

A source has `read(place, dataset, timeout)`, which yields `Batch`es, or raises a `SourceError` with the reason in a few
words. What came is checked against the pinned digests (`stages/fetch.py`), so a source decides how the bytes come,
never which.

A source that needs no network says so by `LOCAL = True`. One that can list the classes of its images without reading
their pixels has `labels(place)` as well, which returns `Labels`: `make check` then notices what has changed. A room
has its source in `digits/<room>/source.py`, under the room's name.
"""

import hashlib
from collections.abc import Iterable, Sequence
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple, Self

from digits.io.tables import MAXIMUM, Pixels, Vector
from digits.support.errors import require_choice, shorten, show
from digits.support.parameters import Dataset

import numpy as np

MOST_CLASSES = 256
NOT_HERE = "is not here; put your images there, or correct the name; `dvc pull` fetches what was shared by `dvc push`"


class SourceError(Exception):
    """A source has not given the dataset; the message says why, in a few words."""


class ContentError(SourceError):
    """A source has given images, but not those that are pinned."""


class Batch(NamedTuple):
    """Some images of a dataset."""

    pixels: Pixels  # shape (images, height * width)
    classes: Pixels  # shape (images,)
    origin: Vector | None = None  # after augmentation: the row of the image that each was made of, shape (images,)
    group: Vector | None = None  # who wrote each, or the like, where the source knows it, numbered from 0
    names: list[str] | None = None  # of all classes of the dataset, in their order, where the source names them
    group_names: list[str] | None = None  # of all groups, in the order of their numbers, where the source names them


class Labels(NamedTuple):
    """What a source says of its images but for their pixels; as of `Batch`."""

    classes: Pixels
    names: list[str] | None
    group: Vector | None
    group_names: list[str] | None

    @classmethod
    def of(cls, classes: Sequence[str], groups: Sequence[str]) -> Self:
        """Number the images' classes and groups; `groups` is empty without any. SourceError: as `number_classes`."""
        labels, names = number_classes(classes)
        numbers = {name: number for number, name in enumerate(dict.fromkeys(groups))}  # in the order of their coming
        group = np.array([numbers[name] for name in groups], np.uint32) if groups else None
        return cls(np.array([labels[name] for name in classes], np.uint8), names, group, [*numbers] or None)

    def batch(self, pixels: Pixels, rows: slice) -> Batch:
        """Return the images of the rows that `pixels` are of."""
        group = None if self.group is None else self.group[rows]
        return Batch(pixels, self.classes[rows], None, group, self.names, self.group_names)


class Content:
    """Counts and hashes what comes of a dataset."""

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset
        self.images = self.classes = 0
        self.names: list[str] | None = None
        self._digests: dict[str, Any] = {}

    @property
    def sha256(self) -> dict[str, str]:
        """The digests, as a block of `datasets` has them."""
        return {name: digest.hexdigest() for name, digest in self._digests.items()}

    def add(self, batch: Batch) -> None:
        """Count a batch; a SourceError says how it is not of the dataset's form."""
        (height, width), maximum = self.dataset.shape, self.dataset.maximum or MAXIMUM
        self.images += len(batch.classes)
        if not len(batch.classes) or batch.pixels.shape != (len(batch.classes), height * width):
            found = f"{len(batch.classes)} labels and pixels of the shape {batch.pixels.shape}"
            raise SourceError(f"{found}, expected images of {height} × {width}")
        if batch.pixels.max() > maximum:
            raise SourceError(f"a pixel of {batch.pixels.max()}, expected 0 to {maximum}")
        if batch.classes.max() >= self.dataset.classes:
            raise ContentError(f"label {batch.classes.max()}, expected 0 to {self.dataset.classes - 1}")
        for name, values in (("pixels", batch.pixels), ("labels", batch.classes), ("groups", batch.group)):
            if values is not None:
                self._digests.setdefault(name, hashlib.sha256()).update(values.tobytes())
        self.classes, self.names = max(self.classes, int(batch.classes.max()) + 1), batch.names

    def require_pinned(self) -> None:
        """Require that what came is all that is pinned, and nothing else; a ContentError says what differs."""
        if self.images != self.dataset.images:
            raise ContentError(f"{self.images} images, expected {self.dataset.images}")
        if self.names and self.names != self.dataset.names:
            raise ContentError(f"classes {shorten(', '.join(self.names), 200)}, which are not its names in params.yaml")
        if self.sha256 != self.dataset.sha256.model_dump(exclude_none=True):
            raise ContentError(f"other content: its sha256 are {self.sha256}")


def module(kind: str) -> ModuleType:
    """Return the module of a kind of source; a ParameterError lists the kinds there are."""
    folder = Path(__file__).parent
    names = {path.stem: f"digits.sources.{path.stem}" for path in folder.glob("[a-z]*.py")}
    names |= {path.parent.name: f"digits.{path.parent.name}.source" for path in folder.parent.glob("*/source.py")}
    require_choice("sources", kind, names)
    return import_module(names[kind])


def are_local(dataset: Dataset) -> bool:
    """Tell whether no source of a dataset needs a network."""
    return all(getattr(module(kind), "LOCAL", False) for source in dataset.sources for kind in source)


def number_classes(classes: Iterable[str]) -> tuple[dict[str, int], list[str] | None]:
    """Return the label of each class, and the names of all classes in the order of their labels.

    Where every class is a whole number up to 255, that is its label, and there are no names. Else the classes are
    sorted, as numbers where they are, and numbered from 0. A SourceError if there are fewer than two, or too many.
    """
    names = sorted(set(classes))
    if not 2 <= len(names) <= MOST_CLASSES:
        one = f" alone, {show(names[0])}" if len(names) == 1 else ""
        raise SourceError(f"number of classes: {len(names)}{one}; allowed: 2 to {MOST_CLASSES}")
    if all(name.isdecimal() for name in names):
        names.sort(key=int)
        for one, other in pairwise(names):
            if int(one) == int(other):
                raise SourceError(f"the classes {show(one)} and {show(other)} are the same number; rename one")
        if int(names[-1]) < MOST_CLASSES:
            return {name: int(name) for name in names}, None
    return {name: label for label, name in enumerate(names)}, names


def as_bytes(values: Any) -> Pixels:
    """Convert numbers, or text that spells them, to uint8; a SourceError if that would change one."""
    try:
        numbers = values if values.dtype.kind in "fiu" else values.astype(np.float64)
        with np.errstate(invalid="ignore"):  # a missing value converts to something, and then differs
            integers = numbers.astype(np.uint8)
    except (TypeError, ValueError) as error:
        raise SourceError(str(error)) from None
    if not np.array_equal(integers, numbers):
        raise SourceError("its values are not all whole numbers from 0 to 255")
    return integers
