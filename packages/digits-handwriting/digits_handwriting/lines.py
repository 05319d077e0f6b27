"""Remove printed lines from a picture: frames, combs, grids, ruled and squared paper.

Strokes that cross the lines stay. Most functions look for lines across the page, along the
rows. They are called with transposed arrays for lines down the page.
"""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
from scipy import ndimage
from skimage import measure, transform
from skimage.transform import EuclideanTransform, ProjectiveTransform

from digits_handwriting import ink as inks
from digits_handwriting.ink import CORE, EDGE, MIN_PIXELS, Ink
from digits_handwriting.regions import EIGHT_NEIGHBOURS, Mask
from digits_handwriting.sheets import warp

NEIGHBOURS_IN_ROW = np.array([[0, 0, 0], [1, 1, 1], [0, 0, 0]])
NEIGHBOURS_IN_COLUMN = NEIGHBOURS_IN_ROW.T

# A page is turned by at most this many degrees, in steps of this many degrees.
MAX_DEGREES = 3
STEP_DEGREES = 0.1

# A page is turned if that makes its lines at least this many times as sharp.
MIN_SHARPENING = 1.02

# Lines are searched where there is more than this much ink, and again where there is more than
# the second number. The first finds pale lines. The second finds dark lines that are near each
# other, because there is less ink between them.
MIN_LINE_INKS = (0.1, 0.3)

# A line has at least this many pixels, and at least this share of the page's longer side. It is
# at least this many times as long as thick.
MIN_LENGTH = 13
MIN_LENGTH_SHARE = 1 / 40
MIN_SLIMNESS = 4.5

# At least this share of a line is free: no stroke crosses or follows it.
MIN_FREE_SHARE = 0.35

# A ruled line has at least this share of the page's side. It may end anywhere.
MIN_RULED_SHARE = 0.8

# A component is a grid if it has at least this many holes, and its shorter side is more than
# this share of the longer one.
MIN_GRID_HOLES = 10
MIN_GRID_ASPECT = 0.3

# A line of a grid has at least this share of the grid's width or height. A long line has at
# least the second share.
MIN_SIDE_SHARE = 0.25
MIN_LONG_SHARE = 0.5

# A line of a frame or comb has at least this share of its length between the lines that it
# meets.
MIN_BOUND_SHARE = 0.9

# A comb has at least this many teeth with the same ends.
MIN_TEETH = 4

# Ends are the same, and lines meet, if they are at most this many pixels apart. The faint edges
# of a line reach as far.
REACH = 2

# A cross-section of a line belongs to the line if it has at most this many times the usual ink.
# Usual is this percentile. It is not the median because strokes may follow half of a line.
MAX_SECTION_INK = 1.6
USUAL_PERCENTILE = 35

# A component is a scrap of a line if more than this share of it is beside lines, and its
# shorter side has at most this many pixels.
MIN_SCRAP_SHARE = 0.8
MAX_SCRAP_SIDE = 5


class Line(NamedTuple):
    """A straight line along the rows.

    Attributes:
        place: the rows and the columns of the rectangle around it.
        mask: which pixels of the rectangle are on the line.
    """

    place: tuple[slice, slice]
    mask: Mask

    @property
    def start(self) -> int:
        """The first column."""
        return self.place[1].start

    @property
    def stop(self) -> int:
        """The column after the last one."""
        return self.place[1].stop

    @property
    def length(self) -> int:
        """The length in pixels."""
        return self.stop - self.start


def turn(ink: Ink) -> tuple[Ink, ProjectiveTransform]:
    """Turn a page so that its lines are sharpest.

    They are sharpest if the squares of the numbers of inked pixels in all rows and columns have
    the highest sum.

    Returns:
        the ink of the turned page, and the transform from its pixels, x and y, to those of the
        page.
    """
    degrees = np.arange(-MAX_DEGREES, MAX_DEGREES + STEP_DEGREES, STEP_DEGREES)
    sharpness = np.zeros(len(degrees))
    for right_angle in (0, 90):
        angles = np.deg2rad(degrees + right_angle)
        counts, _, _ = transform.hough_line(ink > EDGE, angles)
        sharpness += np.square(counts.astype(float)).sum(axis=0)
    unturned = sharpness[len(degrees) // 2]
    if sharpness.max() < MIN_SHARPENING * unturned:
        return ink, ProjectiveTransform()
    angle = np.deg2rad(degrees[sharpness.argmax()])
    middle = np.array(ink.shape[::-1]) / 2
    turned_middle = EuclideanTransform(rotation=angle)(middle)[0]
    rotation = EuclideanTransform(rotation=angle, translation=middle - turned_middle)
    return warp(ink, rotation, ink.shape)


def remove(ink: Ink) -> Ink:
    """Return the ink of a straightened page without lines.

    If hardly anything else is left, the lines are the strokes of a digit, and stay.
    """
    across = np.zeros(ink.shape, bool)
    down = np.zeros(ink.shape, bool)
    min_length = max(MIN_LENGTH, MIN_LENGTH_SHARE * max(ink.shape))
    for min_ink in MIN_LINE_INKS:
        dark = ndimage.binary_closing(ink > min_ink, EIGHT_NEIGHBOURS)
        for region in measure.regionprops(measure.label(dark)):
            if max(region.image.shape) < min_length:
                continue
            lines_across, lines_down = find_printed(
                region.image,
                n_holes=1 - region.euler_number,
                across=find_lines(region.image, min_length),
                down=find_lines(region.image.T, min_length),
                page_shape=ink.shape,
            )
            across[region.slice] |= draw(lines_across, region.image)
            down[region.slice] |= draw(lines_down, region.image.T).T
    clear = find_pixels_to_clear(ink, across, down)
    clear |= find_pixels_to_clear(ink.T, down.T, across.T).T
    rest = np.where(clear, 0, ink)
    rest = np.where(find_scraps(rest, across | down), 0, rest)
    if np.count_nonzero(rest > CORE) < MIN_PIXELS:
        return ink
    return inks.scale(rest, EDGE)


def find_lines(dark: Mask, min_length: float) -> list[Line]:
    """Find straight runs of ink along the rows that are long and thin enough for lines.

    Strokes may cross them. The ink is widened by a row, so that a line that is a little bent
    stays one run.

    Args:
        dark: where the ink of a component is.
        min_length: the least length in pixels.
    """
    thick = ndimage.binary_dilation(dark, np.ones((3, 1)))
    runs, _ = ndimage.label(thick, NEIGHBOURS_IN_ROW)
    lengths = np.bincount(runs.ravel())  # a run is in one row, so its pixels are its length
    sections, _ = ndimage.label(dark, NEIGHBOURS_IN_COLUMN)
    thickness = np.bincount(sections.ravel())[sections]
    is_free = dark & (thickness * MIN_SLIMNESS <= lengths[runs])
    n_free = np.bincount(runs.ravel(), is_free.ravel())
    is_line = (lengths >= min_length) & (n_free >= MIN_FREE_SHARE * lengths)
    is_line[0] = False  # the background
    labels = measure.label(dark & is_line[runs])
    return [Line(region.slice, region.image) for region in measure.regionprops(labels)]


def find_printed(
    component: Mask,
    n_holes: int,
    across: list[Line],
    down: list[Line],
    page_shape: tuple[int, ...],
) -> tuple[list[Line], list[Line]]:
    """Return the lines of a component that are printed.

    A line is printed if it is long, if it begins and ends at other printed lines, or if it is a
    tooth of a comb. A line is long if it goes from one edge of the page to the other. In a
    grid, shorter lines are long, because lines of a bent grid may end anywhere.

    Args:
        component: where the ink of the component is.
        n_holes: the number of holes in it.
        across: its lines across the page.
        down: its lines down the page, in the transposed component.
        page_shape: the height and the width of the page.

    Returns:
        the printed lines across and those down.
    """
    height, width = component.shape
    min_height, min_width = [MIN_RULED_SHARE * side for side in page_shape]  # of long lines
    is_oblong = min(height, width) <= MIN_GRID_ASPECT * max(height, width)
    if n_holes >= MIN_GRID_HOLES and not is_oblong:
        across = [line for line in across if line.length >= MIN_SIDE_SHARE * width]
        down = [line for line in down if line.length >= MIN_SIDE_SHARE * height]
        min_width = MIN_LONG_SHARE * width
        min_height = MIN_LONG_SHARE * height
    # Without a line, others may lose their ends. So repeat until none is left out.
    n_before = -1
    while len(across) + len(down) != n_before:
        n_before = len(across) + len(down)
        near_across = widen(draw(across, component)).T
        down = [
            line
            for line in down
            if line.length >= min_height
            or is_bound(line, near_across)
            or is_tooth(line, down, near_across)
        ]
        near_down = widen(draw(down, component.T)).T
        across = [
            line for line in across if line.length >= min_width or is_bound(line, near_down)
        ]
    return across, down


def draw(lines: Sequence[Line], component: Mask) -> Mask:
    """Return which pixels of a component are on lines."""
    is_line = np.zeros_like(component)
    for line in lines:
        is_line[line.place] |= line.mask
    return is_line


def widen(mask: Mask) -> Mask:
    """Return the pixels of a mask, and those near it."""
    size = 2 * REACH + 1
    return np.asarray(ndimage.maximum_filter(mask, size))


def is_bound(line: Line, near_others: Mask) -> bool:
    """Return whether a line begins and ends at others.

    Args:
        line: the line.
        near_others: the pixels near the lines in the other direction.
    """
    is_met = (near_others[line.place] & line.mask).any(axis=0)
    places = np.flatnonzero(is_met)
    return places.size > 0 and bool(np.ptp(places) >= MIN_BOUND_SHARE * line.length)


def is_tooth(line: Line, others: Sequence[Line], near_across: Mask) -> bool:
    """Return whether a line begins or ends at a line across, and a comb's others do the same.

    Args:
        line: the line.
        others: the lines in the same direction, with the line itself.
        near_across: the pixels near the lines across.
    """
    is_met = np.any(near_across[line.place] & line.mask, axis=0)
    if not (is_met[:REACH].any() or is_met[-REACH:].any()):
        return False
    n_alike = 0
    for other in others:
        differences = (other.start - line.start, other.stop - line.stop)
        n_alike += max(map(abs, differences)) <= REACH
    return n_alike >= MIN_TEETH


def find_pixels_to_clear(ink: Ink, lines: Mask, others: Mask) -> Mask:
    """Find the pixels of lines across the page where no stroke crosses.

    Where a stroke crosses, there is more ink than in other cross-sections of the line.

    Args:
        ink: the ink of the page.
        lines: where the lines across the page are.
        others: where the lines down the page are.

    Returns:
        the pixels of the lines and of their edges.
    """
    others = ndimage.maximum_filter1d(others, 3, 1)
    # A section is a vertical run of ink.
    is_ink = ink > MIN_LINE_INKS[0] / 2
    sections, n_sections = ndimage.label(is_ink & ~others, NEIGHBOURS_IN_COLUMN)
    section_ink = ndimage.sum_labels(ink, sections, np.arange(n_sections + 1))[sections]
    numbers, n_lines = ndimage.label(lines, EIGHT_NEIGHBOURS)
    is_measured = (sections > 0) & (numbers > 0)
    usual = ndimage.labeled_comprehension(
        section_ink[is_measured],
        numbers[is_measured],
        np.arange(n_lines + 1),
        partial(np.percentile, q=USUAL_PERCENTILE),
        float,
        default=0,
    )
    near_lines = ndimage.maximum_filter1d(usual[numbers], 2 * REACH + 1, axis=0)
    is_thin = (sections > 0) & (section_ink <= MAX_SECTION_INK * near_lines)
    return np.asarray((lines & others) | (is_thin & (near_lines > 0)))


def find_scraps(ink: Ink, lines: Mask) -> Mask:
    """Find what is left of lines: the thin components of the ink that are beside them."""
    is_scrap = np.zeros_like(lines)
    labels = measure.label(ink > EDGE)
    for region in measure.regionprops(labels, widen(lines).astype(float)):
        is_thin = min(region.image.shape) <= MAX_SCRAP_SIDE
        if is_thin and region.intensity_mean > MIN_SCRAP_SHARE:
            is_scrap[region.slice] |= region.image
    return is_scrap
