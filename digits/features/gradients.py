"""The gradient histograms of an upright digit, for fewer pictures than `gradients_60` has components."""

from digits.features.functions.gradients import histograms

from sklearn.preprocessing import FunctionTransformer

STEPS = [("gradients", FunctionTransformer(histograms))]
