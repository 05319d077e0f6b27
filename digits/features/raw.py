"""The pixels as they are."""

from digits.learning.transformers.pixels import Pixels

STEPS = [("pixels", Pixels())]
