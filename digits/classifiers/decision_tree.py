"""A single decision tree."""

from sklearn.tree import DecisionTreeClassifier as Classifier
