"""Draw a digit as the training images were drawn."""

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy import ndimage
from skimage import measure

from digits.core.pixels import Pixels
from digits.imaging.transforms.deskewing import moments
from digits.imaging.transforms.interpolation import interpolate
from digits_handwriting.ink import Ink

# The sides of the images in which digits can be drawn: MNIST's, and UCI's in scikit-learn.
SIDES = (28, 8)

# MNIST's digits fit into a box with this side, in an image with this side.
MNIST_BOX = 20
MNIST_SIDE = 28

# Few strokes in MNIST are narrower or wider, in pixels.
MIN_STROKE = 1.7
MAX_STROKE = 4.5

# A digit is reduced before its strokes are measured, so that its longer side has fewer pixels
# than twice this number.
BITMAP_SIDE = 80

# A digit whose longer side has fewer pixels than `BITMAP_SIDE` is enlarged this many times.
ENLARGED = 4

# A pixel of the bitmap has at least this much ink, or this share of the most ink.
STRONG = 0.5
STRONG_SHARE = 0.9

# Pixels of paper around the bitmap, for wider strokes.
BITMAP_MARGIN = 12

# UCI's digits are drawn in bitmaps with this side. A pixel of the image is the number of inked
# pixels in a block with this side. The digits are narrow: their widths are between these.
UCI_SIDE = 32
UCI_BLOCK = 4
UCI_MIN_WIDTH = 10
UCI_MAX_WIDTH = 20

# Less ink is removed, because interpolation leaves it beside the strokes.
FAINT = 0.1


def normalize(ink: Ink, size: int) -> Pixels:
    """Draw a digit as an image of a dataset.

    Args:
        ink: the ink of the digit, not all 0.
        size: 28 for images like MNIST's, with values up to 255. 8 for images like those of
            UCI's dataset in scikit-learn, with values up to 16.
    """
    if size == MNIST_SIDE:
        return draw_as_mnist(crop(ink))
    return draw_as_uci(crop(ink))


def draw_as_mnist(ink: Ink) -> Pixels:
    """Scale a digit into a box, and move its centre of mass to the middle of the image.

    The aspect ratio is kept. The edges are grey. Source: Y. LeCun, C. Cortes, C. Burges, The
    MNIST database of handwritten digits.
    """
    ink = adjust_stroke_width(ink)
    longer_side = max(ink.shape)
    height = max(round(MNIST_BOX * ink.shape[0] / longer_side), 1)
    width = max(round(MNIST_BOX * ink.shape[1] / longer_side), 1)
    box = resize(ink, height, width)
    box = np.clip(box / box.max(), 0, 1)
    y, x = ndimage.center_of_mass(box)
    top = choose_start(y, height)
    left = choose_start(x, width)
    image = np.zeros((MNIST_SIDE, MNIST_SIDE), np.float32)
    image[top : top + height, left : left + width] = box
    return (255 * image + 0.5).astype(np.uint8)


def choose_start(centre: float, length: int) -> int:
    """Return where a box begins in the image, if its centre of mass is to be in the middle.

    Args:
        centre: the centre of mass in the box.
        length: the length of the box.
    """
    start = round(MNIST_SIDE / 2 - centre)
    return min(max(start, 0), MNIST_SIDE - length)


def adjust_stroke_width(ink: Ink) -> Ink:
    """Make strokes wider or narrower if MNIST has no such strokes."""
    bitmap = np.pad(make_bitmap(ink), BITMAP_MARGIN)
    depth = ndimage.distance_transform_edt(bitmap)
    pixel = MNIST_BOX / (max(bitmap.shape) - 2 * BITMAP_MARGIN)  # its side in MNIST's pixels
    # The mean depth in a stroke is a quarter of its width.
    mean_depth = float(depth[bitmap].mean()) - 0.5
    width = 4 * mean_depth * pixel
    target = min(max(width, MIN_STROKE), MAX_STROKE)
    change = (target - width) / 2 / pixel  # at either side of the stroke
    if change == 0:
        return ink
    if change > 0:
        adjusted = ndimage.distance_transform_edt(~bitmap) <= change
    else:
        adjusted = depth > min(-change, depth.max() - 1)
    return crop(adjusted.astype(np.float32))


def make_bitmap(ink: Ink) -> npt.NDArray[np.bool_]:
    """Return where a digit has strong ink, in a size that is good for measuring strokes."""
    factor = max(ink.shape) // BITMAP_SIDE
    if factor == 0:
        enlarged = resize(ink, ENLARGED * ink.shape[0], ENLARGED * ink.shape[1])
        return np.asarray(enlarged > min(STRONG, STRONG_SHARE * enlarged.max()))

    strong = ink > min(STRONG, STRONG_SHARE * ink.max())
    return np.asarray(measure.block_reduce(strong, factor, np.any))


def draw_as_uci(ink: Ink) -> Pixels:
    """Shear a digit upright, stretch it to the height of a bitmap, and count the ink in blocks.

    Source: E. Alpaydin, C. Kaynak, Optical Recognition of Handwritten Digits, UCI repository.
    NIST's programs, which drew the bitmaps of that dataset, shear likewise.
    """
    upright = make_upright(ink)
    height, width = upright.shape
    new_width = round(UCI_SIDE * width / height)
    new_width = min(max(new_width, UCI_MIN_WIDTH), UCI_MAX_WIDTH)
    left = (UCI_SIDE - new_width) // 2
    bitmap = np.zeros((UCI_SIDE, UCI_SIDE), np.float32)
    bitmap[:, left : left + new_width] = resize(upright, UCI_SIDE, new_width)
    counts = measure.block_reduce(np.clip(bitmap, 0, 1), UCI_BLOCK, np.sum)
    return np.asarray((counts + 0.5).astype(np.uint8))


def make_upright(ink: Ink) -> Ink:
    """Shear a digit so that it is not slanted."""
    margin = ink.shape[0] // 2 + 1
    images = np.pad(ink, [(0, 0), (margin, margin)])[np.newaxis]
    middle, _, slant = moments(images)
    _, height, width = images.shape
    rows = np.arange(height, dtype=np.float32)[:, np.newaxis]
    columns = np.arange(width, dtype=np.float32)
    shift = np.clip(slant, -1, 1) * (rows - middle)
    sheared = interpolate(images, rows, columns + shift)[0]
    if sheared.max() <= FAINT:
        return crop(ink)
    return crop(np.where(sheared > FAINT, sheared, 0))


def crop(ink: Ink) -> Ink:
    """Return the rows and the columns from the first to the last one with ink."""
    [place] = ndimage.find_objects((ink != 0).astype(int))
    return np.asarray(ink[place], np.float32)


def resize(ink: Ink, height: int, width: int) -> Ink:
    """Return the ink in another height and width."""
    image = Image.fromarray(ink).resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(image, np.float32)
