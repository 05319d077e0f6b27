"""Logistic regression."""

from sklearn.linear_model import LogisticRegression as Classifier
