"""The gradient histograms of an upright digit, which need no more pictures than there are.

`gradients_60` is as good and faster from some thousand images, but its components need more images than they are.
"""

from digits.features.functions.gradients import histograms

from sklearn.preprocessing import FunctionTransformer

STEPS = [("gradients", FunctionTransformer(histograms))]
