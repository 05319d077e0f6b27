"""Draw the images of a dataset for the report, as `data:` addresses of PNG files."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from digits.report.model import ModelReport
from digits.results.drawing import png_data_uri
from digits.results.read import ImageDataset

import numpy as np

N_SAMPLES = 10  # images of each class on the sheet of samples
N_COLUMNS = 40  # images per row of the sheet of mistakes

# The sheet of mistakes has at most this many pixels, to keep the page small.
MAX_PIXELS = 2_000_000


class ClassAverage(NamedTuple):
    """The mean of all images of a class."""

    class_name: str
    n_images: int
    picture: str


@dataclass(frozen=True)
class Sheet:
    """A picture of many images side by side, N_COLUMNS in each row.

    Attributes:
        rows: the row numbers of the images in the dataset, in the order of the sheet.
        picture: the picture, or an empty string if there are no images.
    """

    rows: list[int]
    picture: str

    @cached_property
    def places(self) -> dict[int, int]:
        """The place of each image on the sheet, from 0, by its row number."""
        return {row: place for place, row in enumerate(self.rows)}


def draw_averages(dataset: ImageDataset) -> list[ClassAverage]:
    """Return the mean image of each class that has images."""
    averages = []
    for class_number in np.unique(dataset.classes):
        pixels = dataset.pixels[dataset.classes == class_number]
        mean = pixels.mean(axis=0, keepdims=True).astype(np.uint8)
        class_name = dataset.class_names[class_number]
        averages.append(ClassAverage(class_name, len(pixels), png_data_uri(mean)))
    return averages


def draw_samples(dataset: ImageDataset) -> str:
    """Return a picture of the first images of each class, one row per class.

    If a class has too few images, black ones fill the row.
    """
    rows = []
    for class_number in np.unique(dataset.classes):
        first = dataset.pixels[dataset.classes == class_number][:N_SAMPLES]
        n_missing = N_SAMPLES - len(first)
        rows.append(np.pad(first, [(0, n_missing), (0, 0), (0, 0)]))
    return png_data_uri(np.concatenate(rows), n_columns=N_SAMPLES)


def draw_mistakes(dataset: ImageDataset, models: Sequence[ModelReport]) -> Sheet:
    """Return a sheet of the mistakes of all models of a dataset.

    If they do not all fit, the sheet has the most confident ones of each class and predicted
    label.
    """
    ranked_rows = []
    for model in models:
        n_of_kind: Counter[tuple[int, str]] = Counter()
        for mistake in model.mistakes:  # the most confident first
            kind = (int(dataset.classes[mistake.row]), mistake.predicted)
            n_of_kind[kind] += 1
            rank = n_of_kind[kind]
            ranked_rows.append((rank, mistake.row))
    different_rows = list(dict.fromkeys(row for _, row in sorted(ranked_rows)))
    max_images = MAX_PIXELS // dataset.pixels[0].size
    rows = different_rows[:max_images]
    if not rows:
        return Sheet([], "")
    return Sheet(rows, png_data_uri(dataset.pixels[rows], n_columns=N_COLUMNS))
