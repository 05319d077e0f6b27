"""Sixty principal components of the gradient histograms of an upright digit."""

from sklearn.decomposition import PCA

from digits.images.gradients import OrientedGradients

STEPS = [("gradients", OrientedGradients()), ("components", PCA(n_components=60, svd_solver="covariance_eigh"))]
