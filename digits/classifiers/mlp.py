"""A multilayer perceptron."""
