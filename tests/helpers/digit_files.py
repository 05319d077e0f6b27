"""Two hundred digits for training and forty for a test set, as pictures and tables."""

import io
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from tests.helpers import tiny

# 200 images of 8 × 8 pixels, 0 to 240, for training, and 40 for a test set.
PIXELS = (tiny.digits()[0] * 15).reshape(-1, 8, 8)
LABELS = tiny.digits()[1]
TRAIN = slice(0, 200)
TEST = slice(200, 240)
NAMES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]


def write_picture(path: Path, pixels: Any) -> None:
    """Write a picture, and create its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode(pixels.tobytes(), pixels.shape, path.suffix))


@cache  # many tests write the same pictures
def encode(pixels: bytes, shape: tuple[int, ...], ending: str) -> bytes:
    """Return the content of a picture's file. Its name would end in `ending`."""
    picture = Image.fromarray(np.frombuffer(pixels, np.uint8).reshape(shape))
    output = io.BytesIO()
    picture.save(output, Image.registered_extensions()[ending.lower()])
    return output.getvalue()


def write_tree(folder: Path, rows: slice, ending: str = "png") -> None:
    """Write pictures into a subfolder for each class."""
    for number in range(rows.start, rows.stop):
        name = NAMES[LABELS[number]]
        write_picture(folder / f"{name}/{number:05d}.{ending}", PIXELS[number])


def write_flat(folder: Path, rows: slice) -> list[str]:
    """Write pictures into one folder, and return the names of their files."""
    names = [f"{number:05d}.png" for number in range(rows.start, rows.stop)]
    for name, pixels in zip(names, PIXELS[rows], strict=True):
        write_picture(folder / name, pixels)
    return names


def make_table(rows: slice, *, labelled: bool = True) -> pd.DataFrame:
    """Return a table with a column per pixel."""
    pixels = PIXELS[rows].reshape(-1, 64)
    table = pd.DataFrame(pixels).add_prefix("pixel")
    if labelled:
        table.insert(0, "label", LABELS[rows])
    return table
