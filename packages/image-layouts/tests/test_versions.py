"""Pictures of one name in two folders: versions of one picture are asked about, classes not."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter, ImageOps
from sklearn.datasets import load_digits, load_sample_images

from image_layouts.errors import LayoutError
from image_layouts.layout.folder import Folder
from image_layouts.proposing.choose import choose

CHINA, FLOWER = map(Image.fromarray, load_sample_images().images)
DIGITS = load_digits()


def crop(photo: Image.Image, number: int, seed: int = 0) -> Image.Image:
    """Return a part of a photo, of 90 × 90 pixels."""
    x, y = np.random.default_rng([seed, number]).integers(0, 330, 2).tolist()
    return photo.crop((x, y, x + 90, y + 90))


def write(folder: Path, name: str, pictures: list[Image.Image]) -> None:
    """Write the pictures of a class, which are numbered from 0."""
    for number, picture in enumerate(pictures):
        path = folder / name.format(number)
        path.parent.mkdir(exist_ok=True)
        picture.save(path)


def ask(folder: Path) -> str:
    """Return the questions about a folder."""
    with pytest.raises(LayoutError) as error:
        choose(Folder(folder))
    return "\n".join(line for line in error.value.lines if "question: " in line)


def measure_depth(picture: Image.Image) -> Image.Image:
    """Return a depth in millimetres, of 16 bits."""
    grey = np.asarray(picture.convert("L").filter(ImageFilter.GaussianBlur(3)))
    return Image.fromarray(grey.astype(np.uint16) * 12 + 1000)


VERSIONS: dict[str, Callable[[Image.Image], Image.Image]] = {
    "depth": measure_depth,
    "mask": lambda picture: picture.convert("1", dither=Image.Dither.NONE),
    "sketch": lambda picture: picture.convert("L").filter(ImageFilter.FIND_EDGES),
    "mirrored": ImageOps.mirror,
    "small": lambda picture: picture.resize((20, 20)),
}


@pytest.mark.parametrize("kind", VERSIONS)
def test_versions_of_one_picture_are_no_classes(kind: str, tmp_path: Path) -> None:
    photos = [crop([CHINA, FLOWER][number % 2], number) for number in range(20)]
    write(tmp_path, "rgb/{:04}.png", photos)
    write(tmp_path, f"{kind}/{{:04}}.png", [VERSIONS[kind](photo) for photo in photos])
    asked = r"\w+/(\d+.png) and \w+/\1 are called alike, and look alike: do they show two"
    assert re.search(asked, ask(tmp_path))


@pytest.mark.parametrize("names", ["x/img_{:03} y/{}_mask", "x/{}a y/{}b", "rgb_{} depth_{}"])
def test_what_all_names_of_a_class_have_does_not_count(names: str, tmp_path: Path) -> None:
    photos = [crop(CHINA, number) for number in range(20)]
    depths = [measure_depth(photo) for photo in photos]
    for name, pictures in zip(names.split(), [photos, depths], strict=True):
        write(tmp_path, f"{name}.png", pictures)
    assert "are called alike, and look alike" in ask(tmp_path)


@pytest.mark.parametrize("names", ["cat dog", "with_mask without_mask", "left right"])
def test_classes_may_number_their_pictures_alike(names: str, tmp_path: Path) -> None:
    for name, photo in zip(names.split(), [CHINA, FLOWER], strict=True):
        seed = ord(name[-1])
        write(tmp_path, f"{name}/{{}}.png", [crop(photo, n, seed) for n in range(30)])
    assert choose(Folder(tmp_path)).layout == "{class}/*"


def test_ten_classes_in_the_order_of_a_file_are_no_versions(tmp_path: Path) -> None:
    for name in range(10):
        pixels = DIGITS.images[DIGITS.target == name][:40].astype(np.uint8) * 15
        write(tmp_path, f"{name}/OIP ({{}}).png", list(map(Image.fromarray, pixels)))
    assert choose(Folder(tmp_path)).layout == "{class}/*"


@pytest.mark.parametrize("blank", [False, True])
def test_too_few_pictures_decide_nothing(blank: bool, tmp_path: Path) -> None:
    for name in ["cat", "dog"]:
        count = 12 if blank else 4
        pictures = [Image.new("L", (9, 9)) if blank else crop(CHINA, n) for n in range(count)]
        write(tmp_path, f"{name}/{{}}.png", pictures)
    assert "are called alike: do they show two different persons" in ask(tmp_path)
