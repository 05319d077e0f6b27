"""The pixels from 0 to 1."""

from digits.features.functions.pixels import scale

from sklearn.preprocessing import FunctionTransformer

STEPS = [("pixels", FunctionTransformer(scale))]
