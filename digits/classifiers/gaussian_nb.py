"""Gaussian naive Bayes: each pixel by itself, normally distributed within a class."""

from sklearn.naive_bayes import GaussianNB as Classifier
