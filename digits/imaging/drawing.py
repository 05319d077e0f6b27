"""Draw images in the terminal, on a sheet in a PNG file, and inside an HTML page."""

import base64
import io
import math
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageOps

from digits.core.pixels import Pixels
from digits.imaging.background import find_common_background
from digits.imaging.transforms.color import to_brightness
from digits.messages.terminal import echo, to_one_line, warn

# In the terminal
SHADES = " .:-=+*#%@"  # from paper to ink
GAP = 3  # columns between images side by side
MIN_WIDTH = 20  # pixels; narrower images are drawn with two characters per pixel

# On a sheet, in pixels
SHEET_WIDTH = 1_200
MAX_SHEET_HEIGHT = 20_000
IMAGE_SIZE = 140
FONT_SIZE = 14
MARGIN = 16
CAPTION_HEIGHT = 20
GAP_BELOW = 20  # an image
FRAME_COLOUR = "#c8c8c8"


def stretch_contrast(pixels: Pixels) -> Pixels:
    """Scale the values, such as the 0 to 16 of scikit-learn's digits, to 0 to 255."""
    largest = int(pixels.max(initial=1))
    stretched = (np.arange(largest + 1) * 255 // largest).astype(np.uint8)  # of each value
    return stretched[pixels]


def print_images(images: Pixels, captions: Sequence[str], min_side_by_side: int = 1) -> None:
    """Print images in the terminal, as many side by side as fit into its width.

    Args:
        images: shape (n_images, height, width), or, in colour, (n_images, height, width, 3).
        captions: the text above each image.
        min_side_by_side: larger images are reduced, so that so many fit side by side.
    """
    captions = [to_one_line(caption) for caption in captions]
    terminal_width = shutil.get_terminal_size().columns
    max_width = (terminal_width + GAP) // min_side_by_side - GAP
    images = stretch_contrast(images)
    if images.ndim == 3 and find_common_background(images, 255) == "light":  # they are grey
        images = 255 - images  # what is bright is drawn, so that paper must be dark
    images = np.stack([shrink(image, max_width) for image in images])
    if images.shape[2] < MIN_WIDTH:
        images = enlarge(images, 2)

    width = images.shape[2]
    cell_width = max(width, *(len(caption) for caption in captions))
    n_side_by_side = max(1, (terminal_width + GAP) // (cell_width + GAP))
    for start in range(0, len(images), n_side_by_side):
        stop = start + n_side_by_side
        if any(captions):
            cells = [caption.ljust(cell_width) for caption in captions[start:stop]]
            echo((" " * GAP).join(cells).rstrip())
        # Fill up the cells, which can be wider than the images, and add the gaps.
        padding = cell_width - width + GAP
        padded = pad(images[start:stop], [(0, 0), (0, 0), (0, padding)])
        side_by_side = np.hstack(list(padded))[:, :-padding]
        for line in make_lines(side_by_side):
            echo(line.rstrip())
        echo()


def make_lines(image: Pixels) -> list[str]:
    """Return an image as lines of characters.

    Each character shows a pixel and the pixel below it. It is a shade of the brighter one.

    Args:
        image: shape (height, width) or (height, width, 3), 0 to 255.
    """
    height, width, *channels = image.shape
    padded = pad(image, [(0, height % 2), (0, 0)])
    pairs = padded.reshape(-1, 2, width, *channels)
    if channels:
        pairs = to_brightness(pairs)[..., 0]
    darkest = pairs.max(axis=1) / 255
    shades = np.round(darkest * (len(SHADES) - 1)).astype(int)
    return ["".join(SHADES[shade] for shade in line) for line in shades]


def pad(images: Pixels, widths: list[tuple[int, int]]) -> Pixels:
    """Add pixels of the value 0 at the ends of the first axes."""
    return np.pad(images, widths + [(0, 0)] * (images.ndim - len(widths)))


def write_sheet(path: Path, images: Pixels, captions: Sequence[str]) -> None:
    """Write a PNG file with images, in rows, each below its caption. Small ones are enlarged.

    If there are too many, print a warning, and leave out the last ones.

    Args:
        path: the file.
        images: shape (n_images, height, width), where 0 becomes white paper, or, in colour,
            (n_images, height, width, 3).
        captions: the text above each image.
    """
    is_grey = images.ndim == 3
    factor = max(1, IMAGE_SIZE // max(images.shape[1:3]))
    height, width = (factor * side for side in images.shape[1:3])
    font = ImageFont.load_default(FONT_SIZE)
    caption_widths = [int(font.getlength(caption)) for caption in captions]
    cell_width = max(width, *caption_widths) + MARGIN
    cell_height = CAPTION_HEIGHT + height + GAP_BELOW
    n_columns = max(1, SHEET_WIDTH // cell_width)
    n_images = min(len(images), n_columns * (MAX_SHEET_HEIGHT // cell_height))
    if n_images < len(images):
        warn(f"{path} has only the first {n_images} of {len(images)} images, to stay readable")
    drawn = enlarge(stretch_contrast(images[:n_images]), factor)
    if is_grey:
        drawn = 255 - drawn
    n_columns = min(n_images, n_columns)
    n_rows = math.ceil(n_images / n_columns)

    sheet_size = (MARGIN + n_columns * cell_width, MARGIN + n_rows * cell_height)
    sheet = Image.new("L" if is_grey else "RGB", sheet_size, "white")
    pen = ImageDraw.Draw(sheet)
    for index, (image, caption) in enumerate(zip(drawn, captions, strict=False)):
        row, column = divmod(index, n_columns)
        left = MARGIN + column * cell_width
        top = MARGIN + row * cell_height
        pen.text((left, top), caption, fill="black", font=font)
        framed = ImageOps.expand(Image.fromarray(image), border=1, fill=FRAME_COLOUR)
        sheet.paste(framed, (left - 1, top + CAPTION_HEIGHT - 1))
    sheet.save(path, "PNG")


def enlarge(images: Pixels, factor: int) -> Pixels:
    """Return images in which each pixel is a square of pixels."""
    return images.repeat(factor, axis=1).repeat(factor, axis=2)


def shrink(image: Pixels, max_side: int) -> Pixels:
    """Return an image whose longer side has at most `max_side` pixels.

    Args:
        image: shape (height, width) or, in colour, (height, width, 3), 0 to 255.
        max_side: the number of pixels.
    """
    picture = Image.fromarray(image)
    picture.thumbnail((max_side, max_side))  # it does not enlarge
    return np.asarray(picture)


def data_uri(image: Pixels, file_format: str = "PNG") -> str:
    """Return an image as a `data:` URI of a picture file, for a page.

    Args:
        image: shape (height, width), from 0, black, to 255, or, in colour, (height, width, 3).
        file_format: `PNG` or `JPEG`.
    """
    file = io.BytesIO()
    Image.fromarray(image).save(file, file_format)
    content = base64.b64encode(file.getvalue()).decode()
    return f"data:image/{file_format.lower()};base64,{content}"
