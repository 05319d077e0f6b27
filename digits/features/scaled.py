"""The pixels from 0 to 1."""

from digits.features.transformers.pixels import FloatPixels

STEPS = [("pixels", FloatPixels(scale=True))]
