"""Sixty principal components of the gradient histograms of an upright digit."""

from digits.features.functions.gradients import histograms

from sklearn.decomposition import PCA
from sklearn.preprocessing import FunctionTransformer

STEPS = [("gradients", FunctionTransformer(histograms)), ("components", PCA(60, svd_solver="covariance_eigh"))]
