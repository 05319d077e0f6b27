"""Draw the digits that were found into their picture."""

from pathlib import Path

from digits import pictures
from digits.core.files import write_whole
from digits.handwriting.reading import Reading, label_with_flag
from digits.handwriting.recognizer import Recognizer

import numpy as np
from PIL import Image, ImageDraw, ImageFont

BLUE = (0, 90, 200)
RED = (200, 30, 0)  # of flagged digits
WHITE = (255, 255, 255)

# Pixels between the digit and its box.
MARGIN = 3

# The height of the labels is this share of the median height of the digits, within these limits
# in pixels.
LABEL_HEIGHT = 0.5
MIN_LABEL_HEIGHT = 12
MAX_LABEL_HEIGHT = 60

# The width of a box's lines is this share of the height of the labels.
LINE_WIDTH = 1 / 12

# The top of a label is this many times its height above the box.
LABEL_DISTANCE = 1.3


def write_picture(path: Path, recognizer: Recognizer, reading: Reading) -> None:
    """Write a PNG file of a picture with the box, the label and the flag of each digit.

    Args:
        path: the file to write.
        recognizer: the recognizer of the digits.
        reading: the digits of the picture. Its file is read again, because the picture is drawn
            in colour.

    Raises:
        PictureError: the picture cannot be read.
        OSError: a file cannot be read or written.
    """
    image, scale = pictures.read_image(Path(reading.file), mode="RGB")
    draw_boxes(image, scale, recognizer, reading)
    with write_whole(path) as temporary:
        image.save(temporary, "PNG")


def draw_boxes(
    image: Image.Image, scale: float, recognizer: Recognizer, reading: Reading
) -> None:
    """Draw the box, the label and the flag of each digit.

    Args:
        image: the picture, which is changed.
        scale: the side length of the original picture divided by that of `image`.
        recognizer: the recognizer of the digits.
        reading: the digits. Their boxes are in pixels of the original picture.
    """
    heights = [digit.box[3] / scale for digit in reading.digits]
    scaled_height = LABEL_HEIGHT * float(np.median(heights))
    label_height = float(np.clip(scaled_height, MIN_LABEL_HEIGHT, MAX_LABEL_HEIGHT))
    font = ImageFont.load_default(label_height)
    line_width = max(1, round(LINE_WIDTH * label_height))
    draw = ImageDraw.Draw(image)
    for digit, prediction in zip(reading.digits, reading.predictions, strict=True):
        x, y, width, height = [length / scale for length in digit.box]
        left = x - MARGIN
        top = y - MARGIN
        right = x + width + MARGIN
        bottom = y + height + MARGIN
        colour = RED if prediction.is_unlike else BLUE
        draw.rectangle((left, top, right, bottom), outline=colour, width=line_width)

        label = label_with_flag(recognizer, prediction)
        # The label is above the box, or in the box if there is no space above it.
        label_top = max(0, top - LABEL_DISTANCE * label_height)
        label_left = max(0, left)
        draw.text(
            (label_left, label_top),
            label,
            fill=colour,
            font=font,
            stroke_width=line_width,
            stroke_fill=WHITE,
        )
