"""A support vector machine for each pair of classes."""

from sklearn.svm import SVC as Classifier
