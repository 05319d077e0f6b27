"""The pixels from 0 to 1."""

from digits.learning.transformers.pixels import Pixels

STEPS = [("pixels", Pixels(scale=True))]
