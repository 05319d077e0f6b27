"""The majority class, always: the baseline."""

from sklearn.dummy import DummyClassifier as Classifier
