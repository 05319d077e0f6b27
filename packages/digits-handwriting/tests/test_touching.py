"""Digits that touch: scikit-learn's, drawn as MNIST's, pushed together, and read by models of them."""

from dataclasses import replace

import numpy as np
from sklearn.datasets import load_digits
from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis
from sklearn.pipeline import Pipeline
from sklearn.svm import SVC

from digits.core.tables import Pixels, Vector
from digits.imaging.pictures import Picture
from digits.learning.pipelines import build_features
from digits.learning.scores import compute_scores
from digits.settings.params import DatasetParams
from digits_handwriting.normalize import normalize
from digits_handwriting.recognizer import Recognizer
from digits_handwriting.typicality import Typicality

TRAIN = 600
IMAGES = 800
PAIRS = 8


def fit(images: Pixels, y: Vector) -> Recognizer:
    """Return a recognizer of the first `TRAIN` images, whose p-values are computed from the others."""
    X = images.reshape(-1, 28 * 28)
    steps = build_features("hog", {"n_components": 40}, (28, 28), 255).steps
    svc = Pipeline([*steps, ("classifier", SVC(C=10, gamma=0.004))]).fit(X[:TRAIN], y[:TRAIN])
    gaussians = QuadraticDiscriminantAnalysis(reg_param=0.01)
    density = Pipeline([*steps, ("classifier", gaussians)]).fit(X[:TRAIN], y[:TRAIN])
    labels: dict[int, int | str] = {number: number for number in range(10)}
    dataset = DatasetParams(
        images=IMAGES, shape=[28, 28], classes=10, sources=[{"sklearn": "digits"}], sha256={}
    )
    recognizer = Recognizer("svc", dataset, labels, svc, 0.2)
    probabilities = recognizer.calibrate(compute_scores(svc, X[TRAIN:]))
    log_densities = density.decision_function(X[TRAIN:]).max(axis=1)
    return replace(recognizer, typicality=Typicality.fit(probabilities, density, log_densities))


def beside(left: Pixels, right: Pixels, overlap: int) -> Pixels:
    """Return two images side by side on a larger sheet, so that their ink overlaps by some columns."""
    left = left[:, left.any(axis=0)]
    right = right[:, right.any(axis=0)]
    n_before = left.shape[1] - overlap
    n_after = right.shape[1] - overlap
    left = np.pad(left, ((0, 0), (0, n_after)))
    right = np.pad(right, ((0, 0), (n_before, 0)))
    return np.pad(np.maximum(left, right), 14)


def test_pairs_that_overlap_are_read_as_two_and_single_digits_as_one() -> None:
    bunch = load_digits()
    large = np.kron(bunch.images[:IMAGES] / 16, np.ones((1, 4, 4))).astype(np.float32)
    images = np.array([normalize(image, 28) for image in large])
    classes = bunch.target[:IMAGES]
    recognizer = fit(images, classes)

    def read(sheet: Pixels) -> list[int | str]:
        return [each.label for each in recognizer.predict_picture(Picture(sheet, 1.0))]

    right = 0
    for i in range(TRAIN, TRAIN + PAIRS):
        pair = read(beside(images[i], images[i + 1], 2))
        right += pair == classes[[i, i + 1]].tolist()
        assert len(read(np.pad(images[i], 14))) == 1
    assert right >= 6
