"""A support vector machine for each class against the rest, fitted in parallel."""

from sklearn.multiclass import OneVsRestClassifier
from sklearn.svm import SVC as Classifier


def wrap(classifier: Classifier) -> OneVsRestClassifier:
    """Return one machine for each class in place of `SVC`'s one for each pair."""
    return OneVsRestClassifier(classifier)
