"""Pictures of digits on paper as a dataset: the source `handwriting`."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from digits.core.images import Images
from digits.fetching.conversion import make_images
from digits.imaging import pictures
from digits.messages.errors import UserError
from digits.settings.params import DatasetParams
from digits_handwriting import components, source
from tests.helpers import tiny


def draw(path: Path, *tops: int) -> None:
    """Write a picture of upright bars side by side, each from a row of its own to row 80."""
    sheet = np.full((100, 100), 220, np.uint8)
    for i, top in enumerate(tops):
        sheet[top:80, 20 + 40 * i : 28 + 40 * i] = 30
    path.parent.mkdir(exist_ok=True)
    Image.fromarray(sheet).save(path)


def read(folder: Path, **values: Any) -> Images:
    block = (
        tiny.dataset({"handwriting": str(folder)})
        | {"shape": [28, 28], "pixel_max": 255}
        | values
    )
    dataset = DatasetParams.model_validate(block)
    return make_images(source.source.open(str(folder), dataset), dataset)


def test_digits_are_drawn_as_predict_draws_them_and_a_picture_of_two_is_refused(
    tmp_path: Path,
) -> None:
    draw(tmp_path / "1" / "photo.jpg", 20)
    draw(tmp_path / "7" / "photo.png", 30)
    images = read(tmp_path)
    [digit] = components.find(pictures.read(tmp_path / "1" / "photo.jpg"))
    assert np.array_equal(images.X[0].reshape(28, 28), digit.image)
    assert images.table["class"].tolist() == [0, 1]
    assert images.class_names == ["1", "7"]
    assert 0 < read(tmp_path, shape=[8, 8], pixel_max=16).X.max() <= 16
    for shape in [[20, 28], [28, 20], [20, 20], [28, 28, 3]]:
        written = " × ".join(map(str, shape))
        with pytest.raises(
            UserError, match=f"draws images of 28 × 28 or 8 × 8 pixels, not of {written}$"
        ):
            read(tmp_path, shape=shape)
    draw(tmp_path / "7" / "two.png", 20, 30)
    with pytest.raises(
        UserError,
        match=r"7/two\.png: 2 digits are in the picture; make a picture of each$",
    ):
        read(tmp_path)
