"""A forest of randomized trees."""

from sklearn.ensemble import RandomForestClassifier as Classifier
