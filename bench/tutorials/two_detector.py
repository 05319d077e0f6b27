"""Mnist Dataset for Machine Learning, as written in its text: a detector of twos.

Its listing splits elsewhere, and finds no two.
"""

import numpy as np
from mnist import mnist  # type: ignore[import-not-found]
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score

x, y = mnist()
x_train, x_test, y_train, y_test = x[:60_000], x[60_000:], y[:60_000], y[60_000:]
shuffled = np.random.RandomState(42).permutation(60_000)
x_train, y_train = x_train[shuffled], y_train[shuffled]
y_train_2, y_test_2 = y_train == 2, y_test == 2
classifier = LogisticRegression(tol=0.1)
classifier.fit(x_train, y_train_2)
print("digit 36001 is a two:", classifier.predict([x[36_001]])[0])
print("folds", cross_val_score(classifier, x_train, y_train_2, cv=3, scoring="accuracy").mean())
print("test accuracy", classifier.score(x_test, y_test_2))
