"""Images read between their pixels, deskewed, and turned into gradients."""

from digits.learning.transformers.gradients import OrientedGradients, edges_by_direction
from digits.learning.transformers.interpolation import interpolate, moments, upright
from tests import tiny

import numpy as np
from scipy.ndimage import map_coordinates


def test_images_are_read_between_their_pixels_as_scipy_does() -> None:
    random = np.random.default_rng(0)
    for height, width in ((1, 1), (5, 9), (28, 28)):
        images = random.uniform(0, 255, (20, height, width)).astype(np.float32)
        rows, columns = random.uniform(-3, 1.2, (2, *images.shape)).astype(np.float32) * [[[[height]]], [[[width]]]]
        whole = random.random(images.shape) < 0.2  # between pixels, and on them
        rows = np.where(whole, rows.round(), rows).astype(np.float32)
        expected = [
            map_coordinates(image, places, order=1, mode="grid-constant")
            for image, *places in zip(images, rows, columns, strict=True)
        ]
        assert np.allclose(interpolate(images, rows, columns.astype(np.float32)), expected, atol=1e-2)


def test_a_sheared_digit_has_no_slant_when_it_is_upright() -> None:
    images = np.kron(tiny.digits()[0].reshape(-1, 8, 8), np.ones((2, 2))).astype(np.float32)
    images = np.pad(images, ((0, 0), (8, 8), (8, 8)))
    rows, columns = np.indices((32, 32), np.float32)
    sheared = interpolate(images, rows, columns + np.float32(0.3) * (rows - 15.5))
    assert np.abs(moments(sheared)[2]).max() > 0.3
    row, column, slant = moments(upright(sheared))
    assert np.abs(slant).max() < 0.03
    assert np.allclose([row, column], 15.5, atol=0.05)


def test_the_left_edge_of_a_stroke_runs_to_the_right_and_its_right_edge_back() -> None:
    stroke = np.zeros((1, 28, 28), np.float32)
    stroke[0, 6:22, 11:14] = 1
    edges = edges_by_direction(stroke, 4)[0].round(6)
    assert edges[0, 14].nonzero()[0].tolist() == [10, 11]
    assert edges[2, 14].nonzero()[0].tolist() == [13, 14]
    assert not edges[[1, 3], 14].any()


def test_an_image_has_the_same_features_alone_as_among_others() -> None:
    images = np.random.RandomState(0).randint(0, 256, (600, 784), dtype=np.uint8)
    together = OrientedGradients().fit_transform(images)
    assert together.shape == (600, 972)
    alone = OrientedGradients().fit(images).transform(images[300:301])
    assert np.array_equal(alone[0], together[300])
