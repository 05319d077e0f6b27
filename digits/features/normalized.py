"""The pixels, each image scaled to the same norm, in a sparse matrix."""

from digits.features.transformers.pixels import NormalizedPixels

STEPS = [("pixels", NormalizedPixels())]
