"""A linear model, fitted by stochastic gradient descent."""
