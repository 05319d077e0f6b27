"""Find a bright sheet on a dark table, and straighten it."""

import itertools
import math
from typing import Any, NamedTuple, Self

from digits.core.tables import Pixels
from digits.handwriting.ink import EVEN, otsu_threshold
from digits.handwriting.regions import Box, Mask, border

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy import ndimage

Points = npt.NDArray[np.floating[Any]]  # x and y of each, shape (n, 2)

# The sheet is looked for in a picture that is reduced to about this many pixels.
REDUCED_SIDE = 400

# Bright parts that are narrower than about twice this many pixels, in the reduced picture, do
# not belong to the sheet.
N_EROSIONS = 3

# A sheet covers a share of the picture between these.
MIN_AREA = 0.08
MAX_AREA = 0.9

# At most this share of the picture's border is on the sheet. The rest is on the table.
MAX_BORDER = 0.25

# The table has at most this share of the brightness of the sheet.
MAX_BRIGHTNESS = 0.55

# At least this share of a sheet is bright. The rest is ink. A white zero has less, because the
# inside of the zero is dark.
MIN_BRIGHT = 0.75

# The area of a sheet, divided by that of the quadrilateral with its corners, is between these.
MIN_FILLED = 0.9
MAX_FILLED = 1.2

# A sheet is turned by at most this many degrees.
MAX_DEGREES = 45

# The corners are moved to the middle of the sheet by this share of their distance from it, so
# that the edge of the sheet is not in the straightened picture.
INSET = 0.03


class Sheet(NamedTuple):
    """A sheet in a picture.

    Attributes:
        corners: its corners in pixels of the picture: upper left, lower left, lower right and
            upper right.
        size: the width and the height of the straightened sheet, in pixels.
    """

    corners: Points
    size: tuple[int, int]

    @classmethod
    def from_corners(cls, corners: Points) -> Self:
        """Return the sheet with these corners, which keeps its longer edges' lengths."""
        lengths = []
        for start, end in zip(corners, np.roll(corners, -1, axis=0), strict=True):
            lengths.append(math.dist(start, end))
        left, bottom, right, top = lengths
        return cls(corners, (round(max(top, bottom)), round(max(left, right))))

    def straighten(self, grey: Pixels) -> Pixels:
        """Return the picture of the straightened sheet."""
        straight = Image.fromarray(grey).transform(
            self.size,
            Image.Transform.QUAD,
            self.corners.ravel().tolist(),
            Image.Resampling.BICUBIC,
        )
        return np.asarray(straight)

    def to_picture(self, box: Box) -> Box:
        """Return the rectangle around a box of the straightened sheet, in the picture."""
        left, top, width, height = box
        corners = itertools.product((left, left + width), (top, top + height))
        points = [self.move_point(x, y) for x, y in corners]
        first = np.round(np.min(points, axis=0)).astype(int)
        last = np.round(np.max(points, axis=0)).astype(int)
        x, y = first.tolist()
        width, height = (last - first).tolist()
        return x, y, width, height

    def move_point(self, x: float, y: float) -> Points:
        """Return where a point of the straightened sheet is in the picture."""
        width, height = self.size
        upper_left, lower_left, lower_right, upper_right = self.corners
        upper = upper_left + (upper_right - upper_left) * x / width
        lower = lower_left + (lower_right - lower_left) * x / width
        return upper + (lower - upper) * y / height


def find_sheet(grey: Pixels) -> Sheet | None:
    """Find a bright sheet on a dark table.

    Args:
        grey: the brightness, shape (height, width).

    Returns:
        the sheet. None if there is none, or if it fills the picture.
    """
    if max(grey.shape) <= EVEN:
        return None
    factor = max(1, max(grey.shape) // REDUCED_SIDE)
    reduced = np.asarray(Image.fromarray(grey).reduce(factor))
    region = find_bright_region(reduced)
    if region is None:
        return None
    corners = find_corners(region)
    filled = np.count_nonzero(region) / measure_area(corners)
    if not MIN_FILLED <= filled <= MAX_FILLED:
        return None
    middle = corners.mean(axis=0)
    corners = middle + (1 - INSET) * (corners - middle)
    return Sheet.from_corners(corners * factor)


def find_bright_region(grey: Pixels) -> Mask | None:
    """Return the largest bright region, without holes. None if it cannot be a sheet."""
    brightness = grey / 255
    is_bright = brightness > otsu_threshold(brightness)
    opened = ndimage.binary_opening(is_bright, iterations=N_EROSIONS)
    labels, n_labels = ndimage.label(opened)
    if n_labels == 0:
        return None
    n_pixels = np.bincount(labels.ravel())
    n_pixels[0] = 0
    region = ndimage.binary_fill_holes(labels == n_pixels.argmax())
    if not MIN_AREA <= region.mean() <= MAX_AREA:
        return None
    if border(region).mean() > MAX_BORDER:
        return None
    if is_bright[region].mean() < MIN_BRIGHT:
        return None
    if np.median(grey[~region]) > MAX_BRIGHTNESS * np.median(grey[region]):
        return None
    return region


def find_corners(region: Mask) -> Points:
    """Return the four corners of a region: upper left, lower left, lower right, upper right.

    The region is turned so that the rectangle around it is smallest. Then its corners are the
    points that are nearest to the corners of the rectangle.
    """
    inner = ndimage.binary_erosion(region)
    y, x = np.nonzero(region & ~inner)
    best_area = np.inf
    for degrees in range(-MAX_DEGREES, MAX_DEGREES + 1):
        angle = math.radians(degrees)
        along = x * math.cos(angle) + y * math.sin(angle)
        down = y * math.cos(angle) - x * math.sin(angle)
        area = np.ptp(along) * np.ptp(down)
        if area < best_area:
            best_area = area
            falling = along + down
            rising = along - down
    # `falling` is least at the upper left corner, `rising` at the lower left one.
    chosen = [falling.argmin(), rising.argmin(), falling.argmax(), rising.argmax()]
    return np.stack([x[chosen], y[chosen]], axis=1) + 0.5


def measure_area(corners: Points) -> float:
    """Return the area of the quadrilateral with these corners."""
    x, y = corners.T
    doubled = x * np.roll(y, -1) - y * np.roll(x, -1)
    return float(abs(doubled.sum()) / 2)
