"""Open a picture file and reduce it to grey brightness, whatever form it comes in."""

import math
import warnings
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, NamedTuple

from digits.core.errors import PipelineError
from digits.core.tables import Pixels

import numpy as np
from PIL import Image, ImageOps

FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP")  # no others: Pillow knows some that start programs
SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
LARGEST = 50_000_000  # pixels; a small file can promise far more than memory holds
SIDE = 2_000  # pixels of the longer side that are enough to find digits in


class PictureError(PipelineError):
    """A picture that cannot be used; the message says why in one short sentence."""


class Picture(NamedTuple):
    """A picture in grey."""

    grey: Pixels  # shape (height, width), 0 (black) to 255, turned as its EXIF orientation says
    scale: float  # pixels of the original that one of `grey` stands for, along each side; 1 unless it was reduced


def read(source: Path | BinaryIO) -> Picture:
    """Read the first frame of a picture; a PictureError if it is none or damaged, an OSError if it cannot be opened."""
    content = source.read_bytes() if isinstance(source, Path) else source.read()
    reason = "not a picture, or not one in PNG, JPEG, BMP, GIF, TIFF or WebP"
    with warnings.catch_warnings(action="ignore"):  # Pillow's own remarks on odd files; what matters is checked here
        try:
            image: Image.Image = Image.open(BytesIO(content), formats=FORMATS)
            if math.prod(image.size) > LARGEST:
                raise PictureError("the picture is too large; 50 megapixels are the most")
            reason, longest = "the picture is damaged or cut off", max(image.size)
            image.draft(None, (SIDE, SIDE))  # a JPEG is decoded at a half, a quarter or an eighth where that is enough
            image.load()
            with suppress(Exception):  # EXIF may hold garbage
                image = ImageOps.exif_transpose(image)
            if image.has_transparency_data:  # it lies on white paper
                paper = Image.new("RGBA", image.size, "white")
                image = Image.alpha_composite(paper, image.convert("RGBA"))
            grey = _grey(image)
        except PictureError:
            raise
        except Exception as error:  # a damaged file can make Pillow raise nearly anything
            raise PictureError(reason) from error
    grey = grey.reduce(math.ceil(max(grey.size) / SIDE))
    return Picture(np.array(grey), longest / max(grey.size))


def _grey(image: Image.Image) -> Image.Image:
    """Return brightness in 8 bits, of deeper values by 65535, or by their own largest."""
    if not image.mode.startswith(("I", "F")):
        return image.convert("L")
    values = np.nan_to_num(np.asarray(image, np.float64), posinf=0, neginf=0).clip(0)
    largest = values.max(initial=1)
    return Image.fromarray((values * 255 / (65535 if 255 < largest <= 65535 else largest) + 0.5).astype(np.uint8))
