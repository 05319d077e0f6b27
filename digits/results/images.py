"""The images of a dataset as it was fetched, chosen by their row numbers or at random."""

import argparse
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from digits.io import files, parquet, paths
from digits.io.tables import IMAGES, Pixels, Vector
from digits.results.wording import class_names
from digits.support.errors import ParameterError, show

import numpy as np


class Fetched(NamedTuple):
    """A dataset: its table, its images' height and width, their classes, of shape (images,), and each class's name."""

    name: str
    path: Path
    shape: tuple[int, int]
    classes: Vector
    names: list[str]

    def named(self, rows: Vector) -> list[str]:
        """Return the names of the classes of some images."""
        return [self.names[label] for label in self.classes[rows]]

    def pixels(self, rows: Vector) -> Pixels:
        """Read the pixels of some images, shape (rows, height, width)."""
        return parquet.take_pixels(self.path, rows).reshape(-1, *self.shape)


def read(dataset: str) -> Fetched:
    """Read what a dataset's table says of its images, without their pixels.

    Raises:
        PipelineError: it has not been fetched yet, or its file is not one of images.
    """
    path = paths.raw(dataset)
    files.require(path, f"fetch@{dataset}")
    names = class_names(dataset, None, parquet.class_names(path))
    return Fetched(dataset, path, parquet.image_shape(path), parquet.read_column(path, IMAGES, "class"), names)


def by_number(texts: Sequence[str], images: Fetched) -> Vector:
    """Turn `36001` and `0-9` into row numbers, in the order given; nothing into those of all images.

    Raises:
        ParameterError: one is no number or range, runs backwards, or lies beyond the last image.
    """
    last = len(images.classes) - 1
    if not texts:
        return np.arange(last + 1)
    rows: list[int] = []
    for text in texts:
        match = re.fullmatch(r"(\d{1,18})(?:-(\d{1,18}))?", text, re.ASCII)
        if not match or int(match[2] or match[1]) < int(match[1]):
            raise ParameterError(f"{show(text)} is neither a number such as 36001 nor a range such as 0-9")
        if int(match[2] or match[1]) > last:
            raise ParameterError(f"{images.name} has no image {match[2] or match[1]}; allowed: 0 to {last}")
        rows += range(int(match[1]), int(match[2] or match[1]) + 1)
    return np.array(rows, np.int64)


def at_random(rows: Vector, number: int) -> Vector:
    """Return `number` of the rows, or all if there are no more, drawn anew at each call."""
    return np.random.default_rng().permutation(rows)[:number]


def count(text: str) -> int:
    """Return a count from the command line."""
    if not (text.isdecimal() and int(text)):
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1")
    return int(text)
