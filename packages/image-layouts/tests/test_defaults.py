"""The models and parameters that `digits start` writes suit the images."""

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image

from digits.core.images import Images
from digits.messages.errors import UserError
from image_layouts.labelled_images import LabelledImages
from image_layouts.pipeline import start
from image_layouts.pipeline.defaults import (
    DEFAULTS_FOR_DIGITS,
    Defaults,
    find_defaults,
    find_defaults_of_pictures,
)

PHOTOS, DRAWINGS = "efficientnet_lite0", "efficientnet_lite1"
WITH_COLORS = ["network-gradients-svc", "network-colors-svc", "gradients-svc"]
WITH_GREY = ["network-gradients-svc", "gradients-svc"]
SMALL = ["pixels-svc", "gradients-svc"]
IN_COLOR = "pictures in colour"


def write_noise(path: Path, side: int, saturation: int, background: float) -> None:
    """Write a picture of grey noise with a colour, below a white background.

    Args:
        path: the file.
        side: the height and the width.
        saturation: the difference between red and the other two colours, except in white.
        background: the share of the rows that are white.
    """
    rng = np.random.default_rng(0)
    grey = rng.integers(0, 256 - saturation, (side, side, 1), dtype=np.uint8)
    pixels = np.repeat(grey, 3, axis=2)
    pixels[:, :, 0] += np.uint8(saturation)
    pixels[: round(side * background)] = 255
    Image.fromarray(pixels).save(path)


@pytest.mark.parametrize(
    ("noise", "kind", "network", "shape", "models"),
    [
        ((100, 60, 0), IN_COLOR, PHOTOS, [64, 64, 3], WITH_COLORS),
        ((100, 5, 0), "grey pictures", PHOTOS, [64, 64], WITH_GREY),
        ((30, 60, 0), IN_COLOR, PHOTOS, [64, 64, 3], WITH_COLORS),
        ((100, 0, 0.6), "large drawings", DRAWINGS, [28, 28], WITH_GREY),
        ((64, 49, 0.6), "large drawings", DRAWINGS, [28, 28], WITH_GREY),
        ((100, 52, 0.6), IN_COLOR, PHOTOS, [64, 64, 3], WITH_COLORS),
        ((63, 0, 0.6), "small drawings", None, [28, 28], SMALL),
    ],
)
def test_start_looks_at_the_pictures(
    tmp_path: Path,
    noise: tuple[int, int, float],
    kind: str,
    network: str | None,
    shape: list[int],
    models: list[str],
) -> None:
    path = tmp_path / "0.png"
    write_noise(path, *noise)
    defaults = find_defaults_of_pictures(iter([path]), 1)
    assert (defaults.network, defaults.shape) == (network, shape)
    assert defaults.max_folds == (5 if network else 3)
    reason = f"the network is {network}" if network else "there is no network"
    assert defaults.describe() == f"most look like {kind}, so {reason}"
    assert list(render_models(defaults, 0)) == models


def render_models(defaults: Defaults, n_images: int) -> dict[str, dict[str, int]]:
    """Return the parameters of the features of each model, by its name."""
    entry = {"sources": [{"files": "data/own"}], "shape": defaults.shape}
    table = pd.DataFrame({"class": 0}, range(n_images))
    images = Images(np.empty((n_images, 0), np.uint8), table)
    models = yaml.safe_load(start.render(entry, defaults, images, 3))["models"]
    return {name: model["feature_parameters"] for name, model in models.items()}


def test_with_many_images_models_learn_from_principal_components() -> None:
    photos = Defaults(True, False, PHOTOS, [64, 64, 3])
    for defaults, n_components in [(photos, 300), (DEFAULTS_FOR_DIGITS, 60)]:
        few, many = (
            render_models(defaults, count)["gradients-svc"] for count in [1_699, 1_700]
        )
        assert many == few | {"n_components": n_components}


@pytest.mark.parametrize(
    ("shape", "is_color", "suits_copies"),
    [
        ([20, 20], False, True),
        ([19, 19], False, False),
        ([20, 24], False, False),
        ([20, 20, 3], True, False),
        ([256, 256], False, True),
    ],
)
def test_start_looks_at_the_shape_of_arrays(
    shape: list[int], is_color: bool, suits_copies: bool
) -> None:
    defaults = find_defaults(LabelledImages(pd.DataFrame(), lambda: iter([]), shape))
    assert defaults.shape == shape
    kind = "arrays in colour" if is_color else "grey arrays"
    assert defaults.describe() == f"most look like {kind}, so there is no network"
    assert defaults.suits_copies == suits_copies
    assert defaults.max_folds == 3


@pytest.mark.parametrize("shape", [[257, 8], [8, 257, 3]])
def test_start_refuses_arrays_of_large_images(shape: list[int]) -> None:
    with pytest.raises(UserError, match=f"images of {shape[0]} × {shape[1]}.* cannot be used"):
        find_defaults(LabelledImages(pd.DataFrame(), lambda: iter([]), shape))


def test_pictures_that_cannot_be_read_say_nothing_about_the_others(tmp_path: Path) -> None:
    photo = tmp_path / "photo.png"
    write_noise(photo, side=64, saturation=60, background=0)
    damaged: list[Path | bytes] = [b"no picture", tmp_path / "missing.png"]
    defaults = find_defaults_of_pictures(iter([*damaged, photo]), 3)
    assert defaults == (True, False, PHOTOS, [64, 64, 3], None)
    assert find_defaults_of_pictures(iter(damaged), 2) == DEFAULTS_FOR_DIGITS


def test_start_looks_at_pictures_from_the_first_to_the_last(tmp_path: Path) -> None:
    drawing, photo = tmp_path / "drawing.png", tmp_path / "photo.png"
    Image.new("L", (100, 100), 255).save(drawing)
    write_noise(photo, side=100, saturation=60, background=0)
    # Many collections begin with all pictures of one class.
    defaults = find_defaults_of_pictures(iter([drawing] * 120 + [photo] * 180), 300)
    assert (defaults.network, defaults.shape) == (PHOTOS, [64, 64, 3])


def encode(pixels: np.ndarray, kind: str) -> bytes:
    """Return a picture file in memory."""
    output = io.BytesIO()
    Image.fromarray(pixels).save(output, kind)
    return output.getvalue()


@pytest.mark.parametrize(
    ("largest", "white"),
    [
        ([3_900, 4_300], 8_191),
        ([40, 250], 255),
        ([40] * 150 + [16_384], 32_767),
    ],
)
def test_pictures_of_more_than_8_bits_have_one_scale(largest: list[int], white: int) -> None:
    arrays = [np.linspace(0, value, 64).reshape(8, 8).astype(np.uint16) for value in largest]
    pictures = [encode(array, "PNG") for array in arrays]
    defaults = find_defaults_of_pictures(iter(pictures), len(pictures))
    assert defaults.white == white
    entry = {"sources": [{"files": "data/own"}], "white": defaults.white}
    assert f"\n    white: {white}\n" in start.render(entry, defaults, None, 3)


@pytest.mark.parametrize(("largest", "white"), [(1.02, 2), (17, 255)])
def test_pictures_of_fractions_have_one_scale(largest: float, white: int) -> None:
    picture = encode(np.full((8, 8), largest, np.float32), "TIFF")
    assert find_defaults_of_pictures(iter([picture]), 1).white == white
