"""A dataset as it was fetched: its images by their row numbers, and what they show."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from digits.io import files, parquet, paths
from digits.io.tables import IMAGES, Pixels, Vector
from digits.results.wording import label_names
from digits.support.errors import ParameterError, show

import numpy as np


@dataclass(frozen=True)
class FetchedDataset:
    """A dataset of `data/raw/`."""

    name: str
    shape: tuple[int, int]  # height and width of an image
    classes: Vector  # that each image shows, shape (images,)
    names: list[str]  # of the classes

    @classmethod
    def read(cls, name: str) -> Self:
        """Read a dataset without its pixels; a PipelineError if its file is missing or holds no images."""
        path = paths.raw(name)
        files.require(path, f"fetch@{name}")
        info = parquet.image_info(path)
        return cls(name, info.shape, parquet.read_column(path, IMAGES, "class"), label_names(name, None, info.names))

    def pixels(self, rows: Vector) -> Pixels:
        """Read the pixels of some images, shape (rows, height, width)."""
        return parquet.take_pixels(paths.raw(self.name), rows).reshape(-1, *self.shape)

    def select(self, numbers: Sequence[str]) -> Vector:
        """Turn `36001` and `0-9` into row numbers, in the order given. Without numbers, return all rows."""
        count = len(self.classes)
        rows = [] if numbers else [np.arange(count)]
        for text in numbers:
            match = re.fullmatch(r"(\d{1,18})(?:-(\d{1,18}))?", text)
            if not match or (last := int(match[2] or match[1])) < int(match[1]):
                raise ParameterError(f"{show(text)} is neither a number such as 36001 nor a range such as 0-9")
            if last >= count:
                raise ParameterError(f"{self.name} has no image {last}; allowed: 0 to {count - 1}")
            rows.append(np.arange(int(match[1]), last + 1))
        return np.concatenate(rows)
