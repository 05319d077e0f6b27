"""A linear model by stochastic gradient descent, fitted incrementally: `max_iter` passes over all rows."""

from sklearn.linear_model import SGDClassifier as Classifier

PARTIAL_FIT = True
