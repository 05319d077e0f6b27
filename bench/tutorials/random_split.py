"""MNIST Digits Classification with Machine Learning, as written: ten classes on a random split."""

from mnist import mnist  # type: ignore[import-not-found]
from sklearn.linear_model import SGDClassifier
from sklearn.model_selection import train_test_split

x, y = mnist()
x_train, x_test, y_train, y_test = train_test_split(x, y, test_size=0.2, random_state=42)
classifier = SGDClassifier()
classifier.fit(x_train, y_train)
print("predictions", classifier.predict(x_test))
print("test accuracy", classifier.score(x_test, y_test))
