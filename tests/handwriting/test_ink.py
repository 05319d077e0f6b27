"""From a picture to its digits: typed ink on pages, and files of every kind."""

import io
import struct
import zlib
from typing import Any

from digits.handwriting.components import Digit, find
from digits.handwriting.normalize import normalize
from digits.support import pictures

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

Grey = npt.NDArray[np.uint8]
Box = tuple[int, int, int, int]
KINDS = ["PNG", "JPEG", "BMP", "GIF", "TIFF", "WebP"]

SEVEN = ["#######", "......#", ".....#.", "....#..", "...#...", "..#....", ".#....."]
FIVE = ["######", "#.....", "#.....", "####..", "....#.", "....#.", "####.."]
BAR, BOWL = ["..########"], ["##......", "##......", "#######.", "......##", "......##", "#######."]
HALF = ["#######.", "......##", "..#####."]


def ink(*rows: str, times: int = 6) -> Grey:
    """Return typed ink, 255 where there is any other sign than a dot, each sign `times` pixels wide and high."""
    typed = np.array([[sign != "." for sign in row] for row in rows], np.uint8) * 255
    return np.kron(typed, np.ones((times, times), np.uint8))


def page(height: int, width: int, *placed: tuple[int, int, Grey]) -> Grey:
    """Return a black page with ink at the given rows and columns."""
    drawn = np.zeros((height, width), np.uint8)
    for top, left, part in placed:
        drawn[top : top + part.shape[0], left : left + part.shape[1]] = part
    return drawn


def found(grey: npt.NDArray[Any], size: int = 28) -> list[Digit]:
    return find(pictures.Picture(grey.astype(np.uint8), 1.0), size)


def encoded(image: Grey | Image.Image, kind: str = "PNG", **options: Any) -> io.BytesIO:
    file = io.BytesIO()
    (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(file, kind, **options)
    return io.BytesIO(file.getvalue())


def difference(one: npt.NDArray[Any], other: npt.NDArray[Any]) -> float:
    """Return by how many grey levels two images differ on average."""
    return float(np.abs(one.astype(int) - other.astype(int)).mean())


ALONE = page(100, 120, (30, 40, ink(*SEVEN)))
WHERE = (40, 30, 42, 42)  # x, y, width, height
EXPECTED = found(ALONE)[0].image
Y, X = np.mgrid[0:1:100j, 0:1:120j]


def test_a_digit_is_drawn_as_mnist_draws_it() -> None:
    rows, columns = np.nonzero(EXPECTED)
    assert [int(np.ptp(rows)), int(np.ptp(columns))] == [19, 19]
    weights = EXPECTED / EXPECTED.sum()
    centre = (weights * np.arange(28)[:, None]).sum(), (weights * np.arange(28)).sum()
    assert np.abs(np.array(centre) - 14).max() <= 0.51
    assert EXPECTED.max() == 255


def test_small_digits_are_counts_of_blocks() -> None:
    image = normalize(np.ones((64, 40), np.float32), 8)
    assert image.shape == (8, 8)
    assert image.tolist()[0] == [0, 8, 16, 16, 16, 16, 8, 0]  # 20 of 32 columns


FRAMED = np.pad(ALONE[3:-3, 3:-3], 3, constant_values=255)
NOISY = np.random.RandomState(0).randint(0, 256, (34, 34))
NOISY[3:-3, 3:-3] = EXPECTED
SAME = {
    "dark on light": 255 - ALONE,
    "grey ink on grey paper": 120 - ALONE * 0.25,
    "the same, inverted": 120 + ALONE * 0.25,
    "uneven light": (40 + 200 * (0.7 * X + 0.3 * Y)) * (1 - 0.7 * (ALONE > 0)),
    "a frame": FRAMED,
    "a dark frame": 255 - FRAMED,
    "noise around a tiny picture": NOISY,
    "an image of MNIST": EXPECTED,
    "the same, dark on light": 255 - EXPECTED,
}


@pytest.mark.parametrize("grey", SAME.values(), ids=SAME)
def test_the_same_digit_on_other_paper_is_the_same(grey: npt.NDArray[Any]) -> None:
    [digit] = found(grey)
    assert difference(digit.image, EXPECTED) < 4


FIVES = [(10, 20), (16, 90), (22, 160), (70, 25), (76, 95), (82, 165)]
DUST = [(5, 5, ink("#", times=2)), (70, 100, ink("#")), (85, 35, ink("#" * 60, times=1))]
FOUND: dict[str, tuple[Grey, list[Box]]] = {
    "two slanting lines": (
        page(140, 220, *((top, left, ink(*FIVE)) for top, left in FIVES)),
        [(left, top, 36, 42) for top, left in FIVES],
    ),
    "the loose bar of a five": (
        page(120, 240, (30, 30, ink(*BAR)), (40, 36, ink(*BOWL)), (30, 140, ink(*SEVEN))),
        [(36, 30, 54, 46), (140, 30, 42, 42)],
    ),
    "the halves of a broken three": (
        page(130, 130, (30, 40, ink(*HALF)), (54, 40, ink(*HALF))),
        [(40, 30, 48, 42)],
    ),
    "dust, a dot and an underline": (page(100, 120, (30, 40, ink(*SEVEN)), *DUST), [WHERE]),
    "a line right across": (np.maximum(ALONE, page(100, 120, (90, 0, ink("#" * 60, times=2)))), [WHERE]),
    "a corner of a large page": (page(1500, 1000, (1450, 940, ink(*SEVEN, times=5))), [(940, 1450, 35, 35)]),
}


@pytest.mark.parametrize(("drawn", "boxes"), FOUND.values(), ids=FOUND)
def test_digits_are_found_in_reading_order_and_what_is_none_is_left_out(drawn: Grey, boxes: list[Box]) -> None:
    assert [digit.box for digit in found(drawn)] == boxes


NONE: dict[str, npt.NDArray[Any]] = {
    "a dash": page(100, 120, (30, 30, ink("#" * 10))),
    "two dashes": page(100, 120, (30, 30, ink("#" * 10)), (60, 30, ink("#" * 10))),
    "blank in uneven light": np.tile(np.linspace(40, 250, 200), (150, 1)),
    "blank, noisy paper": np.random.RandomState(0).normal(200, 8, (300, 400)).clip(0, 255),
    **{f"blank, {side} pixels of {level}": np.full((side, side), level) for side in (1, 2, 300) for level in (0, 255)},
}


@pytest.mark.parametrize("case", NONE)
def test_paper_without_a_digit_is_refused(case: str) -> None:
    with pytest.raises(pictures.PictureError, match="blank" if "blank" in case else "no digit is in the picture"):
        found(NONE[case])


@pytest.mark.parametrize("size", [28, 8])
def test_eight_pixels_are_enough_and_may_touch_the_border(size: int) -> None:
    [digit] = found(page(8, 8, (0, 0, ink(*SEVEN, times=1))), size)
    assert digit.box == (0, 0, 7, 7)
    assert digit.image[: size // 2].sum() > digit.image[size // 2 :].sum() / 2


@pytest.mark.parametrize("times", [1, 2, 4, 8])
def test_a_pen_of_any_width_gives_strokes_like_mnist(times: int) -> None:
    drawn = page(150, 150)
    for i in range(100):
        drawn[25 + i : 25 + i + 3 * times, 60 : 60 + 3 * times] = 255
    image = found(drawn)[0].image
    assert 1 <= (image > 127).sum(axis=1).max() <= 6


@pytest.mark.parametrize("kind", KINDS)
def test_formats(kind: str) -> None:
    read = pictures.read(encoded(255 - ALONE, kind))
    assert read.scale == 1
    assert difference(read.grey, 255 - ALONE) < 3


def test_nothing_around_white_paper_is_white() -> None:
    sheet = np.dstack([255 - ALONE] * 3 + [np.zeros_like(ALONE)])
    sheet[10:-10, 10:-10, 3] = 255
    assert (pictures.read(encoded(sheet)).grey == 255 - ALONE).all()


PALETTE = Image.fromarray((ALONE > 0).astype(np.uint8)).convert("P")
PALETTE.putpalette([0, 0, 0, 20, 20, 90])
WHITE = np.full_like(ALONE, 255)
COLOURED: dict[str, io.BytesIO] = {
    "black ink on nothing": encoded(np.dstack([0 * WHITE, 0 * WHITE, 0 * WHITE, ALONE])),
    "white ink on nothing": encoded(np.dstack([WHITE, WHITE, WHITE, ALONE])),
    "a palette's transparent colour": encoded(PALETTE, transparency=0),
    "blue": encoded(np.dstack([255 - ALONE, 255 - ALONE, WHITE])),
    "sixteen bits": encoded(Image.fromarray(ALONE.astype(np.uint16) * 257)),
    "sixteen bits, TIFF": encoded(Image.fromarray(ALONE.astype(np.uint16) * 257), "TIFF"),
    "the first of two frames, GIF": encoded(ALONE, "GIF", save_all=True, append_images=[Image.fromarray(0 * ALONE)]),
    "the first of two frames, TIFF": encoded(ALONE, "TIFF", save_all=True, append_images=[Image.fromarray(0 * ALONE)]),
}


@pytest.mark.parametrize("file", COLOURED.values(), ids=COLOURED)
def test_ink_is_seen_in_whatever_colours(file: io.BytesIO) -> None:
    [digit] = find(pictures.read(file))
    assert digit.box == WHERE
    assert difference(digit.image, EXPECTED) < 4


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_turned_photo_is_turned_back(kind: str) -> None:
    lying = Image.fromarray(np.rot90(ALONE))  # the camera was turned; orientation 6 says: turn it clockwise
    exif = Image.Exif()
    exif[0x0112] = 6
    read = pictures.read(encoded(lying, kind, exif=exif))
    assert read.grey.shape == ALONE.shape
    assert difference(read.grey, ALONE) < 3


def test_a_large_photo_noise_and_jpeg() -> None:
    large = np.kron(ALONE, np.ones((8, 8), np.uint8))
    noise = np.random.RandomState(0).normal(0, 8, large.shape)
    [digit] = find(
        pictures.read(encoded((210 - large * 0.5 + noise).clip(0, 255).astype(np.uint8), "JPEG", quality=60))
    )
    assert np.abs(np.array(digit.box) - (320, 240, 336, 336)).max() <= 4
    assert difference(digit.image, EXPECTED) < 10


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_large_picture_is_reduced_and_its_boxes_are_not(kind: str) -> None:
    read = pictures.read(encoded(page(3000, 4000, (1000, 2000, ink(*SEVEN, times=100))), kind))
    assert (max(read.grey.shape), read.scale) == (2000, 2)
    [digit] = find(read)
    assert np.abs(np.array(digit.box) - (2000, 1000, 700, 700)).max() <= 4


def png_of(width: int, height: int) -> bytes:
    """Return the head of a PNG that promises this size."""
    chunks = [b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0), b"IDAT" + zlib.compress(bytes(1000))]
    framed = (struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) for chunk in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(framed)


@pytest.mark.parametrize("width", [8_000, 12_000, 100_000])
def test_a_bomb_is_not_unpacked(width: int) -> None:
    with pytest.raises(pictures.PictureError, match=r"too large.*50 megapixels"):
        pictures.read(io.BytesIO(png_of(width, 10_000)))


@pytest.mark.parametrize("kind", KINDS)
def test_a_cut_off_picture_is_refused(kind: str) -> None:
    whole = encoded(np.random.RandomState(0).randint(0, 256, (100, 100)).astype(np.uint8), kind).getvalue()
    for length in (len(whole) // 2, len(whole) // 4):
        with pytest.raises(pictures.PictureError, match=r"damaged|not a picture"):
            pictures.read(io.BytesIO(whole[:length]))


@pytest.mark.parametrize("content", [b"hello", b"<svg></svg>", b"%!PS-Adobe-3.0 EPSF-3.0\n", bytes(1000), b""])
def test_what_is_no_picture_is_refused(content: bytes) -> None:
    with pytest.raises(pictures.PictureError, match="not a picture" if content else "empty"):
        pictures.read(io.BytesIO(content))
