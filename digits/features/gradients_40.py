"""Forty principal components of the gradient histograms of an upright digit."""

from digits.features.transformers.gradients import OrientedGradients

from sklearn.decomposition import PCA

STEPS = [("gradients", OrientedGradients()), ("components", PCA(n_components=40, svd_solver="covariance_eigh"))]
