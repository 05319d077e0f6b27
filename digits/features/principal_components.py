"""Fifty principal components of the pixels."""

from digits.features.functions.pixels import scale

from sklearn.decomposition import PCA
from sklearn.preprocessing import FunctionTransformer

STEPS = [("pixels", FunctionTransformer(scale)), ("components", PCA(n_components=50, svd_solver="covariance_eigh"))]
