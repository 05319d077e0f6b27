"""A forest of extremely randomized trees."""

from sklearn.ensemble import ExtraTreesClassifier as Classifier
