import base64
import io

from digits.io import tables
from digits.report import scripts
from digits.report.page import Axis
from digits.results import drawing
from digits.results.predictions import most_confident

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image


def predictions(labels: list[int], predicted: list[int], scores: list[object]) -> pa.Table:
    """Return a table as `evaluate` writes it."""
    values = np.array(scores)
    columns = tables.score_columns(values, range(2 if values.ndim == 1 else values.shape[1]), "decision_function")
    return tables.table({"label": np.array(labels), "prediction": np.array(predicted), **columns})


@pytest.mark.parametrize(
    ("labels", "predicted", "scores", "expected", "shares"),
    [
        ([1, 0, 0, 1, 1], [0, 1, 0, 0, 1], [-0.5, 2.0, -0.7, -1.0, 1.5], [1, 3, 0], [1, 1, 0]),
        ([0, 1, 2], [1, 0, 2], [[0.1, 0.5, 0.4], [0.6, 0.2, 0.2], [0.2, 0.25, 0.55]], [1, 0], [1, 0]),
        ([2], [1], [[0.0, 0.7, 0.3]], [0], [0]),
    ],
    ids=["a detector", "several classes", "nothing is right"],
)
def test_the_most_confident_mistakes_come_first(
    labels: list[int], predicted: list[int], scores: list[object], expected: list[int], shares: list[float]
) -> None:
    wrong, share = most_confident(predictions(labels, predicted, scores))
    assert wrong.tolist() == expected
    assert share.tolist() == shares


def pixels(address: str) -> list[list[int]]:
    """Return what a picture shows."""
    content = base64.b64decode(address.removeprefix("data:image/png;base64,"))
    return np.asarray(Image.open(io.BytesIO(content))).tolist()


def test_images_lie_in_rows_with_a_gap_and_are_brightened() -> None:
    images = np.array([[[16, 0], [0, 0]], [[0, 16], [0, 0]], [[0, 0], [8, 0]]], np.uint8)
    address = drawing.in_page(images, columns=2)
    assert pixels(address) == [
        [255, 0, 0, 0, 255],
        [0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0],
        [127, 0, 0, 0, 0],
    ]


def test_two_experiments_are_compared_in_numbers_that_can_be_read() -> None:
    row, label = np.arange(10_000), np.zeros(10_000, int)
    sides = [("first", label), ("second", (row < 400).astype(int))]
    columns = {"row": row, "label": label}
    of_task = [{"name": name, "predictions": tables.table(columns | {"prediction": each})} for name, each in sides]
    found = scripts.compare([of_task])["first"]["second"]
    assert "400 fewer of 10\N{NO-BREAK SPACE}000 right (p < 0.001): the second is worse" in found["conclusion"]
    assert found["cells"][1::4] == ["10\N{NO-BREAK SPACE}000", "< 0.001"]


def test_errors_lie_on_a_logarithmic_axis() -> None:
    assert not Axis([0.1]).has_zero
    axis = Axis([0.1, 0.01, 0.001, 0])
    assert axis.has_zero
    assert axis.ticks == ["0.1", "1", "10", "100"]
    assert [axis.place(error) for error in (0.01, 0.1)] == pytest.approx([33.33, 66.67])
    assert [axis.place(error) for error in (0, 0.001, 1)] == pytest.approx([0, 0, 100])
