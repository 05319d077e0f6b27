"""Mark the digits that were found in a picture: a box, a label and a flag for each."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import ImageDraw, ImageFont

from digits.core.files import atomic_write
from digits.imaging import pictures
from digits_handwriting.prediction import DigitPrediction

BLUE = (0, 90, 200)
RED = (200, 30, 0)  # of flagged digits
WHITE = (255, 255, 255)

# Pixels between the digit and its box.
MARGIN = 3

# The height of the labels is this share of the median height of the digits, and at least this
# number of pixels.
LABEL_HEIGHT = 0.5
MIN_LABEL_HEIGHT = 12

# The width of a box's lines is this share of the height of the labels.
LINE_WIDTH = 1 / 12

# The top of a label is this many times its height above the box.
LABEL_DISTANCE = 1.3


class Mark(NamedTuple):
    """The box and the label of a digit.

    `digits predict --png` draws them into the picture, and the page of `digits draw` shows them
    on the drawing. All lengths are in pixels of the picture.

    Attributes:
        left: the left edge of the box.
        top: its top edge.
        width: its width.
        height: its height.
        line_width: the width of its lines.
        label: the predicted label, with the flag if the digit is flagged.
        label_left: where the label begins.
        label_top: the top of the label.
        label_height: the size of the label's font.
        is_flagged: whether the digit is flagged. Flagged digits have another colour.
    """

    left: float
    top: float
    width: float
    height: float
    line_width: int
    label: str
    label_left: float
    label_top: float
    label_height: float
    is_flagged: bool


def place_marks(digits: Sequence[DigitPrediction], scale: float = 1) -> list[Mark]:
    """Return the marks of the digits in a picture.

    Args:
        digits: the digits. Their boxes are in pixels of the original picture.
        scale: the side length of the original picture divided by that of the picture.
    """
    heights = [digit.box[3] / scale for digit in digits]
    label_height = max(LABEL_HEIGHT * float(np.median(heights)), MIN_LABEL_HEIGHT)
    line_width = max(1, round(LINE_WIDTH * label_height))
    marks = []
    for digit in digits:
        x, y, width, height = [length / scale for length in digit.box]
        left = x - MARGIN
        top = y - MARGIN
        mark = Mark(
            left=left,
            top=top,
            width=width + 2 * MARGIN,
            height=height + 2 * MARGIN,
            line_width=line_width,
            label=digit.text,
            label_left=max(0, left),
            # The label is above the box, or in the box if there is no space above it.
            label_top=max(0, top - LABEL_DISTANCE * label_height),
            label_height=label_height,
            is_flagged=digit.is_novel,
        )
        marks.append(mark)
    return marks


def write_picture(path: Path, file: str, digits: Sequence[DigitPrediction]) -> None:
    """Write a PNG file of a picture with the marks of its digits.

    Args:
        path: the file to write.
        file: the picture, which is read again, because it is drawn in colour.
        digits: its digits.

    Raises:
        PictureError: the picture cannot be read.
        OSError: a file cannot be read or written.
    """
    image, scale = pictures.read_image(Path(file), mode="RGB")
    draw = ImageDraw.Draw(image)
    for mark in place_marks(digits, scale):
        colour = RED if mark.is_flagged else BLUE
        right = mark.left + mark.width
        bottom = mark.top + mark.height
        corners = (mark.left, mark.top, right, bottom)
        draw.rectangle(corners, outline=colour, width=mark.line_width)
        draw.text(
            (mark.label_left, mark.label_top),
            mark.label,
            fill=colour,
            font=ImageFont.load_default(mark.label_height),
            stroke_width=mark.line_width,
            stroke_fill=WHITE,
        )
    with atomic_write(path) as temporary:
        image.save(temporary, "PNG")
