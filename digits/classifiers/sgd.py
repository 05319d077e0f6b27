"""A linear model, fitted by stochastic gradient descent."""

from sklearn.linear_model import SGDClassifier as Classifier
