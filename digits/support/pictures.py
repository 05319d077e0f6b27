"""Open a picture file and reduce it to grey brightness, whatever form it comes in."""

import warnings
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, NamedTuple

from digits.support.errors import PipelineError

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP")  # no others: Pillow knows some that start programs
SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
LARGEST = 50_000_000  # pixels; a small file can promise far more than memory holds
LONGEST = 10 * LARGEST  # bytes of a file
SIDE = 2_000  # pixels of the longer side that are enough to find digits in
FAINT = 25  # grey levels; a picture with less contrast than this over white is laid over black


class PictureError(PipelineError):
    """A picture that cannot be used; the message says why in one short sentence."""


class Picture(NamedTuple):
    """A picture in grey.

    Attributes:
        grey: brightness, shape (height, width), 0 (black) to 255 (white), turned as its EXIF orientation says.
        scale: pixels of the original that one pixel of `grey` stands for, along each side; 1 unless it was reduced.
    """

    grey: npt.NDArray[np.uint8]
    scale: float


def read(source: Path | BinaryIO) -> Picture:
    """Read the first frame of a PNG, JPEG, BMP, GIF, TIFF or WebP picture.

    Raises:
        PictureError: it is empty, no picture, cut off, or above 50 megapixels or 500 megabytes.
        OSError: the file cannot be opened.
    """
    if isinstance(source, Path):
        with source.open("rb") as file:
            return read(file)
    content = source.read(LONGEST + 1)
    if not content:
        raise PictureError("the file is empty")
    if len(content) > LONGEST:
        raise PictureError(f"the file is too large; {LONGEST // 1_000_000} MB are the most")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's own remarks on odd files; what matters is checked here
        image = _open(content)
        try:
            return _decode(image)
        except MemoryError:
            raise
        except Exception as error:  # a damaged file can make a decoder raise nearly anything
            raise PictureError("the picture is damaged or cut off") from error


def _open(content: bytes) -> Image.Image:
    try:
        image = Image.open(BytesIO(content), formats=FORMATS)
    except Image.DecompressionBombError:
        raise PictureError("the picture is too large; 50 megapixels are the most") from None
    except Exception as error:  # as above
        raise PictureError("not a picture, or not one in PNG, JPEG, BMP, GIF, TIFF or WebP") from error
    width, height = image.size
    if width * height > LARGEST:
        raise PictureError(f"the picture is too large ({width} × {height}); 50 megapixels are the most")
    return image


def _decode(image: Image.Image) -> Picture:
    width = image.size[0]
    image.draft(None, (SIDE, SIDE))  # a JPEG is decoded at a half, a quarter or an eighth where that is enough
    image.load()
    orientation = _orientation(image)
    grey = _shrink(_over_paper(image) if image.has_transparency_data else _grey(image))
    scale = width / grey.size[0]
    grey.info.clear()  # the original's, in which garbage may stand
    grey.getexif()[0x0112] = orientation
    return Picture(np.array(ImageOps.exif_transpose(grey)), scale)


def _orientation(image: Image.Image) -> int:
    """Return how the camera was held, 1 to 8 as EXIF has it; 1 where it says nothing, or nonsense."""
    try:
        orientation = image.getexif().get(0x0112)
    except Exception:  # as above
        return 1
    return int(orientation) if orientation and orientation in range(2, 9) else 1


def _grey(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I") or image.mode == "F":
        return _eight_bits(np.asarray(image, np.float64))
    return image.convert("L")


def _eight_bits(values: npt.NDArray[np.float64]) -> Image.Image:
    """Bring deep grey values to 0..255: by 65535 where they fit 16 bits, else by their own extent."""
    low, high = (0.0, 65535.0) if 255 < values.max() <= 65535 and values.min() >= 0 else (values.min(), values.max())
    return Image.fromarray(((values - low) * (255 / max(high - low, 1e-9)) + 0.5).astype(np.uint8))


def _over_paper(image: Image.Image) -> Image.Image:
    """Lay a picture with transparency over white, or over black where white would hide it."""
    layer = image.convert("RGBA")
    for colour in ("white", "black"):
        paper = Image.new("RGBA", layer.size, colour)
        grey = Image.alpha_composite(paper, layer).convert("L")
        darkest, brightest = grey.getextrema()
        if brightest - darkest >= FAINT:  # type: ignore[operator]
            break
    return grey


def _shrink(grey: Image.Image) -> Image.Image:
    factor = -(-max(grey.size) // SIDE)
    return grey.reduce(factor) if factor > 1 else grey
