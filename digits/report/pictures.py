"""The page's pictures of a dataset, as the addresses that `drawing.in_page` returns."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from digits.results import drawing
from digits.results.read import Images

import numpy as np

SAMPLES = 10  # of each class on the sheet of samples
COLUMNS = 40  # of the sheet of mistakes
MOST_PIXELS = 2_000_000  # on the sheet of mistakes, so that the page stays small


class Sheet(NamedTuple):
    """A picture of many images, side by side in `COLUMNS` columns."""

    rows: list[int]  # of the dataset, in the order of their places
    picture: str


def averages(images: Images) -> list[tuple[str, int, str]]:
    """Return the name of each class that has images, their number, and the picture of their mean."""
    by_class = [(images.names[label], images.pixels[images.classes == label]) for label in np.unique(images.classes)]
    means = [pixels.mean(axis=0, keepdims=True).astype(np.uint8) for _, pixels in by_class]
    return [(name, len(pixels), drawing.in_page(mean)) for (name, pixels), mean in zip(by_class, means, strict=True)]


def samples(images: Images) -> str:
    """Return a picture of the first images of each class, a row for each; black ones where there are too few."""
    first = [images.pixels[images.classes == label][:SAMPLES] for label in np.unique(images.classes)]
    rows = [np.pad(batch, [(0, SAMPLES - len(batch)), (0, 0), (0, 0)]) for batch in first]
    return drawing.in_page(np.concatenate(rows), columns=SAMPLES)


def mistakes(images: Images, experiments: Sequence[dict[str, Any]]) -> Sheet:
    """Return the pictures of the experiments' mistakes; if they are too many, the most confident of each kind."""
    ranked = []
    for e in experiments:
        seen: Counter[tuple[int, str]] = Counter()
        for row, _, predicted, _ in e["mistakes"]:
            kind = int(images.classes[row]), predicted
            seen[kind] += 1
            ranked.append((seen[kind], row))
    rows = list(dict.fromkeys(row for _, row in sorted(ranked)))[: MOST_PIXELS // images.pixels[0].size]
    return Sheet(rows, drawing.in_page(images.pixels[rows], columns=COLUMNS) if rows else "")
