import base64
import io

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from digits.common import tables
from digits.common.cli import PipelineError
from tests import tiny
from tools.report import images
from tools.report.__main__ import PACKAGES, locked_versions
from tools.report.mistakes import surest_first


def predictions(labels: list[int], said: list[int], scores: list[object], classes: list[int]) -> pa.Table:
    """Return a table as `evaluate` writes it."""
    columns = tables.score_columns(np.array(scores), np.array(classes))
    return tables.table({"label": np.array(labels), "prediction": np.array(said), **columns})


def test_the_surest_mistakes_of_a_detector_come_first() -> None:
    scores: list[object] = [-0.5, 2.0, -0.7, -1.0, 1.5]
    wrong, surer = surest_first(predictions([1, 0, 0, 1, 1], [0, 1, 0, 0, 1], scores, [0, 1]))
    assert wrong.tolist() == [1, 3, 0]
    assert surer.tolist() == [1.0, 0.5, 0.0]


def test_probabilities_are_measured_from_one_half() -> None:
    wrong, surer = surest_first(predictions([1, 1, 0], [0, 0, 0], [0.4, 0.1, 0.3], [0, 1]))
    assert wrong.tolist() == [1, 0]
    assert surer.tolist() == [1.0, 0.0]


def test_decision_values_may_all_be_above_0() -> None:
    wrong, surer = surest_first(predictions([0, 0, 1], [1, 1, 1], [0.1, 0.9, 0.8], [0, 1]))
    assert wrong.tolist() == [1, 0]
    assert surer.tolist() == [1.0, 0.0]


def test_with_several_classes_the_next_best_tells_how_sure() -> None:
    scores: list[object] = [[0.5, 0.1, 0.4], [0.2, 0.6, 0.2], [0.2, 0.25, 0.55]]
    wrong, surer = surest_first(predictions([5, 2, 7], [2, 5, 7], scores, [2, 5, 7]))
    assert wrong.tolist() == [1, 0]
    assert surer.tolist() == [1.0, 0.0]


def test_where_nothing_is_right_there_is_nothing_to_be_surer_than() -> None:
    wrong, surer = surest_first(predictions([7], [5], [[0.0, 0.7, 0.3]], [2, 5, 7]))
    assert wrong.tolist() == [0]
    assert surer.tolist() == [0.0]


def test_a_lock_without_versions_is_told() -> None:
    with pytest.raises(PipelineError, match="does not pin dvc"):
        locked_versions("")


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
    assert images.samples(pixels, classes, 2).tolist() == [[10], [0], [20], [40]], "each class begins a row"
