"""Draw a digit the way the training images were drawn."""

from digits.features.transforms.deskewing import moments
from digits.features.transforms.interpolation import interpolate
from digits.handwriting.ink import Ink

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy import ndimage

PEN = (
    1.7,
    4.5,
)  # the range of a stroke's width in MNIST's box of 20 × 20; few strokes there lie outside
FAINT = 0.1  # of full ink; what interpolation leaves below is cut away


def normalize(ink: Ink, size: int) -> npt.NDArray[np.uint8]:
    """Draw one digit, whose ink is not all 0, in 28 × 28 (0 to 255) as MNIST's were, or in 8 × 8 (0 to 16) as UCI's."""
    return {28: _as_mnist, 8: _as_uci}[size](_cropped(ink))


def _as_mnist(ink: Ink) -> npt.NDArray[np.uint8]:
    """Scale a digit into a box of 20 × 20, its aspect kept and its edges grey, and centre its mass in 28 × 28.

    Source: Y. LeCun, C. Cortes, C. Burges, The MNIST database of handwritten digits.
    """
    ink = _with_usual_pen(ink)
    longest = max(ink.shape)
    height, width = (max(round(20 * length / longest), 1) for length in ink.shape)
    box = _resized(ink, (height, width))
    box = np.clip(box / box.max(), 0, 1)
    image = np.zeros((28, 28), np.float32)
    centre = ndimage.center_of_mass(box)
    top, left = (
        min(max(round(14 - middle), 0), 28 - length)
        for middle, length in zip(centre, box.shape, strict=True)
    )
    image[top : top + box.shape[0], left : left + box.shape[1]] = box
    return (255 * image + 0.5).astype(np.uint8)


def _with_usual_pen(ink: Ink) -> Ink:
    """Make strokes wider or narrower that are outside of what MNIST has; return all others as they are."""
    fold = max(ink.shape) // 80
    if fold:
        strong = np.pad(ink, [(0, -length % fold) for length in ink.shape]) > min(
            0.5, 0.9 * ink.max()
        )
        bitmap = strong.reshape(strong.shape[0] // fold, fold, -1, fold).any(axis=(1, 3))
    else:
        enlarged = _resized(ink, (4 * ink.shape[0], 4 * ink.shape[1]))
        bitmap = enlarged > min(0.5, 0.9 * enlarged.max())
    bitmap = np.pad(bitmap, 12)
    depth = ndimage.distance_transform_edt(bitmap)
    pixel = 20 / (max(bitmap.shape) - 24)
    width = (
        4 * (float(depth[bitmap].mean()) - 0.5) * pixel
    )  # across a stroke, the mean depth is a quarter of its width
    change = (min(max(width, PEN[0]), PEN[1]) - width) / 2 / pixel
    if change == 0:
        return ink
    bitmap = (
        ndimage.distance_transform_edt(~bitmap) <= change
        if change > 0
        else depth > min(-change, depth.max() - 1)
    )
    return _cropped(bitmap.astype(np.float32))


def _as_uci(ink: Ink) -> npt.NDArray[np.uint8]:
    """Shear a digit upright, stretch it to the height of a bitmap of 32 × 32, and count each block of 4 × 4.

    Source: E. Alpaydin, C. Kaynak, Optical Recognition of Handwritten Digits, UCI repository. NIST's programs, which
    drew its bitmaps, shear likewise.
    """
    upright = _upright(ink)
    width = min(
        max(round(32 * upright.shape[1] / upright.shape[0]), 10), 20
    )  # UCI's digits are narrow
    left = (32 - width) // 2
    bitmap = np.zeros((32, 32), np.float32)
    bitmap[:, left : left + width] = _resized(upright, (32, width))
    return (np.clip(bitmap, 0, 1).reshape(8, 4, 8, 4).sum(axis=(1, 3)) + 0.5).astype(np.uint8)


def _upright(ink: Ink) -> Ink:
    margin = ink.shape[0] // 2 + 1
    image = np.pad(ink, [(0, 0), (margin, margin)])[None]
    middle, _, slant = moments(image)
    rows, columns = (np.arange(length, dtype=np.float32) for length in image.shape[1:])
    down = rows[:, None] - middle
    sheared = interpolate(image, rows[:, None], columns + np.clip(slant, -1, 1) * down)[0]
    return _cropped(np.where(sheared > FAINT, sheared, 0) if sheared.max() > FAINT else ink)


def _cropped(ink: Ink) -> Ink:
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    return np.asarray(ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], np.float32)


def _resized(ink: Ink, shape: tuple[int, int]) -> Ink:
    if ink.shape == shape:
        return ink
    image = Image.fromarray(ink).resize(shape[::-1], Image.Resampling.BICUBIC)
    return np.asarray(image, np.float32)
