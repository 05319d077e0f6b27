"""The report's pictures of digits: PNG inside the page, light ink on black as the datasets have it."""

import base64
import io

import numpy as np
import numpy.typing as npt
from PIL import Image

from digits.common.tables import Pixels


def picture(pixels: Pixels, shape: tuple[int, int], columns: int = 1) -> str:
    """Lay images out in rows, with a pixel between them.

    Args:
        pixels: shape (images, height * width), 0 to 255, or to the largest value there is.
        shape: height and width of an image.
        columns: images in a row.

    Returns:
        A `data:` address of a PNG.
    """
    height, width = shape
    rows = -(-len(pixels) // columns)
    sheet = np.zeros((rows * (height + 1) - 1, columns * (width + 1) - 1), np.uint8)
    for i, image in enumerate(brightened(pixels)):
        top, left = i // columns * (height + 1), i % columns * (width + 1)
        sheet[top : top + height, left : left + width] = image.reshape(shape)
    written = io.BytesIO()
    Image.fromarray(sheet).save(written, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(written.getvalue()).decode()


def brightened(pixels: Pixels) -> Pixels:
    """Spread values that end below 255, such as the 0 to 16 of scikit-learn's digits, over 0 to 255."""
    return (pixels.astype(np.uint32) * 255 // max(int(pixels.max(initial=1)), 1)).astype(np.uint8)


def averages(pixels: Pixels, classes: npt.NDArray[np.uint8]) -> Pixels:
    """Return the mean image of each class, shape (classes, height * width)."""
    return np.stack([pixels[classes == label].mean(axis=0) for label in np.unique(classes)]).astype(np.uint8)


def samples(pixels: Pixels, classes: npt.NDArray[np.uint8], each: int) -> Pixels:
    """Return the first images of each class, class by class, shape (classes * each, height * width).

    Where a class has fewer, black ones follow, so that the next class begins at its place.
    """
    first = [pixels[classes == label][:each] for label in np.unique(classes)]
    return np.concatenate([np.pad(some, ((0, each - len(some)), (0, 0))) for some in first])
