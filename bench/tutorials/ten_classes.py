"""Image Classification with MNIST Dataset, as written, but for the loss that is now called `log_loss`.

Ten classes by linear models.
"""

from mnist import mnist  # type: ignore[import-not-found]
from sklearn.linear_model import SGDClassifier
from sklearn.model_selection import cross_val_score

x, y = mnist()
x_train, x_test, y_train, y_test = x[:60_000], x[60_000:], y[:60_000], y[60_000:]
for loss in ("hinge", "log_loss"):
    classifier = SGDClassifier(loss=loss, random_state=42)
    classifier.fit(x_train, y_train)
    print("folds", cross_val_score(classifier, x_train, y_train, cv=3, scoring="accuracy"))
    print("test accuracy", classifier.score(x_test, y_test))
