"""Fifty principal components of the pixels."""

from digits.features.transformers.pixels import FloatPixels

from sklearn.decomposition import PCA

STEPS = [("pixels", FloatPixels(scale=True)), ("components", PCA(n_components=50, svd_solver="covariance_eigh"))]
