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
FAINT = 25  # grey levels; a picture with less contrast than this over white is laid over black
ORIENTATION = 0x0112  # the EXIF tag: how the camera was held, 1 to 8


class PictureError(PipelineError):
    """A picture that cannot be used; the message says why in one short sentence."""


class Picture(NamedTuple):
    """A picture in grey."""

    grey: Pixels  # shape (height, width), 0 (black) to 255, turned as its EXIF orientation says
    scale: float  # pixels of the original that one of `grey` stands for, along each side; 1 unless it was reduced


def read(source: Path | BinaryIO) -> Picture:
    """Read the first frame of a PNG, JPEG, BMP, GIF, TIFF or WebP picture.

    Raises:
        PictureError: it is no picture, cut off, above 50 megapixels, or has pixels that are no numbers.
        OSError: the file cannot be opened.
    """
    content = source.read_bytes() if isinstance(source, Path) else source.read()
    with warnings.catch_warnings(action="ignore"):  # Pillow's own remarks on odd files; what matters is checked here
        try:
            image = Image.open(BytesIO(content), formats=FORMATS)
        except Exception as error:  # a damaged file can make Pillow raise nearly anything
            raise PictureError("not a picture, or not one in PNG, JPEG, BMP, GIF, TIFF or WebP") from error
        if math.prod(image.size) > LARGEST:
            raise PictureError("the picture is too large; 50 megapixels are the most")
        try:
            return _decode(image)
        except PictureError:
            raise
        except Exception as error:
            raise PictureError("the picture is damaged or cut off") from error


def _decode(image: Image.Image) -> Picture:
    width, orientation = image.size[0], 1
    image.draft(None, (SIDE, SIDE))  # a JPEG is decoded at a half, a quarter or an eighth where that is enough
    image.load()
    with suppress(Exception):  # EXIF may hold garbage
        orientation = int(image.getexif().get(ORIENTATION, 1))
    grey = _over_paper(image) if image.has_transparency_data else _grey(image)
    grey = grey.reduce(math.ceil(max(grey.size) / SIDE))
    scale = width / grey.size[0]
    grey.info.clear()  # the original's, with its EXIF
    grey.getexif()[ORIENTATION] = orientation
    return Picture(np.array(ImageOps.exif_transpose(grey)), scale)


def _grey(image: Image.Image) -> Image.Image:
    """Return brightness in 8 bits: deep values by 65535 where they fit 16 bits, else by their own extent."""
    if not image.mode.startswith(("I", "F")):
        return image.convert("L")
    values = np.asarray(image, np.float64)
    if not np.isfinite(values).all():
        raise PictureError("the picture has pixels of NaN or infinity; allowed: numbers")
    low, high = (0.0, 65535.0) if 255 < values.max() <= 65535 and values.min() >= 0 else (values.min(), values.max())
    return Image.fromarray(((values - low) * (255 / max(high - low, 1e-9)) + 0.5).astype(np.uint8))


def _over_paper(image: Image.Image) -> Image.Image:
    """Lay a picture with transparency over white, or over black where white would hide it."""
    layer = image.convert("RGBA")
    for colour in ("white", "black"):
        grey = Image.alpha_composite(Image.new("RGBA", layer.size, colour), layer).convert("L")
        if np.ptp(np.asarray(grey)) >= FAINT:
            break
    return grey
