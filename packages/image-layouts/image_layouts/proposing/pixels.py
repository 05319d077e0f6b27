"""What the numbers in arrays say about images: axes, colours and scale."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from image_layouts.checking import one_class
from image_layouts.errors import LayoutError
from image_layouts.labelled_images import MAX_CLASSES
from image_layouts.layout.axes import arrange
from image_layouts.layout.read_arrays import has_single_ones

MIN_PIXELS = 16  # of an image
N_IMAGES = 100  # the number of images that are looked at
MIN_ROWS = 4  # of an image whose neighbours are compared
# The variation of neighbours, as a share of that of random pixels. In 36 public sets of photos,
# scans and drawings, it was at most 0.67, also at 8 × 8 pixels.
MAX_OF_RANDOM = 0.85
# The variation with another width, as a share of that with the right one. There it was at least
# 1.37.
MIN_OF_RIGHT_WIDTH = 0.7


def drop_irrelevant(arrays: Mapping[str, Any]) -> dict[str, Any]:
    """Return arrays without single numbers, and without `a.gz` beside the unpacked file `a`."""
    unpacked = {f"{name}.gz" for name in arrays}
    return {
        name: array for name, array in arrays.items() if array.size > 1 and name not in unpacked
    }


def is_images(array: Any) -> bool:
    """Return whether an array may have images, and not labels or names."""
    n_long_axes = sum(length > 1 for length in array.shape)
    if array.dtype.kind not in "buif" or n_long_axes < 2 or is_one_hot(array):
        return False
    return bool(array[0].size >= MIN_PIXELS)


def is_one_hot(array: Any) -> bool:
    """Return whether each row of an array, or each column, has a single 1."""
    if array.ndim != 2 or min(array.shape) > MAX_CLASSES:
        return False
    return has_single_ones(array) or has_single_ones(array.T)


def check_range(images: Any, name: str) -> None:
    """Check that an array may have pixels: whole numbers from 0 on, or fractions from 0 to 1.

    Raises:
        LayoutError: it has other numbers.
    """
    low, high = images.min(), images.max()
    are_whole = images.dtype.kind != "f" or np.array_equal(images, np.rint(images))
    are_fractions = low >= 0 and high <= 1
    if not (are_fractions or (low >= 0 and are_whole)):
        raise LayoutError(
            f"{name}: numbers from {low:.3g} to {high:.3g}; pixels are whole numbers from 0 to "
            "255, or fractions from 0 to 1; if these are pixels, scale or clip them, and write "
            "them by numpy.savez"
        )


def describe_axes(images: Any, n_images: int) -> dict[str, Any]:
    """Return the key `axes` of an array, if it is not `n h w`."""
    images_are_last = len(images) != n_images and images.shape[-1] == n_images
    if images.ndim == 2:
        if images_are_last:
            return {"axes": "(h w) n"}
        return {"axes": "n (h w)"} | describe_colors(images)
    if images.ndim == 3:
        return {"axes": "h w n"} if images_are_last else {}
    if images_are_last:
        return {"axes": "h w c n"}
    n_colors = (1, 3)
    if images.ndim == 4 and images.shape[1] in n_colors and images.shape[3] not in n_colors:
        return {"axes": "n c h w"}
    return {"axes": "n h w c"}


def describe_colors(rows: Any) -> dict[str, Any]:
    """Return the key `axes` of rows of pixels, or {} for grey images.

    The values of a pixel may be side by side, or each colour may be a plane. Images are smooth,
    so the arrangement with the smaller total variation is right.

    Args:
        rows: shape (n_images, n_values).

    Raises:
        LayoutError: as `check_neighbours`.
    """
    n_values = rows.shape[1]
    side = math.isqrt(n_values)
    if side**2 == n_values:
        check_neighbours(rows, side)
        return {}
    side = math.isqrt(n_values // 3)
    if 3 * side**2 != n_values:
        return {}
    side_by_side = measure_total_variation(rows, "n (h w c)")
    in_planes = measure_total_variation(rows, "n (c h w)")
    if side_by_side <= in_planes:
        check_neighbours(rows, 3 * side, step=3)
        return {"axes": "n (h w c)"}
    check_neighbours(rows, side)
    return {"axes": "n (c h w)"}


def check_neighbours(rows: Any, width: int, step: int = 1) -> None:
    """Check that rows are images of a width.

    Neighbouring pixels must be more alike than random ones, which features of another kind are
    not. No other width may make pixels much more like those below them. For example, a grey
    image of 24 × 32 has as many values as three colours of 16 × 16. The next pixel of a row is
    `step` values away.

    Raises:
        LayoutError: the rows have other features, or images of another width.
    """
    n_values = rows.shape[1]
    if n_values < MIN_ROWS * width:
        return
    images = rows[:N_IMAGES].astype(float)
    beside = measure_variation(images, step)
    below = measure_variation(images, width)
    shuffled = images[:, np.random.default_rng(0).permutation(n_values)]
    if min(beside, below) > MAX_OF_RANDOM * measure_variation(shuffled, 1):
        raise one_class.make_features_error(
            f"in rows of {n_values} values, neighbours are no more alike than other values"
        )
    widths = [
        other for other in range(max(2, width // 2), 2 * width + 1) if n_values % other == 0
    ]
    # Values that are less than a width apart are often in the same row of pixels, and so more
    # alike. Therefore the variation counts more for smaller widths.
    variations = {
        other: measure_variation(images, other) / min(1, other / width) for other in widths
    }
    smoothest = min(widths, key=lambda other: variations[other])
    if variations[smoothest] < MIN_OF_RIGHT_WIDTH * below:
        height = n_values // smoothest
        raise LayoutError(
            f"rows of {n_values} values look like images of {height} × {smoothest} values, but "
            "rows are read as square images, grey or with three colours; write the images by "
            f"numpy.savez as an array of the shape (n, {height}, {smoothest}), or with three "
            "channels, if these are more"
        )


def measure_variation(rows: Any, distance: int) -> float:
    """Return the mean absolute difference of the values at a distance in each row."""
    return float(np.abs(rows[:, distance:] - rows[:, :-distance]).mean())


def measure_total_variation(rows: Any, axes: str) -> float:
    """Return the mean total variation of the first images: how much neighbours differ.

    Neighbours are above each other or side by side. Both are needed, because in grey images
    with three equal colours, a wrong arrangement makes neighbours in a row more alike.
    """
    images = arrange(rows[:N_IMAGES], axes).astype(float)
    return float(sum(np.abs(np.diff(images, axis=axis)).mean() for axis in (1, 2)))


def find_image_shape(array: Any, part: Mapping[str, Any]) -> tuple[int, ...]:
    """Return the shape of the images of a part, or () if the axes do not fit."""
    try:
        return tuple(arrange(array, part.get("axes", "n h w")).shape[1:])
    except LayoutError:
        return ()


def has_fractions(pixels: Any) -> bool:
    """Return whether pixels are fractions from 0 to 1."""
    return bool(pixels.min() >= 0 and pixels.max() <= 1 and (pixels % 1).any())


def describe_scale(arrays: Sequence[Any]) -> dict[str, Any]:
    """Return the key `scale` of fractions from 0 to 1, or of pixels with more than 8 bits.

    The largest possible value becomes 255, such as 4095 for pixels with 12 bits.
    """
    if all(map(has_fractions, arrays)):
        return {"scale": 255}
    high = max(pixels.max() for pixels in arrays)
    if high <= 255:
        return {}
    n_bits = int(high).bit_length()
    return {"scale": 255 / (2**n_bits - 1)}
