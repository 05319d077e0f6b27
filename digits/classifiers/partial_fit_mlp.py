"""A multilayer perceptron, fitted incrementally: `max_iter` passes over all rows."""

from sklearn.neural_network import MLPClassifier as Classifier

PARTIAL_FIT = True
