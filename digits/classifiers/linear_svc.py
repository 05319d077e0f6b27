"""A linear support vector machine for each class against the rest, fitted by liblinear."""

from sklearn.svm import LinearSVC as Classifier
