"""A linear model by stochastic gradient descent, fitted incrementally: `max_iter` passes over all rows."""

PARTIAL_FIT = True
