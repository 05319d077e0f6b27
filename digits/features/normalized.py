"""The pixels, each image scaled to the same norm, in a sparse matrix."""

from digits.features.functions.pixels import normalize

from sklearn.preprocessing import FunctionTransformer

STEPS = [("pixels", FunctionTransformer(normalize))]
