"""Draw the images of a dataset for the report."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from digits.core.images import Images
from digits.core.pixels import Pixels
from digits.imaging.drawing import data_uri, pad, shrink
from digits.results.images import list_class_names
from digits_report.view import ModelView

# The picture of samples has so many images of each class, and at most so many classes.
N_SAMPLES = 10
N_SAMPLED_CLASSES = 20

# At most so many mistakes of the models of a dataset have pictures.
MAX_MISTAKES = 1_000

# An image with longer sides is reduced to this many pixels.
MAX_SIDE = 96

# An image with longer sides is drawn as a JPEG, which for a photo is several times smaller than
# a PNG. In a PNG, each pixel has its own value.
MAX_PNG_SIDE = 32


@dataclass
class DatasetView:
    """What the report shows of a dataset.

    Attributes:
        name: the name of the dataset in params.yaml.
        images: its images.
        models: its models, task by task, the best of each task first.
    """

    name: str
    images: Images
    models: list[ModelView] = field(default_factory=list)

    @cached_property
    def averages(self) -> list[tuple[str, int, str | None]]:
        """The name of each class that has images, their number, and their mean.

        Only small grey images, such as digits, have one. The mean of photos is a brown blob.
        """
        averages = []
        for number in np.unique(self.images.classes):
            pixels = self.images.pixels[self.images.classes == number]
            picture = None
            if self.is_small and pixels.ndim == 3:
                picture = self.draw(self.convert(pixels.mean(axis=0)))
            averages.append((list_class_names(self.images)[number], len(pixels), picture))
        return averages

    @property
    def is_small(self) -> bool:
        """Whether the images have at most `MAX_PNG_SIDE` pixels per side."""
        return max(self.images.pixels.shape[1:3]) <= MAX_PNG_SIDE

    @cached_property
    def samples(self) -> str:
        """A picture of the first images of the first classes, one row per class.

        If a class has too few images, black ones fill the row.
        """
        rows = []
        for number in np.unique(self.images.classes)[:N_SAMPLED_CLASSES]:
            first = self.images.pixels[self.images.classes == number][:N_SAMPLES]
            images = np.stack([self.convert(image) for image in first])
            n_missing = N_SAMPLES - len(first)
            padded = pad(images, [(0, n_missing), (0, 1), (0, 1)])  # one pixel apart
            rows.append(np.hstack(list(padded)))
        return self.draw(np.vstack(rows))

    @cached_property
    def mistakes(self) -> dict[int, str]:
        """The pictures of the mistakes of all models, by row number.

        If there are too many, only the most confident ones of each confusion have pictures.
        """
        rows = self.rank_mistakes()[:MAX_MISTAKES]
        return {row: self.draw(self.convert(self.images.pixels[row])) for row in rows}

    def rank_mistakes(self) -> list[int]:
        """Return the rows of all mistakes, the most confident ones of each confusion first."""
        ranked = []
        for model in self.models:
            # The mistakes are sorted, so the rank of the most confident one is 0.
            rank = model.mistakes.groupby(["class", "prediction"]).cumcount()
            ranked.append(model.mistakes.assign(rank=rank))
        rows = pd.concat(ranked).sort_values("rank", kind="stable")["row"].unique()
        return [int(row) for row in rows]

    @cached_property
    def n_mistakes_left_out(self) -> int:
        """How many mistakes have no picture."""
        return len(self.rank_mistakes()) - len(self.mistakes)

    def convert(self, image: npt.NDArray[Any]) -> Pixels:
        """Return an image of at most MAX_SIDE pixels. The dataset's largest value is white."""
        return shrink((image * 255.0 / self.largest).astype(np.uint8), MAX_SIDE)

    def draw(self, picture: Pixels) -> str:
        """Return a picture for the page."""
        return data_uri(picture, "PNG" if self.is_small else "JPEG")

    @cached_property
    def largest(self) -> int:
        """The largest value of the dataset, at least 1."""
        return max(int(self.images.pixels.max()), 1)
