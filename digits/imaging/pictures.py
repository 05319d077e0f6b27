"""Open a picture file, and convert the picture to greyscale or to colours of 8 bits."""

import math
import re
import stat
import warnings
from collections.abc import Mapping, Sequence
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import pi_heif
from PIL import Image, ImageOps, TiffImagePlugin

from digits.core.pixels import Pixels
from digits.imaging.transforms.border import median_of_border
from digits.messages.errors import UserError

# Other formats are omitted because Pillow starts programs to read some of them.
FORMATS = ("PNG", "JPEG", "BMP", "GIF", "PPM", "TIFF", "WEBP", "AVIF", "HEIF")
FORMAT_NAMES = "PNG, JPEG, BMP, GIF, TIFF, WebP, AVIF or HEIC"  # those that messages name
pi_heif.register_heif_opener()

# Pillow's table of TIFF files lacks big-endian ones of 12 bits and of 32 bits without a sign,
# and many of more than 8 bits in which 0 is white. `scale_to_8_bits` inverts all of the latter.
TIFF_MODES = TiffImagePlugin.OPEN_INFO
TIFF_MODES[b"MM", 1, (1,), 1, (12,), ()] = ("I;16", "I;12")
TIFF_MODES[b"MM", 1, (1,), 1, (32,), ()] = ("I", "I;32B")
TIFF_MODES |= {
    (byte_order, 0, sample_format, fill_order, bits, extra): modes
    for (byte_order, photometric, sample_format, fill_order, bits, extra), modes in (
        TIFF_MODES.items()
    )
    if photometric == 1 and max(bits) > 8
}

# The B of a mode such as `F;32BF`. libtiff, which unpacks compressed values, returns them in
# the byte order N of this machine. Pillow knows this only for unsigned values of 16 bits.
BIG_ENDIAN = re.compile(r"(?<=\d)B")

# A small file can hold more pixels than fit into memory.
MAX_PIXELS = 50_000_000

# The longer side of a picture is reduced to this many pixels, which are enough to find digits.
MAX_SIDE = 2_000

# A picture of at most this many times the size of an image is resized in one step. A larger one
# is reduced first, which is several times faster for a JPEG, and hardly changes the image.
MAX_RATIO = 8

SAMPLE_FORMAT = TiffImagePlugin.SAMPLEFORMAT
UNSIGNED = (1,)

# Microscopes and X-ray detectors store values of 12 bits in files of 16 bits.
MAX_UINT12 = 4_095
MAX_UINT16 = 65_535

LARGEST = "largest"  # the key of a picture's `info` with its largest value

# The largest uncompressed picture of 50 megapixels has 8 bytes per pixel: four channels of 16
# bits. A larger file is not read, because it may be no picture, and exceed the memory.
MAX_BYTES = 8 * MAX_PIXELS

LFS_START = b"version https://git-lfs"  # of a pointer, which stands in place of a picture

SEVERAL_PAGES = "the file has several pages; save each as a picture of its own"
NOT_DOWNLOADED = "the file is a pointer of Git LFS; run `git lfs pull` in its repository"
TOO_LARGE = "the picture is too large; at most 50 megapixels are allowed"
TOO_MANY_BYTES = f"the file is too large; at most {MAX_BYTES // 1_000_000} MB are allowed"


class PictureError(UserError):
    """A picture that cannot be used. The message says why in one short sentence."""


class Picture(NamedTuple):
    """A picture in greyscale, rotated as its EXIF orientation says.

    Attributes:
        grey: the brightness, 0 (black) to 255, shape (height, width).
        scale: the factor by which the picture was reduced, 1 if it was not.
    """

    grey: Pixels
    scale: float


def read(source: Path | BinaryIO) -> Picture:
    """Read the first frame of a picture.

    Args:
        source: the path of the file, or the opened file.

    Raises:
        PictureError: the file is not a picture, is too large, or is damaged.
        OSError: the file cannot be opened.
    """
    reduced, scale = read_image(source, mode="L")
    return Picture(np.array(reduced), scale)


def read_resized(
    source: Path | BinaryIO, shape: Sequence[int], white: int | None = None
) -> Pixels:
    """Read the first frame of a picture, resized to the shape of an image.

    Its aspect ratio is kept. The space that is left at the sides is filled with the median of
    the outermost pixels.

    Args:
        source: the path of the file, or the opened file.
        shape: height and width, and 3 for an image in colour.
        white: as in `scale_to_8_bits`.

    Raises:
        PictureError: the file is not a picture, is too large, or is damaged.
        OSError: the file cannot be opened.
    """
    height, width = shape[:2]
    is_color = len(shape) == 3
    max_side = min(MAX_SIDE, MAX_RATIO * max(height, width))
    picture, _ = read_image(source, "RGB" if is_color else "L", max_side, white)
    [background] = median_of_border(np.array(picture)[np.newaxis]).astype(int).tolist()
    color = tuple(background) if is_color else background
    return np.asarray(ImageOps.pad(picture, (width, height), color=color))


def read_image(
    source: Path | BinaryIO, mode: str, max_side: int = MAX_SIDE, white: int | None = None
) -> tuple[Image.Image, float]:
    """Read the first frame of a picture in any mode of Pillow.

    Args:
        source: the path of the file, or the opened file.
        mode: `L` for greyscale, `RGB` for colours.
        max_side: the length to which a longer side is reduced, in pixels.
        white: as in `scale_to_8_bits`.

    Returns:
        The picture, which is rotated and reduced, and its scale, as in `Picture`.

    Raises:
        PictureError: the file is not a picture, is too large, or is damaged, or has several
            negative values.
        OSError: the file cannot be opened.
    """
    content = read_content(source)
    # Pillow also warns of files that it can read.
    with warnings.catch_warnings(action="ignore"):
        image = open_image(content)
        longer_side = max(image.size)
        try:
            decoded = decode(image, mode, max_side, white)
        except PictureError:
            raise
        except Exception as error:  # a damaged file can make Pillow raise nearly any exception
            raise PictureError("the picture is damaged or cut off") from error
    reduced = decoded.reduce(math.ceil(max(decoded.size) / max_side))
    return reduced, longer_side / max(reduced.size)


def read_content(source: Path | BinaryIO) -> bytes:
    """Return the content of a file that may be a picture.

    Raises:
        PictureError: the file is empty, too large, or not a regular file. To read a device or a
            named pipe could take for ever.
        OSError: the file cannot be opened.
    """
    if isinstance(source, Path):
        status = source.stat()
        if not stat.S_ISREG(status.st_mode):
            raise PictureError("not a regular file, but for example a folder or a device")
        if status.st_size > MAX_BYTES:
            raise PictureError(TOO_MANY_BYTES)
        # To read a file of the system in /proc, whose size is 0, could take for ever, too.
        content = source.read_bytes() if status.st_size else b""
    else:
        content = source.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise PictureError(TOO_MANY_BYTES)
    if not content:
        raise PictureError("the file is empty")
    return content


def open_image(content: bytes) -> Image.Image:
    """Return a picture whose pixels are not decoded yet.

    Raises:
        PictureError: the content is not that of a picture, or the picture is too large or has
            several pages.
    """
    try:
        image = Image.open(BytesIO(content), formats=FORMATS)
    except Image.DecompressionBombError:  # over 170 megapixels
        raise PictureError(TOO_LARGE) from None
    except Exception as error:  # a damaged file can make Pillow raise nearly any exception
        if content.startswith(LFS_START):
            raise PictureError(NOT_DOWNLOADED) from None
        raise PictureError(f"not a picture, or not one in {FORMAT_NAMES}") from error
    if math.prod(image.size) > MAX_PIXELS:
        raise PictureError(TOO_LARGE)
    if image.format == "TIFF":
        if has_pages(content, image.size):
            raise PictureError(SEVERAL_PAGES)
        tile: Any = image.tile[0]
        if tile.codec_name == "libtiff":
            mode, *others = tile.args
            image.tile = [tile._replace(args=(BIG_ENDIAN.sub("N", mode), *others))]
    return image


def has_pages(content: bytes, size: tuple[int, int]) -> bool:
    """Return whether a TIFF file has a second page of the same size, and not only a preview."""
    with suppress(Exception):  # there is no second page, or it is damaged
        image = Image.open(BytesIO(content), formats=["TIFF"])
        image.seek(1)
        return image.size == size
    return False


def decode(image: Image.Image, mode: str, max_side: int, white: int | None) -> Image.Image:
    """Return a picture in an 8-bit mode, rotated as its EXIF orientation says.

    Its `info` has the largest value of a picture of more than 8 bits, and 0 for others.
    A JPEG is decoded at a half, a quarter or an eighth of its size, where `max_side` allows it.
    Raises what `scale_to_8_bits` raises.
    """
    image.draft(None, (max_side, max_side))
    tags = getattr(image, "tag_v2", {})  # of a TIFF file; the copy lacks them
    image.load()
    with suppress(Exception):  # a picture without usable EXIF data is not rotated
        image = ImageOps.exif_transpose(image)
    if image.mode.startswith(("I", "F")):  # integers or floats of more than 8 bits
        image = scale_to_8_bits(image, white, tags)
    if image.mode == "LAB":  # Pillow converts it to RGB only
        image = image.convert("RGB")
    largest = image.info.get(LARGEST, 0)
    if image.has_transparency_data:
        image = lay_on_paper(image if image.mode == "RGBA" else image.convert("RGBA"))
    converted = image.convert(mode)
    converted.info[LARGEST] = largest
    return converted


def lay_on_paper(image: Image.Image) -> Image.Image:
    """Return a transparent picture on white paper, or on black paper if its ink is white."""
    for paper in ["white", "black"]:
        laid = Image.alpha_composite(Image.new("RGBA", image.size, paper), image)
        if np.ptp(laid.getextrema(), axis=-1).any():  # something can be seen in a channel
            return laid
    return laid


def scale_to_8_bits(
    image: Image.Image, white: int | None, tags: Mapping[int, Any]
) -> Image.Image:
    """Return a grey picture of more than 8 bits per value in 8 bits.

    A single negative value, which stands for no data, becomes 0. If the picture has a
    transparent value, as a PNG file can have, it gets a channel for it. Its `info` has the
    largest value, or 1 if that is smaller. If the tags say that 0 is white, the picture is
    inverted after that.

    Args:
        image: the picture.
        white: the smallest value that becomes white. If it is None, the values are those of a
            picture of 12 bits if the largest is from 256 to 4095, and of 16 bits if it is up to
            65535. Otherwise, as in a picture of floats from 0 to 1, the largest value is white.
        tags: the tags of a TIFF file.

    Raises:
        PictureError: there are several negative values, as in a scan in Hounsfield units.
    """
    pixels = np.asarray(image)
    if image.mode == "I" and tags.get(SAMPLE_FORMAT, UNSIGNED) == UNSIGNED:
        pixels = pixels.view(np.uint32)  # Pillow takes all values of 32 bits for signed ones
    negative = pixels[np.isfinite(pixels) & (pixels < 0)]
    if len(negative) and np.ptp(negative) > 0:
        raise PictureError(
            f"it has negative values, such as {negative.min():g}; add a number to the values "
            "of all pictures, so that the lowest one is 0"
        )
    largest = max(1, *(to_floats(line).max() for line in pixels))
    if white is None:
        white = largest
        if 255 < largest <= MAX_UINT16:
            white = MAX_UINT12 if largest <= MAX_UINT12 else MAX_UINT16
    scaled = np.empty(pixels.shape, np.uint8)
    for row, line in enumerate(pixels):  # all at once, they would need eight times the memory
        scaled[row] = to_floats(line).clip(max=white) * 255 / white + 0.5  # rounded
    is_white_zero = tags.get(TiffImagePlugin.PHOTOMETRIC_INTERPRETATION) == 0
    grey = Image.fromarray(~scaled if is_white_zero else scaled)
    grey.info[LARGEST] = largest
    if "transparency" in image.info:
        is_opaque = pixels != image.info["transparency"]
        grey.putalpha(Image.fromarray(is_opaque.astype(np.uint8) * 255))
    return grey


def to_floats(line: Any) -> Any:
    """Return the values of a line of pixels as floats of at least 0. NaN and infinity are 0."""
    values = np.asarray(line, dtype=np.float64)
    return np.nan_to_num(values, posinf=0, neginf=0).clip(0)
