"""Digits that touch: scikit-learn's, drawn as MNIST's, pushed together, and read by models of them."""

from digits.core.tables import Pixels, Vector
from digits.handwriting import components
from digits.handwriting.components import Digit
from digits.handwriting.likeness import Likeness
from digits.handwriting.normalize import normalize
from digits.handwriting.recognizer import Recognizer
from digits.learning import pipelines, scoring
from digits.pictures import Picture

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis
from sklearn.pipeline import Pipeline
from sklearn.svm import SVC

TRAIN = 1_400


@pytest.fixture(scope="module")
def drawn() -> tuple[Pixels, Vector]:
    """Return scikit-learn's digits in 28 × 28, and their classes."""
    bunch = load_digits()
    large = np.kron(bunch.images / 16, np.ones((1, 4, 4))).astype(np.float32)
    return np.array([normalize(image, 28) for image in large]), bunch.target


@pytest.fixture(scope="module")
def recognizer(drawn: tuple[Pixels, Vector]) -> Recognizer:
    images, classes = drawn
    X, y = images[:TRAIN].reshape(TRAIN, -1), classes[:TRAIN]  # noqa: N806
    steps = pipelines.features("gradients_40")
    svc = Pipeline([*steps, ("classifier", SVC(C=10, gamma=0.004))]).fit(X, y)
    density = Pipeline([*steps, ("classifier", QuadraticDiscriminantAnalysis(reg_param=0.01))]).fit(X, y)
    held_out = images[TRAIN:].reshape(-1, 28 * 28)
    rule = Likeness.fit(
        lambda scores: scores, scoring.score(svc, held_out), density, density.decision_function(held_out).max(axis=1)
    )
    return Recognizer("svc", (28, 28), list(range(10)), [str(i) for i in range(10)], [], svc, 0.2, rule)


def find(recognizer: Recognizer, sheet: Pixels) -> list[Digit]:
    """Return the digits of a sheet, those that touch split."""
    [digits] = recognizer.split([components.find(Picture(sheet, 1.0))])
    return digits


def beside(left: Pixels, right: Pixels, overlap: int) -> Pixels:
    """Return two images side by side on a larger sheet, so that their ink overlaps by some columns."""
    left, right = left[:, left.any(axis=0)], right[:, right.any(axis=0)]
    apart = ((0, 0), (left.shape[1] - overlap, 0)), ((0, 0), (0, right.shape[1] - overlap))
    return np.pad(np.maximum(np.pad(left, apart[1]), np.pad(right, apart[0])), 14)


@pytest.mark.slow
def test_pairs_that_overlap_are_read_as_two_and_single_digits_as_one(
    drawn: tuple[Pixels, Vector], recognizer: Recognizer
) -> None:
    images, classes = drawn
    right = 0
    for i in range(TRAIN, TRAIN + 30):
        digits = find(recognizer, beside(images[i], images[i + 1], 2))
        labels = [each.label for each in recognizer.predict(np.array([digit.image for digit in digits]))]
        right += labels == classes[[i, i + 1]].tolist()
        assert len(find(recognizer, np.pad(images[i], 14))) == 1
    assert right >= 20
