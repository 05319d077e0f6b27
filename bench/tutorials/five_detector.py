"""Recognizing Handwritten Digits, as written, but for `fetch_mldata` and its lost `fit`: a detector of fives.

The ROC curve is that of the fitted model's own decision function on its training images; it costs no more fits.
"""

import numpy as np
from mnist import mnist  # type: ignore[import-not-found]
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import confusion_matrix, f1_score, precision_score, recall_score, roc_curve
from sklearn.model_selection import cross_val_predict, cross_val_score

x, y = mnist()
x_train, y_train = x[:60_000], y[:60_000]
np.random.seed(42)
shuffled = np.random.permutation(60_000)
x_train, y_train = x_train[shuffled], y_train[shuffled]
y_train_5 = y_train == 5
classifier = SGDClassifier(random_state=42, max_iter=10)
classifier.fit(x_train, y_train_5)
print("digit 36000 is a five:", classifier.predict([x[36_000]])[0])
print("folds", cross_val_score(classifier, x_train, y_train_5, cv=3, scoring="accuracy"))
predicted = cross_val_predict(classifier, x_train, y_train_5, cv=3)
print("confusion", confusion_matrix(y_train_5, predicted).tolist())
print("precision", precision_score(y_train_5, predicted), "recall", recall_score(y_train_5, predicted))
print("F1", f1_score(y_train_5, predicted))
print("ROC points", len(roc_curve(y_train_5, classifier.decision_function(x_train))[0]))
