"""From a picture to its digits: typed ink on pages of every kind."""

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageDraw
from scipy import ndimage

from digits.imaging import pictures
from digits_handwriting.components import Digit, find
from digits_handwriting.normalize import normalize

Grey = npt.NDArray[np.uint8]
Box = tuple[int, int, int, int]

SEVEN = ["#######", "......#", ".....#.", "....#..", "...#...", "..#....", ".#....."]
FIVE = ["######", "#.....", "#.....", "####..", "....#.", "....#.", "####.."]
BAR = ["..########"]
BOWL = ["##......", "##......", "#######.", "......##", "......##", "#######."]


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


def check_boxes(grey: npt.NDArray[Any], expected: Sequence[Box], max_shift: float = 0) -> None:
    """Check that the digits of a page are found in reading order, in the boxes that are expected."""
    boxes = [digit.box for digit in found(grey)]
    assert len(boxes) == len(expected)
    assert np.abs(np.array(boxes) - expected).max() <= max_shift


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
    assert EXPECTED.max() == 255


@pytest.mark.parametrize("n_turns", range(4))
def test_the_centre_of_mass_is_in_the_middle(n_turns: int) -> None:
    angle = np.rot90(ink("#######", *["#......"] * 6), n_turns)
    centre = ndimage.center_of_mass(normalize(angle.astype(np.float32), 28))
    assert np.abs(np.array(centre) - 14).max() <= 0.51


def test_small_digits_are_counts_of_blocks() -> None:
    image = normalize(np.ones((64, 40), np.float32), 8)
    assert image.shape == (8, 8)
    assert image.tolist()[0] == [0, 8, 16, 16, 16, 16, 8, 0]  # 20 of 32 columns


def test_small_digits_are_upright() -> None:
    slanting = normalize(np.eye(64, dtype=np.float32), 8)
    assert slanting.any(axis=0).tolist() == [0, 0, 1, 1, 1, 1, 0, 0]


def test_faint_ink_is_drawn_as_well() -> None:
    assert normalize(np.full((90, 90), 0.45, np.float32), 28).max() == 255


UNEVEN_LIGHT = 40 + 200 * (0.7 * X + 0.3 * Y)
SAME = {
    "dark on light": 255 - ALONE,
    "uneven light": UNEVEN_LIGHT * (1 - 0.7 * (ALONE > 0)),
    "a frame": np.pad(ALONE[3:-3, 3:-3], 3, constant_values=255),
    "an image of MNIST": EXPECTED,
}


@pytest.mark.parametrize("grey", SAME.values(), ids=SAME)
def test_the_same_digit_on_other_paper_is_the_same(grey: npt.NDArray[Any]) -> None:
    [digit] = found(grey)
    assert difference(digit.image, EXPECTED) < 4


FIVES = [(10, 20), (16, 90), (22, 160), (70, 25), (76, 95), (82, 165)]
FOUND: dict[str, tuple[Grey, list[Box]]] = {}
FOUND["two slanting lines"] = (
    page(140, 220, *[(top, left, ink(*FIVE)) for top, left in FIVES]),
    [(left, top, 36, 42) for top, left in FIVES],
)
RISING = [(60, 20), (45, 80), (30, 140), (15, 200), (50, 280)]
FOUND["a line that rises, and a digit below its end"] = (
    page(130, 350, *[(top, left, ink(*SEVEN)) for top, left in RISING]),
    [(left, top, 42, 42) for top, left in RISING],
)
FOUND["an indented first line"] = (
    page(140, 220, (10, 90, ink(*FIVE)), (76, 20, ink(*FIVE)), (76, 160, ink(*FIVE))),
    [(90, 10, 36, 42), (20, 76, 36, 42), (160, 76, 36, 42)],
)
FOUND["the loose bar of a five"] = (
    page(120, 240, (30, 30, ink(*BAR)), (40, 36, ink(*BOWL)), (30, 140, ink(*SEVEN))),
    [(36, 30, 54, 46), (140, 30, 42, 42)],
)
DUST = (5, 5, ink("#", times=2))
DOT = (70, 100, ink("#"))
UNDERLINE = (85, 35, ink("#" * 60, times=1))
FOUND["dust, a dot and an underline"] = (
    page(100, 120, (30, 40, ink(*SEVEN)), DUST, DOT, UNDERLINE),
    [WHERE],
)
FOUND["a digit at the lower edge, and nothing else"] = (
    page(100, 120, (58, 40, ink(*SEVEN))),
    [(40, 58, 42, 42)],
)


@pytest.mark.parametrize(("drawn", "boxes"), FOUND.values(), ids=FOUND)
def test_digits_are_found_in_reading_order_and_what_is_none_is_left_out(
    drawn: Grey, boxes: list[Box]
) -> None:
    # The lines that slant are turned, and the boxes around turned boxes are larger.
    check_boxes(drawn, boxes, 4)


NOISE = np.random.RandomState(0).normal(200, 8, (300, 400))
NONE: dict[str, npt.NDArray[Any]] = {
    "a dash": page(100, 120, (30, 30, ink("#" * 10))),
    "blank, noisy paper": NOISE.clip(0, 255),
    "blank, one pixel": np.zeros((1, 1)),
}


@pytest.mark.parametrize("case", NONE)
def test_paper_without_a_digit_is_refused(case: str) -> None:
    with pytest.raises(
        pictures.PictureError,
        match="blank" if "blank" in case else "no digit is in the picture",
    ):
        found(NONE[case])


@pytest.mark.parametrize("times", [1, 8])
def test_a_pen_of_any_width_gives_strokes_like_mnist(times: int) -> None:
    drawn = page(150, 150)
    for i in range(100):
        drawn[25 + i : 25 + i + 3 * times, 60 : 60 + 3 * times] = 255
    image = found(drawn)[0].image
    assert 1 <= (image > 127).sum(axis=1).max() <= 6


def test_a_thin_stroke_that_ends_in_a_dot_is_drawn_whole() -> None:
    seven = Image.new("L", (256, 406))
    pen = ImageDraw.Draw(seven)
    pen.line([(3, 3), (250, 3), (90, 400)], fill=255, width=2)
    pen.rectangle([87, 397, 93, 403], fill=255)
    image = normalize(np.asarray(seven, np.float32) / 255, 28)
    assert (image > 50).any(axis=1).sum() == 20  # the digit is as high as MNIST's


@pytest.mark.variant
def test_a_large_photo_noise_and_jpeg_with_boxes_in_pixels_of_the_original() -> None:
    times = 17  # its longer side has more pixels than `pictures.MAX_SIDE`
    large = np.kron(ALONE, np.ones((times, times), np.uint8))
    noise = np.random.RandomState(0).normal(0, 8, large.shape)
    photo = Image.fromarray((210 - large * 0.5 + noise).clip(0, 255).astype(np.uint8))
    file = io.BytesIO()
    photo.save(file, "JPEG", quality=60)
    [digit] = find(pictures.read(io.BytesIO(file.getvalue())))
    assert np.abs(np.array(digit.box) - np.array(WHERE) * times).max() <= 10
    assert difference(digit.image, EXPECTED) < 10
