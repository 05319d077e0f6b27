import io
import struct
import zlib
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from tools.handwriting import pictures
from tools.handwriting.components import Digit, find
from tools.handwriting.normalize import normalize

Grey = npt.NDArray[np.uint8]

SEVEN = ["#######", "......#", ".....#.", "....#..", "...#...", "..#....", ".#....."]
FIVE = ["######", "#.....", "#.....", "####..", "....#.", "....#.", "####.."]
BAR, BOWL = ["..########"], ["##......", "##......", "#######.", "......##", "......##", "#######."]


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


def found(grey: Grey, size: int = 28) -> list[Digit]:
    return find(pictures.Picture(grey, 1.0), size)


def encoded(image: Grey | Image.Image, kind: str = "PNG", **options: Any) -> io.BytesIO:
    file = io.BytesIO()
    (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(file, kind, **options)
    return io.BytesIO(file.getvalue())


def assert_same(one: Grey, other: Grey) -> None:
    assert np.abs(one.astype(int) - other).mean() < 4


ALONE = page(100, 120, (30, 40, ink(*SEVEN)))
EXPECTED = found(ALONE)[0].image


def test_a_digit_is_drawn_as_mnist_draws_it() -> None:
    [digit] = found(ALONE)
    assert digit.box == (40, 30, 42, 42)
    rows, columns = np.nonzero(digit.image)
    assert [int(np.ptp(rows)), int(np.ptp(columns))] == [19, 19]
    weights = digit.image / digit.image.sum()
    centre = (weights * np.arange(28)[:, None]).sum(), (weights * np.arange(28)).sum()
    assert np.abs(np.array(centre) - 14).max() <= 0.51
    assert digit.image.max() == 255


def test_small_digits_are_counts_of_blocks() -> None:
    image = normalize(np.ones((64, 40), np.float32), 8)
    assert image.shape == (8, 8)
    assert image.tolist()[0] == [0, 8, 16, 16, 16, 16, 8, 0]  # 20 of 32 columns


def test_dark_on_light_and_light_on_dark_are_the_same() -> None:
    assert_same(found(255 - ALONE)[0].image, EXPECTED)


@pytest.mark.parametrize("inverted", [False, True])
def test_grey_ink_on_grey_paper_is_stretched(inverted: bool) -> None:
    grey = (120 + ALONE * (0.25 if inverted else -0.25)).astype(np.uint8)
    assert_same(found(grey)[0].image, EXPECTED)


def test_uneven_light_is_no_ink() -> None:
    y, x = np.mgrid[0:1:100j, 0:1:120j]
    lit = (40 + 200 * (0.7 * x + 0.3 * y)) * (1 - 0.7 * (ALONE > 0))
    [digit] = found(lit.astype(np.uint8))
    assert digit.box == (40, 30, 42, 42)
    assert_same(digit.image, EXPECTED)


BLANK = {
    "uneven light": np.tile(np.linspace(40, 250, 200), (150, 1)),
    "noisy paper": np.random.RandomState(0).normal(200, 8, (300, 400)).clip(0, 255),
    **{f"{side} × {side} of {level}": np.full((side, side), level) for side in (1, 2, 300) for level in (0, 128, 255)},
}


@pytest.mark.parametrize("grey", BLANK.values(), ids=BLANK)
def test_paper_without_ink_is_blank(grey: npt.NDArray[Any]) -> None:
    with pytest.raises(pictures.PictureError, match="blank"):
        found(grey.astype(np.uint8))


def test_a_large_photo_noise_and_jpeg() -> None:
    large = np.kron(ALONE, np.ones((8, 8), np.uint8))
    noise = np.random.RandomState(0).normal(0, 8, large.shape)
    file = encoded((210 - large * 0.5 + noise).clip(0, 255).astype(np.uint8), "JPEG", quality=60)
    [digit] = find(pictures.read(file))
    assert np.abs(np.array(digit.box) - (320, 240, 336, 336)).max() <= 4
    assert np.abs(digit.image.astype(int) - EXPECTED).mean() < 10


def test_two_slanting_lines_come_one_after_the_other() -> None:
    places = [(10, 20), (16, 90), (22, 160), (70, 25), (76, 95), (82, 165)]
    drawn = page(140, 220, *[(top, left, ink(*FIVE)) for top, left in places])
    assert [(digit.box[1], digit.box[0]) for digit in found(drawn)] == places


def test_the_loose_bar_of_a_five_is_part_of_it() -> None:
    whole = page(120, 240, (30, 30, ink(*BAR)), (40, 36, ink(*BOWL)), (30, 140, ink(*SEVEN)))
    assert [digit.box for digit in found(whole)] == [(36, 30, 54, 46), (140, 30, 42, 42)]


def test_the_halves_of_a_broken_three_are_one_digit() -> None:
    half = ["#######.", "......##", "..#####."]
    drawn = page(130, 130, (30, 40, ink(*half)), (54, 40, ink(*half)))
    assert [digit.box for digit in found(drawn)] == [(40, 30, 48, 42)]


def test_dust_dots_and_underlines_are_left_out() -> None:
    dust = [(5, 5, ink("#", times=2)), (70, 100, ink("#", times=6)), (85, 35, ink("#" * 60, times=1))]
    assert [digit.box for digit in found(page(100, 120, (30, 40, ink(*SEVEN)), *dust))] == [(40, 30, 42, 42)]


@pytest.mark.parametrize("tops", [[30], [30, 60]])
def test_dashes_alone_are_no_digit(tops: list[int]) -> None:
    with pytest.raises(pictures.PictureError, match="no digit is in the picture"):
        found(page(100, 120, *[(top, 30, ink("#" * 10)) for top in tops]))


def test_a_frame_is_left_out() -> None:
    framed = np.pad(ALONE[3:-3, 3:-3], 3, constant_values=255)
    assert_same(found(framed)[0].image, EXPECTED)
    assert_same(found(255 - framed)[0].image, EXPECTED)


def test_noise_around_a_tiny_picture_is_left_out() -> None:
    noisy = np.random.RandomState(0).randint(0, 256, (34, 34)).astype(np.uint8)
    noisy[3:-3, 3:-3] = EXPECTED
    assert_same(found(noisy)[0].image, EXPECTED)


def test_a_line_right_across_is_left_out() -> None:
    ruled = ALONE.copy()
    ruled[90:92] = 255
    assert [digit.box for digit in found(ruled)] == [(40, 30, 42, 42)]


def test_an_mnist_image_is_read_as_it_is() -> None:
    assert np.abs(found(EXPECTED)[0].image.astype(int) - EXPECTED).max() <= 8
    assert np.abs(found(255 - EXPECTED)[0].image.astype(int) - EXPECTED).max() <= 8


@pytest.mark.parametrize("size", [28, 8])
def test_eight_pixels_are_enough_and_may_touch_the_border(size: int) -> None:
    [digit] = found(page(8, 8, (0, 0, ink(*SEVEN, times=1))), size)
    assert digit.box == (0, 0, 7, 7)
    assert digit.image[: size // 2].sum() > digit.image[size // 2 :].sum() / 2


def test_a_small_digit_in_a_corner_of_a_large_page() -> None:
    drawn = page(1500, 1000, (1450, 940, ink(*SEVEN, times=5)))
    assert [digit.box for digit in found(drawn)] == [(940, 1450, 35, 35)]


@pytest.mark.parametrize("times", [1, 2, 4, 8])
def test_a_pen_of_any_width_gives_strokes_like_mnist(times: int) -> None:
    drawn = page(150, 150)
    for i in range(100):
        drawn[25 + i : 25 + i + 3 * times, 60 : 60 + 3 * times] = 255
    image = found(drawn)[0].image
    assert 1 <= (image > 127).sum(axis=1).max() <= 6


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "GIF", "TIFF", "WebP"])
def test_formats(kind: str) -> None:
    read = pictures.read(encoded(255 - ALONE, kind))
    assert read.scale == 1
    assert np.abs(read.grey.astype(int) - (255 - ALONE)).mean() < 3


@pytest.mark.parametrize("brightness", [0, 255])
def test_ink_on_nothing_is_seen(brightness: int) -> None:
    clear = np.dstack([np.full((*ALONE.shape, 3), brightness, np.uint8), ALONE])
    assert_same(find(pictures.read(encoded(clear)))[0].image, EXPECTED)


def test_nothing_around_white_paper_is_white() -> None:
    sheet = np.dstack([255 - ALONE] * 3 + [np.zeros_like(ALONE)])
    sheet[10:-10, 10:-10, 3] = 255
    assert (pictures.read(encoded(sheet)).grey == 255 - ALONE).all()


def test_a_palette_and_its_transparent_colour() -> None:
    image = Image.fromarray((ALONE > 0).astype(np.uint8)).convert("P")
    image.putpalette([0, 0, 0, 20, 20, 90])
    assert_same(find(pictures.read(encoded(image, transparency=0)))[0].image, EXPECTED)


def test_sixteen_bits() -> None:
    deep = Image.fromarray(ALONE.astype(np.uint16) * 257)
    assert (pictures.read(encoded(deep)).grey == ALONE).all()
    assert (pictures.read(encoded(deep, "TIFF")).grey == ALONE).all()


def test_colour_becomes_brightness() -> None:
    blue = np.stack([255 - ALONE, 255 - ALONE, np.full_like(ALONE, 255)], axis=2)
    assert_same(find(pictures.read(encoded(blue)))[0].image, EXPECTED)


def test_the_first_frame_counts() -> None:
    other = Image.fromarray(np.zeros_like(ALONE))
    for kind in ("GIF", "TIFF"):
        file = encoded(Image.fromarray(ALONE), kind, save_all=True, append_images=[other])
        assert (pictures.read(file).grey == ALONE).all()


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_turned_photo_is_turned_back(kind: str) -> None:
    lying = Image.fromarray(np.rot90(ALONE))  # the camera was turned; orientation 6 says: turn it clockwise
    exif = Image.Exif()
    exif[0x0112] = 6
    read = pictures.read(encoded(lying, kind, exif=exif))
    assert read.grey.shape == ALONE.shape
    assert np.abs(read.grey.astype(int) - ALONE).mean() < 3


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_large_picture_is_reduced_and_its_boxes_are_not(kind: str) -> None:
    large = page(3000, 4000, (1000, 2000, ink(*SEVEN, times=100)))
    read = pictures.read(encoded(large, kind))
    assert max(read.grey.shape) == 2000
    assert read.scale == 2
    [digit] = find(read)
    assert np.abs(np.array(digit.box) - (2000, 1000, 700, 700)).max() <= 4


def png_of(width: int, height: int) -> bytes:
    """Return the head of a PNG that promises this size."""
    head = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = b"IDAT" + zlib.compress(bytes(1000))
    chunks = [
        struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) for chunk in (head, body)
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("width", [8_000, 12_000, 100_000])
def test_a_bomb_is_not_unpacked(width: int) -> None:
    with pytest.raises(pictures.PictureError, match=r"too large.*50 megapixels"):
        pictures.read(io.BytesIO(png_of(width, 10_000)))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "TIFF", "WebP", "BMP"])
def test_a_cut_off_picture_is_refused(kind: str) -> None:
    noise = np.random.RandomState(0).randint(0, 256, (100, 100)).astype(np.uint8)
    whole = encoded(noise, kind).getvalue()
    for length in (len(whole) // 2, len(whole) // 4):
        with pytest.raises(pictures.PictureError, match=r"damaged|not a picture"):
            pictures.read(io.BytesIO(whole[:length]))


@pytest.mark.parametrize("content", [b"hello", b"<svg></svg>", b"%!PS-Adobe-3.0 EPSF-3.0\n", bytes(1000), b""])
def test_what_is_no_picture_is_refused(content: bytes) -> None:
    with pytest.raises(pictures.PictureError, match="not a picture" if content else "empty"):
        pictures.read(io.BytesIO(content))
