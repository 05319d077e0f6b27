"""Digits on paper with lines, frames and dark edges, and in the cells of a form."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageDraw, ImageFilter
from scipy import ndimage

from test_ink import (
    ALONE,
    EXPECTED,
    FIVE,
    SEVEN,
    check_boxes,
    difference,
    found,
    ink,
    page,
)

# The two ends of each line: x, y, x, y. The seven is at 40 to 82, 30 to 72.
LINES: dict[str, list[tuple[int, int, int, int]]] = {}
LINES["a frame that the digit touches"] = [
    (34, 20, 90, 20),
    (34, 20, 34, 72),
    (90, 20, 90, 72),
    (34, 72, 90, 72),
]
TEETH = [(x, 50, x, 76) for x in [4, 32, 60, 88, 116]]
LINES["a comb"] = [(4, 76, 116, 76), *TEETH]
LINES["ruled paper"] = [(0, y, 120, y) for y in [10, 43, 76]]
ACROSS = [(0, y, 120, y) for y in range(5, 100, 20)]
DOWN = [(x, 0, x, 100) for x in range(8, 120, 20)]
LINES["squared paper"] = ACROSS + DOWN
LINES["slanting rules"] = [(0, y, 120, y + 3) for y in [10, 52, 90]]
FOUR = ["#...#.", "#...#.", "#...#.", "######", "....#.", "....#.", "....#."]


@pytest.mark.parametrize("lines", LINES.values(), ids=LINES)
@pytest.mark.parametrize("width", [1, 3])
def test_lines_are_taken_out_and_the_strokes_that_cross_them_stay(
    lines: list[tuple[int, int, int, int]], width: int
) -> None:
    drawn = Image.fromarray(ALONE)
    for line in lines:
        ImageDraw.Draw(drawn).line(line, fill=200, width=width)
    [digit] = found(255 - np.asarray(drawn))
    assert np.abs(np.array(digit.box) - (40, 30, 42, 42)).max() <= 4
    assert difference(digit.image, EXPECTED) < 12


@pytest.mark.parametrize(
    ("width", "height", "gap", "thickness"), [(70, 80, 10, 2), (80, 90, 30, 3)]
)
@pytest.mark.parametrize("line", [None, 0, 1], ids=["apart", "under a line", "on a line"])
def test_digits_are_taken_out_of_small_boxes(
    width: int, height: int, gap: int, thickness: int, line: Any
) -> None:
    lefts = [40 + i * (width + gap) for i in range(4)]
    drawn = Image.fromarray(
        page(height + 120, 480, *((80, left + 14, ink(*SEVEN)) for left in lefts))
    )
    for left in lefts:
        ImageDraw.Draw(drawn).rectangle(
            (left, 60, left + width, 60 + height), outline=200, width=thickness
        )
    if line is not None:
        ImageDraw.Draw(drawn).line(
            (20, 60 + line * height, 460, 60 + line * height), 200, thickness
        )
    check_boxes(255 - np.asarray(drawn), [(left + 14, 80, 42, 42) for left in lefts])


def test_strokes_of_digits_are_no_lines() -> None:
    eight = ink("######", "#....#", "#....#", "######", "#....#", "#....#", "######", times=4)
    pair = np.hstack([ink(*["#"] * 7, times=4), ink(*FOUR, times=4)])
    boxed = Image.fromarray(page(70, 66, (14, 14, ink(*FOUR))))
    ImageDraw.Draw(boxed).rectangle((7, 8, 57, 62), outline=200, width=3)
    page_of_eight = page(80, 80, (20, 20, eight))
    page_of_pair = page(52, 52, (12, 12, pair))
    for drawn, box in [
        (page_of_eight, (20, 20, 24, 28)),
        (page_of_pair, (12, 12, 28, 28)),
        (np.asarray(boxed), (14, 14, 36, 42)),
    ]:
        check_boxes(255 - drawn, [box])


def test_a_dark_table_is_no_digit_and_sets_no_height() -> None:
    drawn = page(200, 300, (80, 60, ink(*SEVEN)))
    drawn[:, :20] = drawn[170:] = 255
    check_boxes(255 - drawn * 0.8, [(60, 80, 42, 42)], 2)


def lit(*parts: tuple[Any, Any], width: int = 500) -> npt.NDArray[np.float64]:
    """Return the light on a page of 300 rows: even, but for parts, each a place and its light there."""
    light = np.full((300, width), 220.0)
    for place, there in parts:
        light[place] = there
    return light


LIGHTS = {}
LIGHTS["a hard shadow, and a table around"] = lit(
    (np.s_[:, :180], 176),
    (np.s_[:30], 60),
    (np.s_[280:], 60),
    (np.s_[:, :15], 60),
    width=400,
)
FADING = 220 - 60 / (1 + np.exp((np.arange(500.0) - 240) / 12))
LIGHTS["a shadow that fades"] = lit((np.s_[:, :], FADING))
BRIGHT = np.linspace(200, 250, 315)
LIGHTS["a table all around"] = lit(
    (np.s_[:, :], 14), (np.s_[25:270, 35:350], BRIGHT), width=400
)


@pytest.mark.parametrize("light", LIGHTS.values(), ids=LIGHTS)
def test_shadows_and_dark_tables_are_no_ink(light: npt.NDArray[np.float64]) -> None:
    drawn = page(*light.shape, *((120, left, ink(*SEVEN)) for left in (60, 130, 200, 270)))
    boxes = [(left, 120, 42, 42) for left in (60, 130, 200, 270)]
    check_boxes(light * (1 - 0.5 * (drawn > 0)), boxes, 3)


def test_wide_strokes_are_no_shadow() -> None:
    wide = "#####", "#####", "...##", "...##", "..##.", "..##."
    drawn = page(280, 280, (38, 55, ink(*wide, times=34)))
    light = 90 + 160 * (0.6 * np.linspace(0, 1, 280) + 0.4 * np.linspace(0, 1, 280)[:, None])
    noise = np.random.default_rng(0).normal(0, 5, light.shape)
    [digit] = found((light * (1 - 0.7 * (drawn > 0)) + noise).clip(0, 255))
    assert difference(digit.image, found(page(60, 60, (10, 10, ink(*wide))))[0].image) < 12


def test_pencil_strokes_that_the_grain_of_noisy_paper_breaks_are_one_digit() -> None:
    lefts = (30, 90, 150, 210)
    drawn = page(110, 290, *((30, left, ink(*SEVEN, times=4)) for left in lefts))
    rng = np.random.default_rng(1)
    grain = ndimage.zoom(rng.random((55, 145)), 2, order=1)
    contrast = 0.15 * (drawn > 0) * (grain > 0.25)
    noise = rng.normal(0, 0.5, drawn.shape)
    boxes = [(left, 30, 28, 28) for left in lefts]
    check_boxes(220.5 * (1 - contrast) + noise, boxes, 2)


def test_low_marks_beside_the_edge_are_cut_off_writing_but_the_low_part_of_a_digit_is_not() -> (
    None
):
    drawn = page(150, 300, *((40, x, ink(*SEVEN)) for x in (20, 100, 180)))
    drawn[132:146, 30:34] = drawn[134:148, 120:124] = 255
    check_boxes(255 - drawn, [(x, 40, 42, 42) for x in (20, 100, 180)])
    broken = page(100, 220, (17, 40, ink(*FIVE)), (17, 120, ink(*SEVEN)))
    broken[4:10, 40:76] = 255  # its hat
    assert found(255 - broken)[0].box == (40, 4, 36, 55)


def test_dark_boxes_with_narrow_gaps_between_them_are_taken_out() -> None:
    lefts = range(20, 220, 50)
    sevens = [(28, left + 10, ink(*SEVEN, times=4)) for left in lefts]
    drawn = Image.fromarray(page(90, 240, *sevens))
    pen = ImageDraw.Draw(drawn)
    for left in lefts:
        pen.rectangle((left, 16, left + 45, 70), outline=255, width=4)
    blurred = np.asarray(drawn.filter(ImageFilter.GaussianBlur(1.2)))
    check_boxes(255 - blurred, [(left + 10, 28, 28, 28) for left in lefts], 3)


def test_the_teeth_of_a_comb_are_taken_out_if_its_line_goes_on_beyond_them() -> None:
    lefts = range(50, 290, 60)
    drawn = Image.fromarray(page(130, 340, *((40, left + 10, ink(*SEVEN)) for left in lefts)))
    pen = ImageDraw.Draw(drawn)
    pen.line((10, 100, 330, 100), fill=200, width=3)
    for left in range(50, 350, 60):
        pen.line((left, 70, left, 100), fill=200, width=3)
    check_boxes(255 - np.asarray(drawn), [(left + 10, 40, 42, 42) for left in lefts])
    turned = drawn.rotate(2, Image.Resampling.BICUBIC)
    assert len(found(255 - np.asarray(turned))) == len(lefts)
