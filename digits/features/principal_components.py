"""Fifty principal components of the pixels."""

from sklearn.decomposition import PCA

from digits.images.pixels import Pixels

STEPS = [("pixels", Pixels(scale=True)), ("components", PCA(n_components=50, svd_solver="covariance_eigh"))]
