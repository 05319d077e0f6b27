import numpy as np
import pytest

from digits.learning.gradients import OrientedGradients, edges_by_direction, upright


def stroke(column: int = 12, lean: float = 0.0, side: int = 28) -> np.ndarray:
    """Return one image with a vertical stroke of three pixels' width, shape (1, side, side)."""
    image = np.zeros((1, side, side), np.float32)
    for row in range(6, 22):
        middle = column + round(lean * (row - 14))
        image[0, row, middle - 1 : middle + 2] = 1
    return image


def test_a_leaning_stroke_at_the_side_becomes_a_straight_one_in_the_middle() -> None:
    straight = upright(stroke(13))
    assert np.abs(upright(stroke(8, lean=0.5)) - straight).mean() < 0.02
    assert np.abs(stroke(8, lean=0.5) - straight).mean() > 0.05
    weights = straight[0].sum(axis=0)
    assert np.average(np.arange(28), weights=weights) == pytest.approx(13.5, abs=0.01)


def test_an_empty_image_stays_empty() -> None:
    assert not upright(np.zeros((2, 28, 28), np.float32)).any()
    features = OrientedGradients().fit_transform(np.zeros((2, 784), np.uint8))
    assert np.isfinite(features).all()


def test_the_left_edge_of_a_stroke_runs_to_the_right_and_its_right_edge_back() -> None:
    edges = edges_by_direction(stroke(12), 4)[0].round(6)
    assert edges[0, 14].nonzero()[0].tolist() == [10, 11]
    assert edges[2, 14].nonzero()[0].tolist() == [13, 14]
    assert not edges[[1, 3], 14].any()


def test_an_image_has_the_same_features_alone_as_among_others() -> None:
    images = np.random.RandomState(0).randint(0, 256, (600, 784), dtype=np.uint8)
    together = OrientedGradients().fit_transform(images)
    assert together.shape == (600, 972)
    alone = OrientedGradients().fit(images).transform(images[300:301])
    assert np.array_equal(alone[0], together[300])


def test_images_that_are_not_square_are_refused() -> None:
    with pytest.raises(ValueError, match="square"):
        OrientedGradients().fit(np.zeros((2, 40), np.uint8))
