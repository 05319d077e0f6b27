"""Which images are the training set and the test set, and which labels they have."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import GroupShuffleSplit, train_test_split

from digits.core import paths
from digits.core.images import Images, list_classes, write_images
from digits.core.pixels import Vector
from digits.data.labels import label_images
from digits.data.splitting import split_rows
from digits.fetching.fetch import fetch_images
from digits.messages.errors import UserError
from digits.settings.params import DatasetParams, SplitParams
from tests.helpers import tiny
from tests.helpers.calls import call

GROUPS = np.repeat([0, 1, 2, 3], [3, 3, 2, 4])


def make_images(
    n_images: int,
    groups: Vector | None = None,
    pixels: Vector | None = None,
    classes: Vector | None = None,
) -> Images:
    """Return images, whose pixels and classes are 0 unless they are given."""
    if pixels is None:
        pixels = np.zeros((n_images, 4), dtype=np.uint8)
    if classes is None:
        classes = np.zeros(n_images, dtype=np.uint8)
    table = pd.DataFrame({"class": classes})
    if groups is not None:
        table["group"] = groups
    return Images(pixels, table)


def split(images: Images, test: Any) -> tuple[list[int], list[int]]:
    """Return the row numbers of the training set and of the test set."""
    entry = SplitParams.model_validate({"dataset": "tiny", "test": test})
    train_rows, test_rows = split_rows(images, entry.test, seed=42)
    return train_rows.tolist(), test_rows.tolist()


@pytest.mark.parametrize(("n_images", "fraction"), [(1797, 0.2), (7, 0.33), (101, 0.99)])
def test_a_fraction_of_the_images_is_that_of_scikit_learn(
    n_images: int, fraction: float
) -> None:
    rows = np.arange(n_images)
    expected_train, expected_test = train_test_split(rows, test_size=fraction, random_state=42)
    train_rows, test_rows = split(make_images(n_images), fraction)
    assert train_rows == expected_train.tolist()
    assert test_rows == expected_test.tolist()


def test_a_fraction_of_the_groups_is_that_of_scikit_learn() -> None:
    groups = np.random.RandomState(0).randint(0, 20, 200)
    splitter = GroupShuffleSplit(1, test_size=0.33, random_state=42)
    [(_, expected)] = splitter.split(groups, groups=groups)
    train_rows, test_rows = split(make_images(200, groups), 0.33)
    assert test_rows == expected.tolist()
    assert set(groups[train_rows]).isdisjoint(groups[test_rows])


@pytest.mark.parametrize(
    ("test", "n_train"),
    [
        pytest.param({"groups": 2}, 6, id="the last two groups"),
        pytest.param({"groups": 1}, 8, id="the last group"),
        pytest.param(6, 6, id="as many images as the last two groups have"),
    ],
)
def test_the_last_groups_are_the_test_set(test: Any, n_train: int) -> None:
    train_rows, test_rows = split(make_images(12, GROUPS), test)
    assert sorted(train_rows) == list(range(n_train))
    assert train_rows != sorted(train_rows)
    assert test_rows == list(range(n_train, 12))


def test_the_order_of_the_training_images_is_that_of_the_published_results() -> None:
    train_rows, _ = split(make_images(12, GROUPS), {"groups": 1})
    assert train_rows == [5, 0, 3, 7, 1, 6, 4, 2]


@pytest.mark.parametrize(
    ("groups", "n_test", "cut"),
    [
        pytest.param(GROUPS, 5, 2, id="the images of a group follow each other"),
        pytest.param(np.array([0, 1, 0, 1]), 1, 1, id="the images of a group are scattered"),
    ],
)
def test_a_number_that_cuts_a_group_is_refused(groups: Vector, n_test: int, cut: int) -> None:
    line = rf"^test: 1 groups would be in both .+ first {cut}; use \{{groups: 1}}"
    with pytest.raises(UserError, match=line):
        split(make_images(len(groups), groups), n_test)


def test_the_stage_takes_the_seed_of_params_yaml_and_drops_columns(tmp_path: Path) -> None:
    tiny.edit(tmp_path, {"seed": 7})
    images = make_images(10)
    images.table["sha256"] = "0"
    images.table["test"] = True
    write_images(tmp_path / "data/raw/tiny.parquet", images)
    call(tmp_path, "split", "tiny-random")
    test_images = pd.read_parquet(tmp_path / paths.split("tiny-random", "test"))
    _, expected = split_rows(images, 0.25, seed=7)
    assert test_images["row"].tolist() == expected.tolist()
    assert list(test_images) == ["pixels", "class", "row"]


PIXELS = np.random.default_rng(0).integers(0, 256, (301, 64), np.uint8)
CLASSES = np.repeat([0, 1, 2], [250, 50, 1])


def rows_by_share(kept: Vector) -> set[int]:
    """Return which of the kept rows of PIXELS are in the test set of a share of a quarter."""
    images = make_images(len(kept), pixels=PIXELS[kept], classes=CLASSES[kept])
    _, test_rows = split(images, {"share": 0.25})
    return set(kept[test_rows].tolist())


def test_a_share_is_one_of_each_class() -> None:
    test_rows = rows_by_share(np.arange(301))
    counts = np.bincount(CLASSES[list(test_rows)], minlength=3)
    assert counts.tolist() == [63, 13, 0]


def test_a_share_is_that_of_earlier_versions() -> None:
    assert rows_by_share(np.arange(8)) == {5, 7}
    _, test_rows = split(make_images(12, GROUPS), {"share": 0.25})
    assert test_rows == [8, 9, 10, 11]
    assert split(make_images(12, GROUPS[::-1]), {"share": 0.25})[1] == [0, 1, 2, 3]


def test_images_with_the_same_pixels_are_in_the_same_set_of_a_share() -> None:
    twice = np.repeat(np.arange(301), 2)
    images = make_images(602, pixels=PIXELS[twice], classes=CLASSES[twice])
    train_rows, test_rows = split(images, {"share": 0.25})
    assert set(twice[train_rows]).isdisjoint(twice[test_rows])


def groups_by_share(kept: Vector) -> set[int]:
    """Return which groups of ten of these rows are in the test set of a share of a quarter."""
    groups = kept // 10
    numbers = np.unique(groups, return_inverse=True)[1]
    images = make_images(len(kept), numbers, PIXELS[kept])
    images.table.attrs["group_names"] = [str(number) for number in np.unique(groups)]
    _, test_rows = split(images, {"share": 0.25})
    return set(groups[test_rows].tolist())


@pytest.mark.parametrize("added", range(8))
def test_a_new_group_moves_at_most_one_other_between_the_sets_of_a_share(added: int) -> None:
    rows = np.arange(80)
    after = groups_by_share(rows)
    before = groups_by_share(rows[rows // 10 != added])
    assert len(before) == 2
    assert len(after) == 2
    if added in after:
        assert len(after & before) == 1
    else:
        assert after == before


def test_the_stage_names_a_class_that_a_set_lacks(tmp_path: Path) -> None:
    tiny.edit(tmp_path, {"splits.tiny.test": 1})
    pixels, labels = tiny.digits()
    raw = tmp_path / "data/raw/tiny.parquet"
    write_images(raw, make_images(400, pixels=pixels, classes=labels))
    lines = call(tmp_path, "split", "tiny").stderr.splitlines()
    missing = [digit for digit in range(10) if digit != labels[-1]]
    assert lines == [f"tiny: no image of {digit} is in the test set" for digit in missing]


IMAGES = make_images(5, classes=np.array([0, 1, 2, 9, 2], np.uint8))
IMAGES.table.attrs["names"] = list("azcdefghij")  # not sorted


def test_without_positive_classes_the_label_is_the_class() -> None:
    labelled = label_images(IMAGES, None, None).table
    assert labelled["label"].tolist() == [0, 1, 2, 9, 2]
    assert labelled.attrs["label_names"] == list("azcdefghij")
    assert not labelled.attrs["has_positive"]
    assert label_images(make_images(5), None, None).table.attrs["label_names"] is None
    assert "label" not in IMAGES.table
    assert "label_names" not in IMAGES.table.attrs


def test_positive_classes_have_the_label_1_and_all_others_the_label_0() -> None:
    labelled = label_images(IMAGES, ["c"], None).table
    assert labelled["label"].tolist() == [0, 0, 1, 0, 1]
    assert labelled.attrs["has_positive"]
    assert labelled.attrs["label_names"] is None  # the names of the classes name no labels


def test_classes_that_are_neither_positive_nor_negative_are_left_out() -> None:
    pixels = np.arange(20, dtype=np.uint8).reshape(5, 4)
    labelled = label_images(replace(IMAGES, X=pixels), ["c"], ["a", "j"])
    assert labelled.table["class"].tolist() == [0, 2, 9, 2]
    assert labelled.y.tolist() == [0, 1, 0, 1]
    assert labelled.X[:, 0].tolist() == [0, 8, 12, 16]


def test_the_test_set_that_came_with_mnist_is_its_last_images(tmp_path: Path) -> None:
    """The four IDX files of MNIST say which images are the test set."""
    tiny.write_idx_files(tmp_path / "idx")
    entry = tiny.dataset({"idx": str(tmp_path / "idx")}) | {"sha256": None}
    dataset = DatasetParams.model_validate(entry)
    images = fetch_images("tiny", dataset)
    assert split(images, "given") == split(images, tiny.TEST)


def test_a_group_on_both_sides_of_a_given_test_set_is_refused() -> None:
    images = make_images(12, GROUPS)
    images.table["test"] = np.arange(12) >= 6
    split(images, "given")
    images.table["test"] = np.arange(12) >= 7
    images.table.attrs["group_names"] = ["anna", "ben", "carl", "dora"]
    line = r"1 groups would be in both .+ first carl; use \{share: 0\.25\}"
    with pytest.raises(UserError, match=line):
        split(images, "given")


def test_classes_without_names_are_the_numbers_of_both_sets() -> None:
    first = make_images(1, classes=np.array([0], np.uint8))
    last = make_images(1, classes=np.array([255], np.uint8))
    assert list(list_classes(first, last)) == list(range(256))
    assert list(list_classes(make_images(0), first)) == [0]
