"""The order of the axes of arrays, written as in einops: `n h w c`, `h w c n`, `n (c h w)`."""

import math
import re
from typing import Any

import numpy as np

from image_layouts.errors import LayoutError

AXIS = re.compile(r"\([^()]*\)|\w+")  # such as `n` or `(h w)`
MAX_COLORS = 4  # more values of a pixel may be from the slices of a volume


def arrange(images: Any, axes: str, scale: float = 1) -> Any:
    """Return images with the axes n, h, w and, in colour, c.

    Args:
        images: the array.
        axes: the names of its axes: n (the images), h (height), w (width) and c (colours).
            `(h w)` is an axis with all pixels of an image. Such images must be square, because
            nothing else says how high they are.
        scale: the factor that brings the pixels to 0 to 255. The results are rounded.

    Returns:
        An array of shape (n, h, w) or (n, h, w, 3).

    Raises:
        LayoutError: the axes do not fit the array.
    """
    names_by_axis = split_axes(axes)
    names = [name for names_of_axis in names_by_axis for name in names_of_axis]
    rest = AXIS.sub("", axes).strip()  # such as a parenthesis without its partner
    is_grey = sorted(names) == ["h", "n", "w"]
    is_color = sorted(names) == ["c", "h", "n", "w"]
    if rest or not (is_grey or is_color):
        raise LayoutError(f"the axes {axes!r} need n, h and w, and may have c, each once")
    if ["n"] not in names_by_axis:
        raise LayoutError(f"in the axes {axes!r}, n must not stand in parentheses")
    if len(names_by_axis) != images.ndim:
        raise LayoutError(f"the axes {axes!r} do not fit an array of shape {images.shape}")
    lengths: list[int] = []
    for length, names_of_axis in zip(images.shape, names_by_axis, strict=True):
        lengths += split_length(length, names_of_axis, axes)
    positions = [names.index(name) for name in "nhwc" if name in names]
    arranged = images.reshape(lengths).transpose(positions)
    if is_color and arranged.shape[3] == 1:
        arranged = arranged[..., 0]
    if arranged.ndim == 4 and arranged.shape[3] != 3:
        axis = names_by_axis.index(["c"])
        raise LayoutError(
            f"with the axes {axes!r}, an array of shape {images.shape} has "
            f"{explain_colors(arranged.shape[3], axis)}"
        )
    return arranged if scale == 1 else np.rint(arranged * scale)


def explain_colors(n_colors: int, axis: int) -> str:
    """Return what is wrong with a number of colours, and what to do."""
    colors = (
        f"{n_colors} colours, expected 1 or 3; write only those into a new array, such as "
        f"numpy.take(images, [0, 1, 2], axis={axis})"
    )
    if n_colors <= MAX_COLORS:
        return colors
    return (
        f"volumes, or images with {colors}; of volumes, take one slice each, such as "
        f"numpy.take(images, {n_colors // 2}, axis={axis})"
    )


def split_axes(axes: str) -> list[list[str]]:
    """Return the names in each axis of an array: [["n"], ["h", "w"]] for `n (h w)`."""
    return [axis.strip("()").split() for axis in AXIS.findall(axes)]


def split_length(length: int, names: list[str], axes: str) -> list[int]:
    """Return the length of each name in an axis of an array.

    Args:
        length: the length of the axis, such as 64.
        names: its names, such as h and w, which have the length 8 each.
        axes: all axes, for messages.

    Raises:
        LayoutError: h and w are not both there, or the images are not square.
    """
    if len(names) == 1:
        return [length]
    if not {"h", "w"}.issubset(names):
        raise LayoutError(f"in the axes {axes!r}, parentheses must have both h and w, as (h w)")
    n_colors = 3 if "c" in names else 1
    side = math.isqrt(length // n_colors)
    if side**2 * n_colors != length:
        raise LayoutError(f"{length} values are no square image with the axes {axes!r}")
    return [n_colors if name == "c" else side for name in names]
