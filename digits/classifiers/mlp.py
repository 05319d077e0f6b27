"""A multilayer perceptron."""

from sklearn.neural_network import MLPClassifier as Classifier
