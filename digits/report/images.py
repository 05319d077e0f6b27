"""Draw the images of a dataset for the report."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from digits.core.tables import Pixels
from digits.imaging.drawing import pad, png_data_uri
from digits.report.view import ModelView
from digits.results.read import ImageDataset

N_SAMPLES = 10  # images of each class in the picture of samples

# The pictures of mistakes of a dataset have at most this many pixels, to keep the page small.
MAX_PIXELS = 2_000_000


@dataclass
class DatasetView:
    """What the report shows of a dataset.

    Attributes:
        dataset: its images.
        models: its models, task by task, the best of each task first.
    """

    dataset: ImageDataset
    models: list[ModelView] = field(default_factory=list)

    @cached_property
    def averages(self) -> list[tuple[str, int, str]]:
        """The name of each class that has images, their number, and their mean."""
        averages = []
        for number in np.unique(self.dataset.classes):
            pixels = self.dataset.pixels[self.dataset.classes == number]
            picture = self.draw(pixels.mean(axis=0))
            averages.append((self.dataset.class_names[number], len(pixels), picture))
        return averages

    @cached_property
    def samples(self) -> str:
        """A picture of the first images of each class, one row per class.

        If a class has too few images, black ones fill the row.
        """
        rows = []
        for number in np.unique(self.dataset.classes):
            first = self.dataset.pixels[self.dataset.classes == number][:N_SAMPLES]
            n_missing = N_SAMPLES - len(first)
            padded = pad(first, [(0, n_missing), (0, 1), (0, 1)])  # one pixel apart
            rows.append(np.hstack(list(padded)))
        return self.draw(np.vstack(rows))

    @cached_property
    def mistakes(self) -> dict[int, str]:
        """The pictures of the mistakes of all models, by row number.

        If there are too many, only the most confident ones of each confusion have pictures.
        """
        ranked = []
        for model in self.models:
            # The mistakes are sorted, so the rank of the most confident one is 0.
            rank = model.mistakes.groupby(["class", "prediction"]).cumcount()
            ranked.append(model.mistakes.assign(rank=rank))
        rows = pd.concat(ranked).sort_values("rank", kind="stable")["row"].unique()
        max_images = MAX_PIXELS // self.dataset.pixels[0].size
        return {int(row): self.draw(self.dataset.pixels[row]) for row in rows[:max_images]}

    def draw(self, image: Pixels) -> str:
        """Return a picture in which the largest value of the dataset is white."""
        return png_data_uri((image * 255.0 / self.largest).astype(np.uint8))

    @cached_property
    def largest(self) -> int:
        """The largest value of the dataset, at least 1."""
        return max(int(self.dataset.pixels.max()), 1)
