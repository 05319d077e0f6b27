"""Digits drawn for people: in the terminal, as a sheet of pictures, and inside a page."""

import base64
import io
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from digits.io import files
from digits.io.tables import Pixels

import numpy as np
from PIL import Image, ImageDraw, ImageFont

SHADES = " .:-=+*#%@"  # from paper to ink
GAP = 3  # columns between digits that stand side by side
WIDE = 20  # pixels; narrower images are drawn twice as large


def brightened(pixels: Pixels) -> Pixels:
    """Spread values that end below 255, such as the 0 to 16 of scikit-learn's digits, over 0 to 255."""
    return (pixels.astype(np.uint32) * 255 // max(int(pixels.max(initial=1)), 1)).astype(np.uint8)


def print_images(images: Pixels, captions: Sequence[str], file: TextIO | None = None) -> None:
    """Print images, as many side by side as fit, each below its caption.

    A character is two pixels, one above the other: on a terminal in its greys, else as a shade of the inkier of the
    two. Without greys a small image is drawn twice as large. Captions take no line if all are empty. Images are of
    shape (images, height, width), from 0 (paper) to the largest value there is.
    """
    file = file or sys.stdout
    colour = file.isatty() and os.environ.get("TERM") != "dumb"
    images = brightened(images)
    if not colour and images.shape[2] < WIDE:
        images = images.repeat(2, axis=1).repeat(2, axis=2)
    cell = max(images.shape[2], *map(len, captions))
    beside = max(1, (shutil.get_terminal_size().columns + GAP) // (cell + GAP))
    for start in range(0, len(images), beside):
        row = slice(start, start + beside)
        if any(captions):
            print((" " * GAP).join(caption.ljust(cell) for caption in captions[row]).rstrip(), file=file)
        for parts in zip(*(_characters(image, colour) for image in images[row]), strict=True):
            print((" " * (GAP + cell - images.shape[2])).join(parts).rstrip(" "), file=file)
        print(file=file)


def write_sheet(path: Path, images: Pixels, captions: Sequence[str]) -> None:
    """Write a PNG file of images as dark ink on paper, enlarged, in rows; the arguments are those of `print_images`."""
    font = ImageFont.load_default(14)
    height, width = images.shape[1:]
    scale = max(1, 140 // max(height, width))
    size = (width * scale, height * scale)
    cell = max(size[0], *(int(font.getlength(caption)) for caption in captions)) + 16
    beside = min(len(images), max(1, 1200 // cell))
    tall = size[1] + 40
    paper = Image.new("L", (16 + beside * cell, 16 + -(-len(images) // beside) * tall), 255)
    pen = ImageDraw.Draw(paper)
    for i, (image, caption) in enumerate(zip(brightened(images), captions, strict=True)):
        left, top = 16 + i % beside * cell, 16 + i // beside * tall
        pen.text((left, top), caption, fill=0, font=font)
        paper.paste(Image.fromarray(255 - image).resize(size, Image.Resampling.NEAREST), (left, top + 20))
        pen.rectangle((left - 1, top + 19, left + size[0], top + 20 + size[1]), outline=200)
    with files.atomic_write(path) as temporary:
        paper.save(temporary, "PNG")


def in_page(images: Pixels, columns: int = 1) -> str:
    """Return a `data:` address of a PNG: the images in rows, a pixel apart, ink light on black as in the datasets."""
    cells = np.pad(brightened(images), [(0, -len(images) % columns), (0, 1), (0, 1)])
    _, height, width = cells.shape
    canvas = cells.reshape(-1, columns, height, width).swapaxes(1, 2).reshape(-1, columns * width)
    file = io.BytesIO()
    Image.fromarray(canvas[:-1, :-1]).save(file, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def _characters(image: Pixels, colour: bool) -> list[str]:
    even = np.pad(image, ((0, len(image) % 2), (0, 0)))
    if not colour:
        levels = np.round(np.maximum(even[::2], even[1::2]) / 255 * (len(SHADES) - 1)).astype(int)
        return ["".join(SHADES[level] for level in row) for row in levels.tolist()]
    greys = 232 + np.round(even / 255 * 23).astype(int)  # the 24 greys of a terminal with 256 colours
    return [
        "".join(f"\x1b[38;5;{upper};48;5;{lower}m\u2580" for upper, lower in zip(*pair, strict=True)) + "\x1b[0m"
        for pair in zip(greys[::2].tolist(), greys[1::2].tolist(), strict=True)
    ]
