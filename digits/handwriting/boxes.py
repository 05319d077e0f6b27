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

# The labels have this share of the median height of the digits, within limits in pixels.
LABEL_HEIGHT = 0.5
MIN_LABEL_HEIGHT = 12
MAX_LABEL_HEIGHT = 60

# The lines of a box are this share of the height of a label.
LINE_WIDTH = 1 / 12


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
    usual_height = float(np.median(heights))
    label_height = np.clip(LABEL_HEIGHT * usual_height, MIN_LABEL_HEIGHT, MAX_LABEL_HEIGHT)
    font = ImageFont.load_default(float(label_height))
    width = max(1, round(LINE_WIDTH * label_height))
    pen = ImageDraw.Draw(image)
    for digit, prediction in zip(reading.digits, reading.predictions, strict=True):
        x, y, box_width, box_height = [length / scale for length in digit.box]
        left = x - MARGIN
        top = y - MARGIN
        right = x + box_width + MARGIN
        bottom = y + box_height + MARGIN
        colour = RED if prediction.is_unlike else BLUE
        pen.rectangle((left, top, right, bottom), outline=colour, width=width)

        label = label_with_flag(recognizer, prediction)
        # The label is above the box, or in the box if there is no space above it.
        label_top = max(0, top - 1.3 * label_height)
        label_left = max(0, left)
        pen.text(
            (label_left, label_top), label, colour, font, stroke_width=width, stroke_fill=WHITE
        )
