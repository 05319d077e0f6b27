"""A multilayer perceptron, fitted incrementally: `max_iter` passes over all rows."""

PARTIAL_FIT = True
