"""Digits drawn for people: in the terminal, as a sheet of pictures, and inside a page."""

import base64
import io
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from typing import TextIO

from digits.io.tables import Pixels

import numpy as np
from PIL import Image, ImageDraw, ImageFont

SHADES = " .:-=+*#%@"  # from paper to ink
GAP = 3  # columns between digits that stand side by side
WIDE = 20  # pixels; from here on an image is drawn small


def brightened(pixels: Pixels) -> Pixels:
    """Spread values that end below 255, such as the 0 to 16 of scikit-learn's digits, over 0 to 255."""
    return (pixels.astype(np.uint32) * 255 // max(int(pixels.max(initial=1)), 1)).astype(np.uint8)


def print_images(images: Pixels, captions: Sequence[str], file: TextIO | None = None) -> None:
    """Print images as `in_terminal` draws them, in colour where `file` (by default standard output) is a terminal."""
    file = file or sys.stdout
    colour = file.isatty() and os.environ.get("TERM") != "dumb"
    for line in in_terminal(images, captions, shutil.get_terminal_size().columns, colour):
        print(line, file=file)


def in_terminal(images: Pixels, captions: Sequence[str], width: int, colour: bool) -> Iterator[str]:
    """Draw images as lines of text, as many side by side as fit, each below its caption.

    In colour a character is two pixels, one above the other, in the terminal's greys. Else it is a shade, the darker
    the more ink: of the inkier of two such pixels, or in a small image of one, which then takes two characters.

    Args:
        images: shape (images, height, width), 0 (paper) to 255 (ink).
        captions: one an image; an empty one takes no line if all are empty.
        width: of the terminal, in characters.
        colour: the terminal knows 256 colours.
    """
    drawn = images.shape[2] * (1 if colour or images.shape[2] >= WIDE else 2)
    cell = max(drawn, *map(len, captions))
    beside = max(1, (width + GAP) // (cell + GAP))
    for start in range(0, len(images), beside):
        row = captions[start : start + beside]
        if any(captions):
            yield (" " * GAP).join(caption.ljust(cell) for caption in row).rstrip()
        blocks = (_characters(image, colour) for image in images[start : start + beside])
        for parts in zip(*blocks, strict=True):
            yield (" " * (GAP + cell - drawn)).join(parts).rstrip(" ")
        yield ""


def sheet(images: Pixels, captions: Sequence[str]) -> Image.Image:
    """Draw images as dark ink on paper, enlarged, in rows, each below its caption.

    Args:
        images: shape (images, height, width), 0 (paper) to 255 (ink).
        captions: one an image.
    """
    font = ImageFont.load_default(14)
    height, width = images.shape[1:]
    scale = max(1, 140 // max(height, width))
    size = (width * scale, height * scale)
    cell = max(size[0], *(int(font.getlength(caption)) for caption in captions)) + 16
    beside = min(len(images), max(1, 1200 // cell))
    tall = size[1] + 40
    paper = Image.new("L", (16 + beside * cell, 16 + -(-len(images) // beside) * tall), 255)
    pen = ImageDraw.Draw(paper)
    for i, (image, caption) in enumerate(zip(images, captions, strict=True)):
        left, top = 16 + i % beside * cell, 16 + i // beside * tall
        pen.text((left, top), caption, fill=0, font=font)
        paper.paste(Image.fromarray(255 - image).resize(size, Image.Resampling.NEAREST), (left, top + 20))
        pen.rectangle((left - 1, top + 19, left + size[0], top + 20 + size[1]), outline=200)
    return paper


def in_page(images: Pixels, columns: int = 1) -> str:
    """Return a `data:` address of a PNG: the images in rows, a pixel apart, light ink on black as the datasets have it.

    Args:
        images: shape (images, height, width), uint8, 0 to the largest value there is.
        columns: images in a row.
    """
    height, width = images.shape[1:]
    canvas = np.zeros((-(-len(images) // columns) * (height + 1) - 1, columns * (width + 1) - 1), np.uint8)
    for i, image in enumerate(brightened(images)):
        top, left = i // columns * (height + 1), i % columns * (width + 1)
        canvas[top : top + height, left : left + width] = image
    file = io.BytesIO()
    Image.fromarray(canvas).save(file, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def _characters(image: Pixels, colour: bool) -> list[str]:
    even = np.pad(image, ((0, len(image) % 2), (0, 0)))
    if not colour:
        repeat = 1 if image.shape[1] >= WIDE else 2
        values = np.maximum(even[::2], even[1::2]) if repeat == 1 else image
        levels = np.round(values / 255 * (len(SHADES) - 1)).astype(int).tolist()
        return ["".join(repeat * SHADES[level] for level in row) for row in levels]
    greys = 232 + np.round(even / 255 * 23).astype(int)  # the 24 greys of a terminal with 256 colours
    return [
        "".join(f"\x1b[38;5;{upper};48;5;{lower}m\u2580" for upper, lower in zip(*pair, strict=True)) + "\x1b[0m"
        for pair in zip(greys[::2].tolist(), greys[1::2].tolist(), strict=True)
    ]
