"""The pixels, each image scaled to the same norm, in a sparse matrix."""

from digits.learning.transformers.pixels import NormalizedPixels

STEPS = [("pixels", NormalizedPixels())]
