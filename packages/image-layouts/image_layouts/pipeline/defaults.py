"""Choose default parameters that suit the images: large or small, in colour, or drawings.

The models that `digits start` writes depend on them. The limits of the saturation, the
background and the side were chosen on 36 public sets of photos, scans, drawings and symbols. In
each set, 100 random pictures led to the same models as all its pictures, in each of 100 tries.
"""

import math
from collections.abc import Iterator
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from digits.imaging import pictures
from digits.imaging.transforms.border import median_of_border
from digits.messages.errors import UserError
from digits.settings.params import N_CHANNELS
from image_layouts.labelled_images import LabelledImages
from image_layouts.proposing.choose import MIN_FOLDS

N_SAMPLES = 100  # the largest number of pictures that are measured
MAX_SIDE = 256  # the largest side of images of arrays and tables, which are not resized

# A pixel is background if it differs by less than 8 of 255 from the border of the picture. Most
# pixels of a drawing, or of a scan of writing, are background. With 16 instead of 8, this would
# also be so of photos with little contrast, such as those of steel.
MAX_BACKGROUND_DIFFERENCE = 8
MIN_BACKGROUND = 0.5

# The saturation of a pixel is the difference between the largest and the smallest of red, green
# and blue: 0 to 255. A picture is in colour if its mean saturation is larger than this. Photos
# from the air or through a microscope have 17. The paper of a grey drawing may have a colour.
MAX_GREY = 5
MAX_GREY_ON_BACKGROUND = 20

# The shorter side of a large picture, in pixels.
MIN_LARGE_SIDE = 64

MAX_OF_FRACTIONS = 16  # larger values of pixels are probably no fractions

# In cross-validation, efficientnet_lite1 was better than efficientnet_lite0 on drawings, and
# not on photos.
NETWORK_OF_PHOTOS = "efficientnet_lite0"
NETWORK_OF_DRAWINGS = "efficientnet_lite1"

# The extras that have the weights, as pyproject.toml names them.
EXTRAS = {NETWORK_OF_PHOTOS: '"digits[network]"', NETWORK_OF_DRAWINGS: '"digits[networks]"'}

# Edge directions need square images, which are at least 20 pixels wide.
MIN_SIDE_OF_GRADIENTS = 20

N_FOLDS_WITH_NETWORK = 5


class Defaults(NamedTuple):
    """The default parameters that suit most of your images, for the new params.yaml.

    Attributes:
        are_pictures: whether the images are pictures, which are resized. Otherwise, they are
            arrays of pixels.
        is_drawing: whether they are grey pictures of which most is background.
        network: the network that should describe them, or None. Small drawings, such as digits,
            need none, and arrays have no pictures that a network could read.
        shape: the shape to which they should be resized, or that they have.
        white: the value that becomes white in pictures of more than 8 bits, or None if there
            are none.
    """

    are_pictures: bool
    is_drawing: bool
    network: str | None
    shape: list[int]
    white: int | None = None

    @property
    def is_color(self) -> bool:
        """Whether the images are in colour."""
        return len(self.shape) == 3

    @property
    def max_folds(self) -> int:
        """The number of folds of each model, if there are enough images and groups."""
        return N_FOLDS_WITH_NETWORK if self.network else MIN_FOLDS

    @property
    def weights(self) -> str:
        """The extra that has the weights of the network, as pyproject.toml names it, or ""."""
        return EXTRAS[self.network] if self.network else ""

    @property
    def suits_copies(self) -> bool:
        """Whether a model can learn from edge directions and deformed copies of the images."""
        height, width = self.shape[:2]
        is_square = height == width
        is_suitable = not self.is_color and is_square and height >= MIN_SIDE_OF_GRADIENTS
        return is_suitable and (self.is_drawing or not self.are_pictures)

    def describe(self) -> str:
        """Return a line that says what the images look like, and what follows from that."""
        if not self.are_pictures:
            kind = "arrays in colour" if self.is_color else "grey arrays"
        elif self.is_drawing:
            kind = "large drawings" if self.network else "small drawings"
        else:
            kind = "pictures in colour" if self.is_color else "grey pictures"
        if self.network is None:
            return f"most look like {kind}, so there is no network"
        return f"most look like {kind}, so the network is {self.network}"


# The defaults for pictures of digits, and for pictures that will be added later.
DEFAULTS_FOR_DIGITS = Defaults(are_pictures=True, is_drawing=True, network=None, shape=[28, 28])


def find_defaults(images: LabelledImages) -> Defaults:
    """Return the defaults that suit most images.

    Raises:
        UserError: the images of an array or a table are too large.
    """
    shape = images.shape
    if not shape:
        return find_defaults_of_pictures(images.contents(), len(images.rows))
    if max(shape) > MAX_SIDE:
        raise UserError(
            f"images of {' × '.join(map(str, shape))} values cannot be used, because they are "
            f"larger than {MAX_SIDE} × {MAX_SIDE} pixels"
        )
    return Defaults(are_pictures=False, is_drawing=False, network=None, shape=shape)


def find_defaults_of_pictures(contents: Iterator[Path | bytes], n_pictures: int) -> Defaults:
    """Return the defaults that suit most pictures of a sample, which is every n-th picture.

    If the first picture has more than 8 bits, all pictures are measured, to find the largest
    value. Pictures that cannot be read are ignored. They are reported later.
    """
    first = measure_picture(next(contents))
    has_more_bits = first is not None and first["largest"] > 0
    step = 1 if has_more_bits else math.ceil(n_pictures / N_SAMPLES)
    others = islice(contents, step - 1, None, step)
    measured = [first, *map(measure_picture, others)]
    readable = [measures for measures in measured if measures is not None]
    if not readable:
        return DEFAULTS_FOR_DIGITS
    measures = pd.DataFrame(readable)
    largest = measures["largest"].max()
    medians = measures.median()
    has_background = medians["background"] >= MIN_BACKGROUND
    max_grey = MAX_GREY_ON_BACKGROUND if has_background else MAX_GREY
    is_color = bool(medians["saturation"] > max_grey)
    is_drawing = bool(has_background and not is_color)
    if is_drawing:
        is_large = medians["side"] >= MIN_LARGE_SIDE
        network = NETWORK_OF_DRAWINGS if is_large else None
        shape = [28, 28]
    else:
        network = NETWORK_OF_PHOTOS
        shape = [64, 64, N_CHANNELS] if is_color else [64, 64]
    return Defaults(
        are_pictures=True,
        is_drawing=is_drawing,
        network=network,
        shape=shape,
        white=choose_white(largest) if largest > 0 else None,
    )


def measure_picture(source: Path | bytes) -> dict[str, float] | None:
    """Return measures of a picture, or None if it cannot be read.

    Returns:
        side: the shorter side, in pixels.
        saturation: the mean saturation, 0 to 255.
        background: the fraction of the pixels that are background.
        largest: the largest value of a picture of more than 8 bits, and 0 for others.
    """
    try:
        content = pictures.read_content(source) if isinstance(source, Path) else source
        image, scale = pictures.read_image(BytesIO(content), mode="RGB")
        largest = image.info[pictures.LARGEST]
        if largest:  # the picture may be much darker than others of its kind
            white = choose_white(largest)
            image, scale = pictures.read_image(BytesIO(content), mode="RGB", white=white)
    except (OSError, UserError):
        return None
    pixels = np.array(image, dtype=int)
    [background] = median_of_border(pixels[np.newaxis])  # of a batch of one picture
    differences = np.abs(pixels - background).max(axis=2)
    is_background = differences < MAX_BACKGROUND_DIFFERENCE
    return {
        "side": min(image.size) * scale,
        "saturation": np.ptp(pixels, axis=2).mean(),
        "background": is_background.mean(),
        "largest": largest,
    }


def choose_white(largest: float) -> int:
    """Return the value that becomes white: the largest value of at least 8 bits, such as 4095.

    Small values are probably fractions, of which some may be a little larger than 1.
    """
    if largest <= MAX_OF_FRACTIONS:
        return math.ceil(largest)
    n_bits = max(8, math.ceil(math.log2(largest + 1)))
    return int(2**n_bits - 1)
