"""What is doubtful about images is said in a line, and what is usual is not."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from digits.core.images import Images
from digits.fetching.summary import Summary
from digits.results.overview import describe_images
from image_layouts.checking.class_names import find_equal_names
from tests.helpers import tiny

PIXELS, LABELS = tiny.digits()
NAMES = [str(number) for number in range(10)]


def describe(pixels: Any, classes: Any, names: Any = NAMES, **columns: Any) -> str:
    """Return what `fetch` says of images, after their counts."""
    table = pd.DataFrame({"class": classes, **columns})
    table.attrs = {"shape": [8, 8], "pixel_max": 16}
    summary = Summary(images=len(table), classes=dict.fromkeys(names, 0))
    _, *doubts = describe_images(Images(pixels, table), summary, ["files"])
    return "\n".join(doubts)


def test_usual_images_give_no_doubt() -> None:
    names = [f"{number}.png" for number in range(len(LABELS))]
    assert describe(PIXELS, LABELS, file=names) == "8 × 8 pixels, grey"


@pytest.mark.parametrize(("n_copies", "n_lines"), [(3, 0), (6, 1)])
def test_many_equal_images_of_a_class_are_counted(n_copies: int, n_lines: int) -> None:
    rows = [*range(len(LABELS)), *range(n_copies)]  # of 400 images
    line = f"{n_copies} images are equal to an earlier one of their class"
    assert describe(PIXELS[rows], LABELS[rows]).count(line) == n_lines


def test_two_images_of_different_classes_are_named_and_no_copy_of_the_same_class() -> None:
    copies = [3, 3, 3, 3, 5]  # rows of images
    pixels = np.concatenate([PIXELS, PIXELS[copies]])
    classes = np.append(LABELS, [3, 9, 7, 3, 5])
    words = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
    several = "5 images are in several classes, such as "
    said = describe(pixels, classes, words)
    assert f"{several}number 4 (three) and number 402 (nine); " in said
    names = [f"{number}.png" for number in range(len(classes))]
    assert f"{several}3.png and 401.png; " in describe(pixels, classes, words, file=names)


def test_equal_images_of_two_classes_are_no_copies() -> None:
    classes = np.append(LABELS, (LABELS[:20] + 1) % 10)
    said = describe(np.concatenate([PIXELS, PIXELS[:20]]), classes)
    assert "40 images are in several classes" in said
    assert "equal to an earlier one" not in said


def test_an_image_in_two_groups_is_named() -> None:
    pixels = np.concatenate([PIXELS, PIXELS[3:4], PIXELS[5:6]])
    classes = np.append(LABELS, LABELS[[3, 5]])
    groups = np.append(np.arange(len(LABELS)) // 40, [7, 0])  # the first is of another group
    said = describe(pixels, classes, group=groups)
    assert "2 images are in several groups, such as number 4 (0) and number 401 (7); " in said
    assert "several classes" not in said
    assert "several groups" not in describe(PIXELS, LABELS, group=groups[:-2])


def test_groups_have_their_own_names() -> None:
    table = pd.DataFrame({"class": np.append(LABELS, LABELS[3]), "group": 0})
    table.loc[len(LABELS), "group"] = 11
    group_names = [f"writer {number}" for number in range(12)]
    table.attrs = {"shape": [8, 8], "pixel_max": 16, "group_names": group_names}
    images = Images(np.concatenate([PIXELS, PIXELS[3:4]]), table)
    summary = Summary(images=len(images), classes=dict.fromkeys(NAMES, 0))
    said = describe_images(images, summary, ["files"])
    [line] = [line for line in said if "several groups" in line]
    assert "such as number 4 (writer 0) and number 401 (writer 11); " in line


SMOOTH = np.kron(np.random.default_rng(0).integers(0, 17, (60, 4, 4)), np.ones((1, 2, 2)))
PHOTOS = SMOOTH.reshape(60, 64).astype(np.uint8)  # which differ more than digits do


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda photo: photo * 0.7 + 1, id="darker"),
        pytest.param(lambda photo: photo.reshape(8, 8)[:, ::-1].ravel(), id="mirrored"),
        pytest.param(lambda photo: np.rint(photo / 2) * 2, id="fewer shades"),
    ],
)
def test_copies_are_found_in_the_pixels(change: Any) -> None:
    pixels = np.concatenate([PHOTOS, [change(photo).astype(np.uint8) for photo in PHOTOS[:6]]])
    is_test = np.arange(66) >= 60
    classes = np.arange(66) % 2
    classes[60:] = classes[:6]
    nearly = "images are nearly equal to "
    assert nearly not in describe(PHOTOS, classes[:60])
    assert f"12 {nearly}another one of their class, such as " in describe(pixels, classes)
    assert f"12 {nearly}one of the other set, " in describe(pixels, classes, test=is_test)
    others = np.where(is_test, 1 - classes, classes)
    assert f"12 {nearly}one of another class, " in describe(pixels, others)
    [line] = [
        each for each in describe(pixels, others, test=is_test).split("\n") if nearly in each
    ]
    assert line.startswith(f"12 {nearly}one of the other set, ")  # and not of two classes, too
    assert nearly not in describe(pixels, classes, group=np.arange(66) % 60)


def test_constant_images_are_no_copies() -> None:
    pixels = np.concatenate(
        [PHOTOS, np.zeros((9, 64), np.uint8) + np.arange(9, dtype=np.uint8)[:, None]]
    )
    said = describe(pixels, np.arange(69) % 2)
    assert "nearly equal" not in said
    assert "9 images are blank or nearly blank" in said


@pytest.mark.parametrize(
    ("names", "alike"),
    [
        pytest.param(["Cat", "cat", "dog"], "'Cat' and 'cat'", id="case"),
        pytest.param(["dog", "an auk", "an_auk"], "'an auk' and 'an_auk'", id="blank"),
        pytest.param(["café", "cafe"], "'café' and 'cafe'", id="accent"),
        pytest.param(["ab", "a\u200db", "b"], r"'ab' and 'a\u200db'", id="invisible"),
        pytest.param(["007", "7", "12"], "'007' and '7'", id="zeros"),
        pytest.param(["0", "00", "1"], "'0' and '00'", id="only zeros"),
    ],
)
def test_classes_with_nearly_the_same_name_are_named(names: list[str], alike: str) -> None:
    assert find_equal_names(names) == [alike]


@pytest.mark.parametrize(
    "names",
    [
        ["cat", "cats"],
        ["1", "01x"],
        ["+", "-"],
        ["A+", "A-", "A"],
        ["-1", "1"],
        ["1.5", "15"],
        ["1.05", "1.5"],
        ["0.05 mg", "0.5 mg"],
        ["10", "100", "200"],
        ["11", "101"],
        range(10),
    ],
)
def test_other_classes_are_not_the_same(names: list[object]) -> None:
    assert find_equal_names([str(name) for name in names]) == []


def test_the_test_images_among_the_others_are_counted_once_each() -> None:
    pixels = np.concatenate([PIXELS, PIXELS[:1], PIXELS[:1]])
    is_test = np.zeros(len(pixels), dtype=bool)
    is_test[0] = True
    said = describe(pixels, np.append(LABELS, LABELS[[0, 0]]), test=is_test)
    assert "; 1 of these are also among the other images, so delete them" in said
