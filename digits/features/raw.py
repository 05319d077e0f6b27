"""The pixels as they are."""

from digits.features.transformers.pixels import FloatPixels

STEPS = [("pixels", FloatPixels())]
