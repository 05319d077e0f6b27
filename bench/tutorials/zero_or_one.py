"""Binary Classification of MNIST Data using Python Machine Learning, as written: is a digit below two?

A support vector machine, measured on what it was trained on.
"""

from sklearn.datasets import load_digits
from sklearn.metrics import accuracy_score
from sklearn.svm import SVC

digits = load_digits()
images, labels = digits.data, digits.target < 2
classifier = SVC(gamma=0.001)
classifier.fit(images, labels)
print("training accuracy", accuracy_score(labels, classifier.predict(images)))
