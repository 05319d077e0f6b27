"""Gaussian naive Bayes: each pixel by itself, normally distributed within a class."""
