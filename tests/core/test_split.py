"""Which rows each part has, and what a label means."""

from typing import Any

from digits.core.errors import PipelineError
from digits.core.params import Split, validate
from digits.core.tables import Vector
from stages.binarize import binarize
from stages.split import split_rows

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import GroupShuffleSplit, train_test_split

FORMS = np.repeat([0, 1, 2, 3], [3, 3, 2, 4])


def rows(test: Any, count: int = 12, group: Vector | None = None, pixels: Any = None, classes: Any = None) -> Any:
    split = validate(Split, {"dataset": "tiny", "test": test})
    classes = np.zeros(count, int) if classes is None else classes
    return [part.tolist() for part in split_rows(split, 42, classes, group, pixels)]


def test_a_count_takes_the_last_rows_in_order_and_shuffles_the_others() -> None:
    train, test = rows(3)
    assert test == [9, 10, 11]
    assert sorted(train) == [*range(9)]
    assert train != sorted(train)


def test_a_share_is_what_scikit_learn_draws_of_images_and_of_groups() -> None:
    for count, share in ((1797, 0.2), (7, 0.33), (101, 0.99)):
        expected = train_test_split(np.arange(count), test_size=share, random_state=42)
        assert rows(share, count) == [part.tolist() for part in expected]
    group = np.random.RandomState(0).randint(0, 20, 200)
    [(_, tested)] = GroupShuffleSplit(1, test_size=0.3, random_state=42).split(group, groups=group)
    train, test = rows(0.3, 200, group)
    assert test == tested.tolist()
    assert not {*group[train]} & {*group[test]}


def test_the_last_groups_are_tested_on_whole() -> None:
    tests: list[tuple[Any, int]] = [({"groups": 2}, 6), ({"groups": 1}, 8), (6, 6)]
    for test, first in tests:
        train, found = rows(test, group=FORMS)
        assert (sorted(train), found) == ([*range(first)], [*range(first, 12)])


def test_what_cannot_be_split_is_refused() -> None:
    refused: list[tuple[Any, Vector | None, str]] = [
        (5, FORMS, r"test: 5 cuts group 2 in two; use \{groups: 1}, or another count"),
        ({"groups": 4}, FORMS, "test: 4 of 4 groups leaves none to train on; allowed: 1 to 3"),
        (12, None, "test: 12 of 12 images leaves none to train on; allowed: 1 to 11"),
    ]
    for test, group, line in refused:
        with pytest.raises(PipelineError, match=line):
            rows(test, group=group)


def test_a_share_by_digest_is_one_of_each_class_and_an_image_added_moves_at_most_one_other() -> None:
    pixels, classes = np.random.default_rng(0).integers(0, 256, (301, 64), np.uint8), np.repeat([0, 1, 2], [250, 50, 1])

    def tested(kept: Vector) -> set[int]:
        return {*kept[rows({"share": 0.25}, pixels=pixels[kept], classes=classes[kept])[1]].tolist()}

    every = tested(np.arange(301))
    assert np.bincount(classes[[*every]], minlength=3).tolist() == [63, 13, 0]
    moved = [len((every ^ tested(np.delete(np.arange(301), added))) - {added}) for added in range(0, 300, 7)]
    assert max(moved) == 1
    twice = np.repeat(np.arange(301), 2)
    train, test = rows({"share": 0.25}, pixels=pixels[twice], classes=classes[twice])
    assert not {*twice[train]} & {*twice[test]}


def test_a_share_of_groups_by_digest_keeps_all_but_one_when_a_group_is_added() -> None:
    pixels, group = np.random.RandomState(0).randint(0, 256, (80, 9)).astype(np.uint8), np.repeat(np.arange(8), 10)

    def tested(kept: Vector) -> set[int]:
        found = rows({"share": 0.25}, len(kept), np.unique(group[kept], return_inverse=True)[1], pixels[kept])
        return {*group[kept][found[1]].tolist()}

    for added in range(8):
        before, after = tested(np.flatnonzero(group != added)), tested(np.arange(80))
        assert len(before) == len(after) == 2
        assert after == before or (added in after and len(after & before) == 1)


def test_labels_are_of_the_positive_classes_and_others_than_the_negative_are_left_out() -> None:
    images = pd.DataFrame({"class": np.array([0, 1, 2, 9, 2], np.uint8)})
    images.attrs["names"] = [*"abcdefghij"]
    assert binarize(images, [2], [])["label"].tolist() == [0, 0, 1, 0, 1]
    assert binarize(images, [], [])["label"].tolist() == [0, 1, 2, 9, 2]
    asked = binarize(images, [2], [0, 9])
    assert (asked["class"].tolist(), asked["label"].tolist()) == ([0, 2, 9, 2], [0, 1, 0, 1])
    assert asked.attrs["names"] is None  # those of the classes name no labels
    assert images.attrs["names"]
