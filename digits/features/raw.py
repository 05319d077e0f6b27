"""The pixels as they are."""

from digits.features.functions.pixels import as_floats

from sklearn.preprocessing import FunctionTransformer

STEPS = [("pixels", FunctionTransformer(as_floats))]
