"""Rows with a long tail, sheets on a table, and grids, drawn from images of scikit-learn."""

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageDraw
from sklearn.datasets import load_digits

from digits_handwriting import sheets
from test_ink import SEVEN, check_boxes, difference, found, ink, page
from tests.helpers.variants import mark_variants

Grey = npt.NDArray[np.uint8]

SIDE = 48  # pixels of a digit's image
GAP = 6  # pixels between the ink of digits in a row
TABLE = 60
PAPER = 230


def draw_digits() -> list[Grey]:
    """Return the ink of ten digits of scikit-learn, 0 to 9, without margins at the sides."""
    images = load_digits().images[:10]
    digits = []
    for values in images:
        small = Image.fromarray((values * 15).astype(np.uint8))
        large = np.asarray(small.resize((SIDE, SIDE), Image.Resampling.BICUBIC))
        columns = np.flatnonzero((large > 60).any(axis=0))
        digits.append(large[:, columns[0] : columns[-1] + 1])
    return digits


def draw_page(n_rows: int = 2) -> Grey:
    """Return a page of bright paper with the digits 0 to 9 in rows."""
    drawn = np.zeros((40 + 80 * n_rows, 560), np.uint8)
    for row in range(n_rows):
        left = 40
        for digit in draw_digits():
            width = digit.shape[1]
            drawn[40 + 80 * row :, left:][:SIDE, :width] = digit
            left += width + GAP
    return (PAPER * (1 - 0.8 * (drawn / 255))).astype(np.uint8)


FLAT_PAGE = draw_page()
FLAT_DIGITS = found(FLAT_PAGE)


@pytest.mark.parametrize("length", mark_variants([40, 70, 100]))
def test_one_long_tail_neither_joins_nor_removes_other_digits(length: int) -> None:
    flat = draw_page(n_rows=1)
    grey = np.full((len(flat) + length, flat.shape[1]), PAPER, np.uint8)
    grey[: len(flat)] = flat
    expected = found(grey)
    assert len(expected) == 10
    x, y, width, height = expected[9].box
    tail = x + width - 8
    grey[y + height // 2 : y + height + length, tail : tail + 6] = 50
    digits = found(grey)
    assert digits[9].box[3] > height + length // 2
    assert [each.box for each in digits[:9]] == [each.box for each in expected[:9]]


def test_dust_is_smaller_than_usual_digits_if_one_has_a_long_tail() -> None:
    seven = ink(*SEVEN)
    line = [(30, x, seven) for x in [20, 90, 160, 230]]
    drawn = page(250, 400, *line, (60, 300, seven))
    drawn[100:190, 306:312] = 255
    drawn[120:130, 60:70] = 255
    boxes = [digit.box for digit in found(255 - drawn)]
    assert [box[0] for box in boxes] == [20, 90, 160, 230, 300]


def test_the_dark_edge_of_a_page_with_small_digits_is_no_digit() -> None:
    grey = np.full((500, 300), PAPER, np.uint8)
    grey[50:150, :280] = FLAT_PAGE.reshape(100, 2, 280, 2).mean(axis=(1, 3))
    expected = [digit.box for digit in found(grey)]
    assert len(expected) == 20
    grey[:, -3:] = TABLE
    grey[:200, :2] = TABLE
    grey[350:, :4] = TABLE
    grey[-3:, 100:] = TABLE
    grey[450:480, 150:155] = 50  # a one that is taller than a twentieth of the picture
    check_boxes(grey, [*expected, (150, 450, 5, 30)], 2)


CORNERS = {}
CORNERS["upright"] = [-100, -60, -100, 240, 620, 240, 620, -60]
CORNERS["turned"] = [-60, -160, -160, 240, 600, 380, 690, -20]
CORNERS["seen from the side"] = [-80, -50, -60, 260, 660, 330, 620, -110]


@pytest.mark.parametrize("corners", mark_variants(CORNERS.values()), ids=CORNERS)
def test_a_bright_sheet_on_a_dark_table_is_straightened(corners: list[int]) -> None:
    size = (900, 500)
    flat = Image.fromarray(FLAT_PAGE)
    bright = np.asarray(
        flat.transform(size, Image.Transform.QUAD, corners, Image.Resampling.BICUBIC)
    )
    noise = np.random.RandomState(0).normal(0, 3, bright.shape)
    table = np.where(bright > 0, bright, TABLE) + noise
    grey = table.clip(0, 255).astype(np.uint8)
    page, _ = sheets.straighten(grey)
    assert page is not grey
    digits = found(grey)
    for digit, flat_digit in zip(digits, FLAT_DIGITS, strict=True):
        assert difference(digit.image, flat_digit.image) < 30
        x, y, width, height = digit.box
        inside = grey[y : y + height, x : x + width]
        assert inside.min() < 120 < inside.max()
        around = grey[y - 2 : y + height + 2, x - 2 : x + width + 2]
        assert around[[0, -1]].mean() > 150


def test_what_is_no_sheet_is_left_alone() -> None:
    shaded = FLAT_PAGE.copy()
    shaded[:, :200] = shaded[:, :200] * 0.7
    for grey in (FLAT_PAGE, 255 - FLAT_PAGE, shaded):
        page, _ = sheets.straighten(grey)
        assert page is grey


def test_a_wide_white_stroke_on_black_is_a_digit_and_no_sheet() -> None:
    bar = np.zeros((300, 300), np.uint8)
    bar[50:250, 120:190] = 255
    check_boxes(bar, [(120, 50, 70, 200)])


@pytest.mark.parametrize("side", [112, 280])
def test_a_white_digit_on_black_is_found_as_its_negative(side: int) -> None:
    strokes = Image.new("L", (280, 280), 0)
    pen = ImageDraw.Draw(strokes)
    pen.line([(70, 60), (210, 60), (120, 250)], fill=255, width=22, joint="curve")
    images = load_digits().images[:10] * (255 / 16)
    margins = [(0, 0), (3, 3), (3, 3)]
    drawings = [strokes, *map(Image.fromarray, np.pad(images, margins).astype(np.uint8))]
    for drawing in drawings:
        white = np.asarray(drawing.resize((side, side), Image.Resampling.BICUBIC))
        expected = [digit.box for digit in found(255 - white)]
        assert [digit.box for digit in found(white)] == expected


def draw_grid(bend: float) -> tuple[Grey, list[tuple[int, int]]]:
    """Return a bent grid of nine by nine cells with digits, and the middle of each digit."""
    cell = 64
    middles = []
    grid = Image.new("L", (9 * cell + 60, 9 * cell + 60), PAPER)
    pen = ImageDraw.Draw(grid)
    steps = np.arange(0, 9 * cell + 1, 8)
    along = (30.0 + steps).tolist()
    shift = bend * np.sin(np.pi * steps / (9 * cell))
    for index in range(10):
        at = 30 + index * cell
        across = (at + shift).tolist()
        pen.line(list(zip(along, across, strict=True)), 40, 3)
        pen.line(list(zip(across, along, strict=True)), 40, 3)
    digits = draw_digits()
    for index in range(0, 81, 2):
        digit = digits[index % 10]
        row, column = divmod(index, 9)
        drawn = Image.fromarray(digit).resize((max(8, digit.shape[1] * 2 // 3), SIDE * 2 // 3))
        x = round(30 + (column + 0.5) * cell + bend * np.sin(np.pi * (row + 0.5) / 9))
        y = round(30 + (row + 0.5) * cell + bend * np.sin(np.pi * (column + 0.5) / 9))
        dark = Image.new("L", drawn.size, 30)
        grid.paste(dark, (x - drawn.width // 2, y - drawn.height // 2), drawn)
        middles.append((x, y))
    return np.asarray(grid), middles


@pytest.mark.parametrize("bend", mark_variants([16, 0]))
def test_digits_are_found_in_a_bent_grid(bend: float) -> None:
    grey, middles = draw_grid(bend)
    digits = found(grey)
    n_found = 0
    for x, y in middles:
        for digit in digits:
            left, top, width, height = digit.box
            is_near = abs(left + width / 2 - x) < 10 and abs(top + height / 2 - y) < 10
            n_found += is_near and height < 64
    assert n_found >= 0.9 * len(middles)
    assert len(digits) <= 1.1 * len(middles)


@pytest.mark.variant
def test_digits_are_found_beside_a_column_of_small_print() -> None:
    grey = np.pad(FLAT_PAGE, [(0, 60), (0, 0)], constant_values=PAPER)
    expected = [digit.box for digit in found(grey)]
    assert len(expected) == 20
    grey[20:240, 10:22] = TABLE  # blurred until its letters touch
    check_boxes(grey, expected)
