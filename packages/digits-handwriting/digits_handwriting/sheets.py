"""Find a bright sheet on a dark table, and straighten it."""

from operator import attrgetter
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from skimage import draw, filters, measure, transform
from skimage.transform import ProjectiveTransform

from digits.core.pixels import Pixels
from digits_handwriting.regions import Mask

Points = npt.NDArray[np.floating[Any]]  # x and y of each, shape (n, 2)

# Pictures whose longer side has at most this many pixels show no table.
MIN_PICTURE_SIDE = 100

# The sheet is looked for in a reduced picture. Its longer side has at least this many pixels,
# and fewer than twice as many.
REDUCED_SIDE = 400

# Bright parts that are narrower than about twice this many pixels, in the reduced picture, do
# not belong to the sheet.
N_EROSIONS = 3

# A sheet covers a share of the picture between these.
MIN_AREA = 0.08
MAX_AREA = 0.9

# The table has at most this share of the brightness of the sheet.
MAX_TABLE_BRIGHTNESS = 0.55

# The outline of a sheet differs from a quadrilateral by at most this share of its length.
MAX_DEVIATION = 0.03

# A sheet and its quadrilateral overlap in at least this share of their union. White digits on
# black, such as a 1, reached 0.84 among 3,000 of MNIST's training images.
MIN_OVERLAP = 0.88

# Transforms are rounded to this many digits after the point, because their last digits differ
# between processors.
N_DECIMALS = 9


def straighten(grey: Pixels) -> tuple[Pixels, ProjectiveTransform]:
    """Straighten the sheet in a picture.

    Args:
        grey: the brightness, shape (height, width).

    Returns:
        the brightness of the sheet, and the transform from its pixels, x and y, to those of the
        picture. If there is no sheet, the picture itself.
    """
    corners = find_corners(grey)
    if corners is None:
        return grey, ProjectiveTransform()
    sides = np.hypot(*(np.roll(corners, -1, axis=0) - corners).T)
    width = round(sides[[0, 2]].max())
    height = round(sides[[1, 3]].max())
    page_corners = np.array([[0, 0], [width, 0], [width, height], [0, height]])
    estimate = ProjectiveTransform.from_estimate(page_corners, corners)
    return warp(grey, estimate, (height, width))


def warp(
    pixels: npt.NDArray[Any], to_pixels: ProjectiveTransform, shape: tuple[int, ...]
) -> tuple[npt.NDArray[Any], ProjectiveTransform]:
    """Transform pixels.

    Args:
        pixels: the pixels.
        to_pixels: the transform from the new pixels, x and y, to these.
        shape: the height and the width of the new pixels.

    Returns:
        the new pixels, and the transform, rounded.
    """
    rounded = ProjectiveTransform(to_pixels.params.round(N_DECIMALS))
    return transform.warp(pixels, rounded, output_shape=shape, preserve_range=True), rounded


def find_corners(grey: Pixels) -> Points | None:
    """Return the corners of a sheet, clockwise from the upper left one.

    Returns:
        the corners in pixels of the picture, shape (4, 2). None if there is no sheet.
    """
    step = max(1, max(grey.shape) // REDUCED_SIDE)
    reduced = grey[::step, ::step]
    if max(grey.shape) <= MIN_PICTURE_SIDE:
        return None
    sheet = find_largest_bright_region(reduced)
    if not MIN_AREA <= sheet.mean() <= MAX_AREA:
        return None
    table_brightness = np.median(reduced[~sheet])
    if table_brightness > MAX_TABLE_BRIGHTNESS * np.median(reduced[sheet]):
        return None
    padded = np.pad(sheet, 1).astype(float)
    outline = max(measure.find_contours(padded), key=len) - 1
    closed = measure.approximate_polygon(outline, MAX_DEVIATION * len(outline))
    corners = closed[:-1, ::-1]  # the last point is the first one again
    if len(corners) != 4:
        return None
    quadrilateral = draw.polygon2mask(padded.shape, closed + 1)[1:-1, 1:-1]
    if (sheet & quadrilateral).sum() < MIN_OVERLAP * (sheet | quadrilateral).sum():
        return None
    x, y = (corners - corners.mean(axis=0)).T
    clockwise = corners[np.arctan2(y, x).argsort()]
    upper_left = clockwise.sum(axis=1).argmin()
    return np.asarray(step * np.roll(clockwise, -upper_left, axis=0))


def find_largest_bright_region(grey: Pixels) -> Mask:
    """Return the largest bright region, without holes."""
    bright = ndimage.binary_opening(grey > filters.threshold_otsu(grey), iterations=N_EROSIONS)
    sheet = np.zeros_like(bright)
    regions = measure.regionprops(measure.label(bright))
    if regions:
        largest = max(regions, key=attrgetter("area"))
        sheet[largest.slice] = largest.image_filled
    return sheet
