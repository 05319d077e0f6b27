"""The pixels as they are."""

from digits.images.pixels import Pixels

STEPS = [("pixels", Pixels())]
