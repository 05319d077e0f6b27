import base64
import io

from digits.io import tables
from digits.report import board
from digits.report.board import Errors
from digits.report.content import PACKAGES, averages, locked_versions, samples
from digits.results import drawing
from digits.results.predictions import most_confident
from digits.support.errors import PipelineError
from tests import tiny

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image


def predictions(labels: list[int], predicted: list[int], scores: list[object], threshold: float) -> pa.Table:
    """Return a table as `evaluate` writes it."""
    values = np.array(scores)
    columns = tables.score_columns(values, range(2 if values.ndim == 1 else values.shape[1]))
    return tables.table({"label": np.array(labels), "prediction": np.array(predicted), **columns}, threshold=threshold)


@pytest.mark.parametrize(
    ("labels", "predicted", "scores", "threshold", "expected", "shares"),
    [
        ([1, 0, 0, 1, 1], [0, 1, 0, 0, 1], [-0.5, 2.0, -0.7, -1.0, 1.5], 0, [1, 3, 0], [1, 0.5, 0]),
        ([0, 0, 1], [1, 1, 1], [0.1, 0.9, 0.8], 0, [1, 0], [1, 0]),
        ([1, 1, 0], [0, 0, 0], [0.4, 0.1, 0.3], 0.5, [1, 0], [1, 0]),
        ([0, 1, 2], [1, 0, 2], [[0.1, 0.5, 0.4], [0.6, 0.2, 0.2], [0.2, 0.25, 0.55]], 0.5, [1, 0], [1, 0]),
        ([2], [1], [[0.0, 0.7, 0.3]], 0.5, [0], [0]),
    ],
    ids=["a detector", "decision values from 0 to 1", "probabilities", "several classes", "nothing is right"],
)
def test_the_most_confident_mistakes_come_first(
    labels: list[int],
    predicted: list[int],
    scores: list[object],
    threshold: float,
    expected: list[int],
    shares: list[float],
) -> None:
    wrong, share = most_confident(predictions(labels, predicted, scores, threshold))
    assert wrong.tolist() == expected
    assert share.tolist() == shares


def test_a_lock_without_versions_is_told() -> None:
    with pytest.raises(PipelineError, match="does not pin dvc"):
        locked_versions("")


def test_versions_are_the_locked_ones() -> None:
    versions = locked_versions((tiny.ROOT / "requirements.lock").read_text())
    assert list(versions) == PACKAGES
    assert all(version[0].isdigit() for version in versions.values())


def test_images_lie_in_rows_with_a_gap_and_are_brightened() -> None:
    images = np.array([[[16, 0], [0, 0]], [[0, 16], [0, 0]], [[0, 0], [8, 0]]], np.uint8)
    address = drawing.in_page(images, columns=2)
    sheet = np.asarray(Image.open(io.BytesIO(base64.b64decode(address.removeprefix("data:image/png;base64,")))))
    assert sheet.tolist() == [
        [255, 0, 0, 0, 255],
        [0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0],
        [127, 0, 0, 0, 0],
    ]


def test_averages_and_samples_go_by_class() -> None:
    images, classes = np.array([[[10]], [[20]], [[40]]], np.uint8), np.array([0, 1, 1], np.uint8)
    assert averages(images, classes).ravel().tolist() == [10, 30]
    assert samples(images, classes, 1).ravel().tolist() == [10, 20]
    assert samples(images, classes, 2).ravel().tolist() == [10, 0, 20, 40], "each class begins a row"


def test_errors_lie_on_a_logarithmic_axis() -> None:
    errors = [Errors(0.1, 0.01, 1, 0.9, None), Errors(0.001, 0, 0.01, 0.9, 0.01)]
    drawn = board.draw([{"name": str(i), "task": "five", "errors": each} for i, each in enumerate(errors)])
    assert drawn["ticks"] == ["0.1", "1", "10", "100"]
    [group] = drawn["groups"]
    first, second = group["rows"]
    assert [first[key] for key in ("low", "test", "high")] == pytest.approx([33.33, 66.67, 100])
    assert "out_of_fold" not in first
    assert [second[key] for key in ("low", "test", "out_of_fold")] == pytest.approx([0, 0, 33.33])
