"""Picture files of every kind become grey brightness, or are refused in one line."""

import io
from typing import Any

from digits.support import pictures

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

Grey = npt.NDArray[np.uint8]
KINDS = ["PNG", "JPEG", "BMP", "GIF", "TIFF", "WebP"]
INK = np.zeros((100, 120), np.uint8)
INK[30:36, 40:82] = INK[36:72, 60:66] = 255  # a T


def encoded(image: Grey | Image.Image, kind: str = "PNG", **options: Any) -> io.BytesIO:
    file = io.BytesIO()
    (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(file, kind, **options)
    return io.BytesIO(file.getvalue())


def difference(one: npt.NDArray[Any], other: npt.NDArray[Any]) -> float:
    """Return by how many grey levels two images differ on average."""
    return float(np.abs(one.astype(int) - other.astype(int)).mean())


@pytest.mark.parametrize("kind", KINDS)
def test_every_format_is_read(kind: str) -> None:
    read = pictures.read(encoded(255 - INK, kind))
    assert read.scale == 1
    assert difference(read.grey, 255 - INK) < 3


PALETTE = Image.fromarray((INK > 0).astype(np.uint8)).convert("P")
PALETTE.putpalette([0, 0, 0, 20, 20, 90])
WHITE = np.full_like(INK, 255)
TWO_FRAMES: dict[str, Any] = {"save_all": True, "append_images": [Image.fromarray(0 * INK)]}
COLOURED: dict[str, io.BytesIO] = {
    "black ink on nothing": encoded(np.dstack([0 * WHITE, 0 * WHITE, 0 * WHITE, INK])),
    "a palette's transparent colour": encoded(PALETTE, transparency=0),
    "blue": encoded(np.dstack([255 - INK, 255 - INK, WHITE])),
    "sixteen bits": encoded(Image.fromarray(INK.astype(np.uint16) * 257)),
    "the first of two frames, GIF": encoded(INK, "GIF", **TWO_FRAMES),
}


@pytest.mark.parametrize("file", COLOURED.values(), ids=COLOURED)
def test_ink_stands_out_in_whatever_colours(file: io.BytesIO) -> None:
    grey = pictures.read(file).grey.astype(int)
    contrast = np.abs(grey - grey[0, 0])
    assert contrast.max() >= 100
    assert ((contrast > contrast.max() / 2) == (INK > 0)).all()


def test_a_turned_photo_is_turned_back() -> None:
    lying = Image.fromarray(np.rot90(INK))  # the camera was turned; orientation 6 says: turn it clockwise
    exif = Image.Exif()
    exif[0x0112] = 6
    read = pictures.read(encoded(lying, "JPEG", exif=exif))
    assert read.grey.shape == INK.shape
    assert difference(read.grey, INK) < 3


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_large_picture_is_reduced(kind: str) -> None:
    read = pictures.read(encoded(np.kron(INK, np.ones((30, 30), np.uint8)), kind))
    assert (read.grey.shape, read.scale) == ((1500, 1800), 2)
    assert difference(read.grey, np.kron(INK, np.ones((15, 15)))) < 3


def test_a_bomb_is_not_unpacked() -> None:
    small_file = encoded(Image.new("1", (8_000, 10_000)))
    with pytest.raises(pictures.PictureError, match="too large; 50 megapixels"):
        pictures.read(small_file)


@pytest.mark.parametrize("kind", KINDS)
def test_a_cut_off_picture_is_refused(kind: str) -> None:
    whole = encoded(np.random.RandomState(0).randint(0, 256, (100, 100)).astype(np.uint8), kind).getvalue()
    with pytest.raises(pictures.PictureError, match=r"damaged|not a picture"):
        pictures.read(io.BytesIO(whole[: len(whole) // 2]))


@pytest.mark.parametrize("content", [b"<svg></svg>", b"%!PS-Adobe-3.0 EPSF-3.0\n", b""])
def test_what_is_no_picture_is_refused(content: bytes) -> None:
    with pytest.raises(pictures.PictureError, match="not a picture"):
        pictures.read(io.BytesIO(content))
