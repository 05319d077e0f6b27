"""The features: what each set computes of an image."""

from typing import Any

import numpy as np
import pytest
from scipy.ndimage import map_coordinates
from scipy.sparse import issparse

from digits.core.images import ImageFormat
from digits.features.color_histogram import color_histogram
from digits.features.hog import GRID_STEP, gradients_by_direction, hog, window_weights
from digits.features.normalized import normalize
from digits.imaging.transforms.binary_grid import round_to_grid
from digits.imaging.transforms.deskewing import deskew, moments
from digits.imaging.transforms.interpolation import interpolate
from digits.learning.pipelines import FEATURES_FOLDER, build_features
from tests.helpers import tiny

RNG = np.random.default_rng(0)
FEATURES = sorted(path.stem for path in FEATURES_FOLDER.glob("*.py"))
OTHER_THAN_GRADIENTS = [features for features in FEATURES if features != "hog"]


def load_images() -> Any:
    """Return the tiny digits, enlarged to 24 x 24 pixels, shape (400, 24, 24)."""
    pixels, _ = tiny.digits()
    return np.kron(pixels.reshape(-1, *tiny.SHAPE), np.ones((3, 3), np.uint8))


@pytest.mark.parametrize(
    ("features", "parameters", "n_columns"),
    [
        ("raw", {}, 576),
        ("raw", {"sparse": True}, 576),
        ("scaled", {}, 576),
        ("scaled", {"n_components": 50}, 50),
        ("normalized", {}, 576),
        ("hog", {}, 12 * 7 * 7),
        ("hog", {"deskewed": False, "orientations": 3, "step": 8, "radius": 1}, 3 * 2 * 2),
        ("hog", {"n_components": 40}, 40),
    ],
)
def test_each_set_of_features_has_its_number_of_columns(
    features: str, parameters: dict[str, Any], n_columns: int
) -> None:
    X = load_images().reshape(400, -1)
    Z = build_features(
        features, parameters, ImageFormat((24, 24), tiny.PIXEL_MAX)
    ).fit_transform(X)
    assert Z.shape == (400, n_columns)
    assert Z.dtype == np.float32
    if features == "raw":
        assert issparse(Z) == bool(parameters)
        assert ((Z.toarray() if issparse(Z) else Z) == X).all()


def test_the_parameters_of_the_features_are_those_of_params_yaml() -> None:
    X = load_images()[:20].reshape(20, -1)
    parameters: dict[str, Any] = {"orientations": 9, "step": 4, "radius": 3, "deskewed": False}
    found = build_features(
        "hog", parameters, ImageFormat((24, 24), tiny.PIXEL_MAX)
    ).fit_transform(X)
    assert np.array_equal(found, hog(X, tiny.PIXEL_MAX, **parameters))
    found = build_features(
        "normalized", {"norm": 2.5}, ImageFormat((24, 24), 16)
    ).fit_transform(X)
    assert np.array_equal(found.toarray(), normalize(X, 2.5).toarray())
    colours = RNG.integers(0, 256, (20, 4 * 4 * 3), dtype=np.uint8)
    parameters = {"hues": 2, "saturations": 3, "values": 5}
    features = build_features("color_histogram", parameters, ImageFormat((4, 4, 3), 255))
    found = features.fit_transform(colours)
    assert np.array_equal(found, color_histogram(colours, 255, [2, 3, 5]))
    parameters["n_components"] = 4
    features = build_features("color_histogram", parameters, ImageFormat((4, 4, 3), 255))
    assert features.fit_transform(colours).shape == (20, 4)


@pytest.mark.parametrize("features", OTHER_THAN_GRADIENTS)
def test_all_features_but_gradients_take_images_that_are_not_square(features: str) -> None:
    X = RNG.integers(0, 256, (120, 6 * 8 * 3), dtype=np.uint8)
    Z = build_features(features, {}, ImageFormat((6, 8, 3), 255)).fit_transform(X)
    assert Z.shape[0] == 120


@pytest.mark.parametrize("features", FEATURES)
def test_a_dark_image_has_the_same_features_alone_and_beside_bright_ones(features: str) -> None:
    X = RNG.integers(0, 256, (20, 8 * 8 * 3), dtype=np.uint8)
    X[0] //= 4
    pipeline = build_features(features, {}, ImageFormat((8, 8, 3), 255)).fit(X)
    alone, beside = pipeline.transform(X[:1]), pipeline.transform(X)[[0]]
    if issparse(alone):
        alone, beside = alone.toarray(), beside.toarray()
    np.testing.assert_allclose(alone, beside, rtol=1e-5)


def test_normalized_images_have_the_same_norm_and_one_without_ink_stays() -> None:
    X = RNG.integers(0, 256, (1500, 20), dtype=np.uint8)  # two batches
    X[7] = 0
    X[8] = X[8] > 250  # a faint image
    X[8, 0] = 1
    Z = normalize(X, 4).toarray()
    norms = np.linalg.norm(X.astype(float), axis=1, keepdims=True)
    np.testing.assert_allclose(Z, 4.0 * X / np.maximum(norms, 1), rtol=1e-6)
    assert not Z[7].any()


def test_fractional_positions_are_read_as_scipy_reads_them() -> None:
    images = RNG.random((5, 6, 9), dtype=np.float32)
    rows = RNG.uniform(-3, 9, (5, 4, 7)).astype(np.float32)
    columns = RNG.uniform(-3, 12, (5, 4, 7)).astype(np.float32)
    values = interpolate(images, rows, columns)
    for image, row, column, value in zip(images, rows, columns, values, strict=True):
        expected = map_coordinates(image, [row, column], order=1, mode="grid-constant")
        np.testing.assert_allclose(value, expected, atol=1e-5)


def test_a_deskewed_digit_is_in_the_middle_and_not_slanted() -> None:
    images = load_images()[:50].astype(np.float32)
    padded = np.pad(images, [(0, 0), (8, 20), (14, 8)])  # so that no ink goes outside
    _, height, width = padded.shape
    _, _, slant_before = moments(padded)
    mean_row, mean_column, slant = moments(deskew(padded))
    np.testing.assert_allclose(mean_row, (height - 1) / 2, atol=0.1)
    np.testing.assert_allclose(mean_column, (width - 1) / 2, atol=0.1)
    assert np.abs(slant_before).max() > 0.15
    assert np.abs(slant).max() < 0.03


def test_the_moments_of_an_image_are_the_centre_and_the_slant_of_its_ink() -> None:
    image = np.zeros((1, 7, 9), np.float32)
    for row in range(1, 6):
        image[0, row, 8 - row] = 2  # one pixel to the left per row
    assert np.allclose(np.ravel(moments(image)), [3, 5, -1], atol=1e-3)
    assert np.allclose(moments(np.zeros((1, 7, 9), np.float32)), 0)


@pytest.mark.parametrize(
    ("angle", "directions"), [(0, [0]), (90, [3]), (210, [7]), (45, [1, 2])]
)
def test_a_gradient_counts_along_its_direction_or_the_two_nearest(
    angle: int, directions: list[int]
) -> None:
    rows, columns = np.mgrid[:5, :5]
    radians = np.deg2rad(angle)
    image = np.cos(radians) * columns + np.sin(radians) * rows
    gradients = gradients_by_direction(image[np.newaxis].astype(np.float32), 12)
    strengths = gradients[0, :, 2, 2] / 2  # from the pixel before to the pixel after
    assert np.flatnonzero(strengths > 1e-5).tolist() == directions
    assert np.ptp(strengths[directions]) < 1e-5
    if len(directions) == 1:
        assert strengths[directions[0]] == pytest.approx(1)


@pytest.mark.parametrize("step", [1, 2, 3, 4])
@pytest.mark.parametrize("side", [8, 23, 24, 28])
def test_windows_are_symmetric_and_every_step(side: int, step: int) -> None:
    weights = window_weights(side, step, radius=5)
    n_windows = (side - 1) // step
    assert weights.shape == (side, n_windows)
    assert (weights == weights[::-1, ::-1]).all()
    centre = (side - 1) / 2 - step * (n_windows - 1) / 2
    assert (weights[:, 0] == np.maximum(0, 10 - 2 * np.abs(np.arange(side) - centre))).all()


def test_histograms_are_the_roots_of_weighted_sums_of_gradients() -> None:
    images = load_images()[:300]  # two batches
    X = images.reshape(300, -1)
    histograms = hog(X, tiny.PIXEL_MAX, orientations=6, step=4, radius=3, deskewed=True)
    deskewed = deskew(images.astype(np.float32) / tiny.PIXEL_MAX)
    weights = window_weights(24, 4, 3)
    for index in [0, 299]:
        gradients = round_to_grid(
            gradients_by_direction(deskewed[index : index + 1], 6)[0], GRID_STEP
        )
        # In another order, and with more digits. The sums are the same, as on any processor.
        sums = np.einsum("rv,drc,ch->dvh", weights, gradients, weights, dtype=np.float64)
        roots = np.sqrt(sums.ravel().astype(np.float32)) / (2 * 3)
        assert np.array_equal(histograms[index], round_to_grid(roots, GRID_STEP))
