"""A dataset as it was fetched: its images by their row numbers, and what they show."""

import re
from collections.abc import Sequence
from typing import NamedTuple, Self

from digits.core import paths, tables
from digits.core.errors import PipelineError
from digits.core.tables import Pixels, Vector
from digits.results.wording import class_names

import numpy as np


class Images(NamedTuple):
    """The images of a dataset of `data/raw/`."""

    name: str
    pixels: Pixels  # shape (images, height, width)
    classes: Vector  # that each image shows, shape (images,)
    own_names: list[str] | None  # of the classes; None for digits
    names: list[str]  # of each class, by its number

    @classmethod
    def read(cls, name: str) -> Self:
        """Read a dataset; a PipelineError if its file is missing or damaged."""
        frame = tables.read(paths.raw(name))
        names, pixels = frame.attrs.get("names"), tables.pixels(frame).reshape(-1, *frame.attrs["shape"])
        return cls(name, pixels, frame["class"].to_numpy(), names, class_names(names))

    def select(self, numbers: Sequence[str]) -> Vector:
        """Turn `36001` and `0-9` into row numbers, in the order given. Without numbers, return all rows."""
        rows = [] if numbers else [np.arange(len(self.classes))]
        for text in numbers:
            match = re.fullmatch(r"(\d{1,18})(?:-(\d{1,18}))?", text)
            if not match or (last := int(match[2] or match[1])) < int(match[1]):
                raise PipelineError(f"{text!r} is neither a number such as 36001 nor a range such as 0-9")
            if last >= len(self.classes):
                raise PipelineError(f"{self.name} has no image {last}; allowed: 0 to {len(self.classes) - 1}")
            rows.append(np.arange(int(match[1]), last + 1))
        return np.concatenate(rows)
