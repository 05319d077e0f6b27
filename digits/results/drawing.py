"""Digits drawn for people: in the terminal, as a sheet of pictures, and inside a page."""

import base64
import io
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from digits.core.tables import Pixels

import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageOps

SHADES = " .:-=+*#%@"  # from paper to ink
GAP = 3  # columns between digits that stand side by side
WIDE = 20  # pixels; narrower images are drawn twice as large


def brightened(pixels: Pixels) -> Pixels:
    """Spread values, such as the 0 to 16 of scikit-learn's digits, over 0 to 255."""
    return (pixels.astype(np.uint32) * 255 // max(int(pixels.max(initial=1)), 1)).astype(np.uint8)


def print_images(images: Pixels, captions: Sequence[str]) -> None:
    """Print images of shape (images, height, width), 0 is paper, side by side as they fit, each below its caption."""
    colour = sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
    images = brightened(images)
    if not colour and images.shape[2] < WIDE:
        images = images.repeat(2, axis=1).repeat(2, axis=2)
    cell = max(images.shape[2], *map(len, captions))
    beside = max(1, (shutil.get_terminal_size().columns + GAP) // (cell + GAP))
    for start in range(0, len(images), beside):
        row = slice(start, start + beside)
        if any(captions):
            print((" " * GAP).join(caption.ljust(cell) for caption in captions[row]).rstrip())
        for parts in zip(*(_characters(image, colour) for image in images[row]), strict=True):
            print((" " * (GAP + cell - images.shape[2])).join(parts).rstrip(" "))
        print()


def write_sheet(path: Path, images: Pixels, captions: Sequence[str]) -> None:
    """Write a PNG file of images as dark ink on paper, enlarged, in rows; the arguments are those of `print_images`."""
    font = ImageFont.load_default(14)
    scale = max(1, 140 // max(images.shape[1:]))
    enlarged = 255 - brightened(images).repeat(scale, axis=1).repeat(scale, axis=2)
    height, width = enlarged.shape[1:]
    cell, tall = max(width, *(int(font.getlength(caption)) for caption in captions)) + 16, height + 40
    beside = min(len(images), max(1, 1200 // cell))
    paper = Image.new("L", (16 + beside * cell, 16 + -(-len(images) // beside) * tall), 255)
    pen = ImageDraw.Draw(paper)
    for i, (image, caption) in enumerate(zip(enlarged, captions, strict=True)):
        left, top = 16 + i % beside * cell, 16 + i // beside * tall
        pen.text((left, top), caption, fill=0, font=font)
        paper.paste(ImageOps.expand(Image.fromarray(image), 1, 200), (left - 1, top + 19))
    paper.save(path, "PNG")


def in_page(images: Pixels, columns: int = 1) -> str:
    """Return a `data:` address of a PNG: the images in rows, a pixel apart, ink light on black as in the datasets."""
    cells = np.pad(brightened(images), [(0, -len(images) % columns), (0, 1), (0, 1)])
    _, height, width = cells.shape
    canvas = cells.reshape(-1, columns, height, width).swapaxes(1, 2).reshape(-1, columns * width)
    file = io.BytesIO()
    Image.fromarray(canvas[:-1, :-1]).save(file, "PNG")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def _characters(image: Pixels, colour: bool) -> list[str]:
    """Return lines of characters, each two pixels, one above the other: in greys, or as a shade of the inkier one."""
    upper, lower = np.pad(image, ((0, len(image) % 2), (0, 0))).reshape(-1, 2, image.shape[1]).swapaxes(0, 1) / 255
    if not colour:
        levels = np.round(np.maximum(upper, lower) * (len(SHADES) - 1)).astype(int)
        return ["".join(SHADES[level] for level in row) for row in levels]
    greys = (np.stack([upper, lower], axis=-1) * 23).round().astype(int) + 232  # of a terminal with 256 colours
    return ["".join(f"\x1b[38;5;{top};48;5;{bottom}m\u2580" for top, bottom in row) + "\x1b[0m" for row in greys]
