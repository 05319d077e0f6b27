"""Digits that touch: scikit-learn's, drawn as MNIST's, pushed together, and read by models of them."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis
from sklearn.pipeline import Pipeline
from sklearn.svm import SVC

from digits.core.images import ImageFormat
from digits.core.pixels import Pixels, Vector
from digits.fetching.summary import Summary
from digits.imaging.pictures import Picture
from digits.learning.pipelines import build_features
from digits.learning.scores import compute_scores
from digits.settings.params import DatasetParams
from digits_handwriting.normalize import normalize
from digits_handwriting.novelty import NoveltyDetector
from digits_handwriting.prediction import DigitPrediction
from digits_handwriting.recognizer import Recognizer
from digits_handwriting.touching import split
from test_ink import ALONE, found, ink, page

TRAIN = 600
IMAGES = 800
PAIRS = 8


def fit(images: Pixels, y: Vector) -> Recognizer:
    """Return a recognizer of the first `TRAIN` images, whose p-values are computed from the others."""
    X = images.reshape(-1, 28 * 28)
    steps = build_features("hog", {"n_components": 40}, ImageFormat((28, 28), 255)).steps
    svc = Pipeline([*steps, ("classifier", SVC(C=10, gamma=0.004))]).fit(X[:TRAIN], y[:TRAIN])
    gaussians = QuadraticDiscriminantAnalysis(reg_param=0.01)
    density = Pipeline([*steps, ("classifier", gaussians)]).fit(X[:TRAIN], y[:TRAIN])
    labels: dict[int, int | str] = {number: number for number in range(10)}
    dataset = DatasetParams(shape=[28, 28], sources=[{"sklearn": "digits"}])
    summary = Summary(images=IMAGES, classes=dict.fromkeys(range(10), IMAGES // 10))
    recognizer = Recognizer("svc", dataset, summary, labels, svc, 0.2)
    probabilities = recognizer.calibrate(compute_scores(svc, X[TRAIN:]))
    log_densities = density.decision_function(X[TRAIN:]).max(axis=1)
    detector = NoveltyDetector.fit(probabilities, density, log_densities)
    return replace(recognizer, novelty_detector=detector)


def beside(left: Pixels, right: Pixels, overlap: int) -> Pixels:
    """Return two images side by side on a larger sheet, so that their ink overlaps by some columns."""
    left = left[:, left.any(axis=0)]
    right = right[:, right.any(axis=0)]
    n_before = left.shape[1] - overlap
    n_after = right.shape[1] - overlap
    left = np.pad(left, ((0, 0), (0, n_after)))
    right = np.pad(right, ((0, 0), (n_before, 0)))
    return np.pad(np.maximum(left, right), 14)


def test_a_digit_without_a_cut_into_two_of_nearly_its_height_is_one() -> None:
    digits = found(ALONE)
    halves = split(digits, lambda images: np.full(len(images), 0.01))
    assert halves == [digits]


def test_the_boxes_of_halves_are_in_pixels_of_the_picture() -> None:
    two_letters = ["#..#.#..#"] * 3 + ["#########"] + ["#..#.#..#"] * 3
    [digit] = found(page(100, 120, (30, 40, ink(*two_letters))))
    x, y, width, height = digit.box
    large = digit._replace(box=(x, y, 3 * width, 3 * height))  # of a picture that was reduced

    def compute_normality(images: Pixels) -> Vector:
        return np.full(len(images), 0.01 if len(images) == 1 else 0.9)  # the whole, or halves

    [[left, right]] = split([large], compute_normality)
    [(left_x, _, left_width, _), (right_x, _, right_width, _)] = [left.box, right.box]
    assert left_x == x
    assert right_x == x + left_width
    assert left_width + right_width == 3 * width
    assert min(left_width, right_width) > 0.7 * width  # no cut is near the sides


@pytest.mark.variant
def test_pairs_that_overlap_are_read_as_two_and_single_digits_as_one() -> None:
    bunch = load_digits()
    large = np.kron(bunch.images[:IMAGES] / 16, np.ones((1, 4, 4))).astype(np.float32)
    images = np.array([normalize(image, 28) for image in large])
    classes = bunch.target[:IMAGES]
    recognizer = fit(images, classes)

    def read(sheet: Pixels) -> Sequence[DigitPrediction]:
        return recognizer.predict_picture(Picture(sheet, 1.0))

    n_right = 0
    for i in range(TRAIN, TRAIN + PAIRS):
        sheet = beside(images[i], images[i + 1], 2)
        digits = read(sheet)
        if [digit.label for digit in digits] == classes[[i, i + 1]].tolist():
            n_right += 1
            # The boxes are side by side, from the first column with ink to the last one.
            (left, _, left_width, _), (right, _, right_width, _) = [
                digit.box for digit in digits
            ]
            columns = np.flatnonzero(sheet.any(axis=0))
            assert left == pytest.approx(columns[0], abs=2)
            assert left + left_width == right
            assert right + right_width == pytest.approx(columns[-1] + 1, abs=2)
        assert len(read(np.pad(images[i], 14))) == 1
        assert len(read(normalize(sheet.astype(np.float32), 28))) == 1  # as large as an image
    assert n_right >= 6

    assert recognizer.novelty_detector
    without_gaussians = recognizer.novelty_detector._replace(density_model=None)
    without_gaussians.calibration_scores.pop()
    recognizer = replace(recognizer, novelty_detector=without_gaussians)
    assert len(read(sheet)) == 1
