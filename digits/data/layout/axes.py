"""The order of the axes of arrays, written as in einops: `n h w c`, `h w c n`, `n (c h w)`."""

import math
import re
from typing import Any

import numpy as np

from digits.settings.errors import UserError

AXIS = re.compile(r"\(([^()]*)\)|(\w+)")
AXES = re.compile(r"\s*((\([\w\s]*\)|\w+)\s*)*")


def arrange(images: Any, axes: str, scale: float = 1) -> Any:
    """Return images with the axes n, h, w and, in colour, c.

    Args:
        images: the array.
        axes: the names of its axes: n (the images), h (height), w (width) and c (colours).
            Names in parentheses are a single axis of square images: `n (h w)` has a row of
            pixels for each image.
        scale: what the pixels are multiplied by. The results are rounded.

    Returns:
        An array of shape (n, h, w) or (n, h, w, 3).

    Raises:
        UserError: the axes do not fit the array.
    """
    groups = [(inner or single).split() for inner, single in AXIS.findall(axes)]
    names = [name for group in groups for name in group]
    if not AXES.fullmatch(axes) or sorted(names) not in (["h", "n", "w"], ["c", "h", "n", "w"]):
        raise UserError(f"the axes {axes!r} need n, h and w, and may have c, each once")
    if any("n" in group for group in groups if len(group) > 1):
        raise UserError(f"in the axes {axes!r}, n must not stand in parentheses")
    if len(groups) != images.ndim:
        raise UserError(f"the axes {axes!r} do not fit an array of shape {images.shape}")
    lengths: list[int] = []
    for length, group in zip(images.shape, groups, strict=True):
        lengths += split_axis(length, group, axes) if len(group) > 1 else [length]
    order = [names.index(name) for name in "nhwc" if name in names]
    arranged = images.reshape(lengths).transpose(order)
    if arranged.ndim == 4 and arranged.shape[3] == 1:
        arranged = arranged[..., 0]
    if arranged.ndim == 4 and arranged.shape[3] != 3:
        raise UserError(
            f"with the axes {axes!r}, an array of shape {images.shape} has "
            f"{arranged.shape[3]} colours, expected 3"
        )
    return arranged if scale == 1 else np.rint(arranged * scale)


def count_axes(axes: str) -> int:
    """Return how many axes an array has."""
    return len(AXIS.findall(axes))


def split_axis(length: int, group: list[str], axes: str) -> list[int]:
    """Return the lengths of the axes that are a single one of square images.

    Raises:
        UserError: the images cannot be square.
    """
    n_colors = 3 if "c" in group else 1
    side = math.isqrt(length // n_colors)
    if side**2 * n_colors != length:
        raise UserError(f"{length} values are no square image with the axes {axes!r}")
    return [n_colors if name == "c" else side for name in group]
