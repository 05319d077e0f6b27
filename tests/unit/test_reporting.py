import base64
import io

import numpy as np
from PIL import Image

import tiny
from report import PACKAGES, Mistake, locked_versions, worst_mistakes
from reporting import images


def test_the_surest_mistakes_of_a_detector_come_first() -> None:
    rows, labels, said = np.array([9, 8, 7, 6]), np.array([1, 0, 0, 1]), np.array([0, 1, 0, 0])
    mistakes = worst_mistakes(rows, labels, said, np.array([-0.5, 2.0, -9.0, -1.0]), np.array([0, 1]))
    assert mistakes == [Mistake(8, 0, 1, 2.0), Mistake(6, 1, 0, 1.0), Mistake(9, 1, 0, 0.5)]


def test_with_several_classes_the_margin_is_over_the_right_one() -> None:
    scores = np.array([[0.1, 0.6, 0.3], [0.5, 0.1, 0.4]])
    mistakes = worst_mistakes(np.array([4, 5]), np.array([0, 2]), np.array([1, 0]), scores, np.array([0, 1, 2]))
    assert [m.row for m in mistakes] == [4, 5]
    assert np.allclose([m.margin for m in mistakes], [0.5, 0.1])


def test_versions_are_the_locked_ones() -> None:
    versions = locked_versions((tiny.ROOT / "requirements.lock").read_text())
    assert list(versions) == PACKAGES
    assert all(version[0].isdigit() for version in versions.values())


def test_images_lie_in_rows_with_a_gap_and_are_brightened() -> None:
    pixels = np.array([[16, 0, 0, 0], [0, 16, 0, 0], [0, 0, 8, 0]], np.uint8)
    address = images.picture(pixels, (2, 2), columns=2)
    sheet = np.asarray(Image.open(io.BytesIO(base64.b64decode(address.removeprefix("data:image/png;base64,")))))
    assert sheet.tolist() == [
        [255, 0, 0, 0, 255],
        [0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0],
        [127, 0, 0, 0, 0],
    ]


def test_averages_and_samples_go_by_class() -> None:
    pixels, classes = np.array([[10], [20], [40]], np.uint8), np.array([0, 1, 1], np.uint8)
    assert images.averages(pixels, classes).tolist() == [[10], [30]]
    assert images.samples(pixels, classes, 1).tolist() == [[10], [20]]
