"""The k nearest neighbours."""

from sklearn.neighbors import KNeighborsClassifier as Classifier
