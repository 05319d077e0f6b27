"""The pixels from 0 to 1."""

from digits.images.pixels import Pixels

STEPS = [("pixels", Pixels(scale=True))]
