"""Fifty principal components of the pixels."""

from digits.learning.transformers.pixels import Pixels

from sklearn.decomposition import PCA

STEPS = [("pixels", Pixels(scale=True)), ("components", PCA(n_components=50, svd_solver="covariance_eigh"))]
