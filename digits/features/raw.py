"""The pixels as they are."""

from digits.learning.transformers.pixels import FloatPixels

STEPS = [("pixels", FloatPixels())]
