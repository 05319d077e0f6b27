"""Which rows each part has, and what a label means."""

import math
import re
from pathlib import Path
from typing import Any

from digits.io import parquet, paths, tables
from digits.io.tables import ImageInfo, Vector
from digits.support.errors import ParameterError
from digits.support.parameters import Split
from stages.binarize import binarize
from stages.split import places, split_rows
from tests import tiny

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import train_test_split


def rows(count: int, test: int | float, seed: int = 42) -> tuple[Vector, Vector]:
    """Split so many rows."""
    return split_rows(Split(dataset="tiny", test=test), count, seed)


def test_a_count_takes_the_last_rows_in_order_and_shuffles_the_others() -> None:
    train, test = rows(10, 3)
    assert test.tolist() == [7, 8, 9]
    assert sorted(train.tolist()) == [0, 1, 2, 3, 4, 5, 6]
    assert train.tolist() != sorted(train.tolist())


@pytest.mark.parametrize(("count", "share"), [(1797, 0.2), (7, 0.33), (101, 0.99)])
def test_a_share_is_what_train_test_split_draws(count: int, share: float) -> None:
    train, test = train_test_split(np.arange(count), test_size=share, random_state=42)
    assert all(map(np.array_equal, rows(count, share), (train, test)))


def test_a_share_by_digest_is_one_of_each_class_and_an_image_added_moves_at_most_one_other() -> None:
    pixels, classes = np.random.default_rng(0).integers(0, 256, (301, 64), np.uint8), np.repeat([0, 1, 2], [250, 50, 1])
    place, split = places([pixels]), Split(dataset="own", test={"share": 0.25})

    def tested(kept: Vector) -> set[int]:
        return {*kept[split_rows(split, len(kept), 42, None, place[kept], classes[kept])[1]].tolist()}

    every = tested(np.arange(301))
    assert np.bincount(classes[[*every]], minlength=3).tolist() == [63, 13, 0]
    moved = [len((every ^ tested(np.delete(np.arange(301), added))) - {added}) for added in range(300)]
    assert max(moved) == 1
    assert np.mean(moved) < 0.5
    kept = np.repeat(np.arange(301), 2)
    train, test = split_rows(split, 602, 42, None, place[kept], classes[kept])
    assert not {*kept[train]} & {*kept[test]}  # each picture twice
    with pytest.raises(ParameterError, match="tests on no image: no class has two different ones"):
        split_rows(split, 3, 42, None, place[[0, 0, 300]], classes[[0, 0, 300]])


def test_a_share_of_groups_by_digest_moves_no_image_when_others_are_added() -> None:
    pixels, group = np.random.default_rng(0).integers(0, 256, (401, 64), np.uint8), np.arange(400) // 20
    split = Split(dataset="own", test={"share": 0.25})

    def tested(kept: Vector) -> set[bytes]:
        at = places([pixels[kept]])
        _, test = split_rows(split, len(kept), 42, group[np.minimum(kept, 399)], at)
        assert 0.15 < len(test) / len(kept) < 0.35
        return {pixels[kept[row]].tobytes() for row in test}

    fewer, more = tested(np.delete(np.arange(401), 7)), tested(np.arange(401))
    assert more - {pixels[7].tobytes()} == fewer - {pixels[7].tobytes()}


@pytest.mark.parametrize("added", range(8))
def test_a_share_of_groups_keeps_all_but_one_when_a_group_is_added_and_others_are_numbered_anew(added: int) -> None:
    pixels, group = np.random.RandomState(0).randint(0, 256, (80, 9)).astype(np.uint8), np.repeat(np.arange(8), 10)

    def tested(kept: Vector) -> set[int]:
        number = np.unique(group[kept], return_inverse=True)[1]
        test = split_rows(Split(dataset="own", test={"share": 0.25}), len(kept), 42, number, places([pixels[kept]]))[1]
        return {*group[kept][test].tolist()}

    before, after = tested(np.flatnonzero(group != added)), tested(np.arange(80))
    assert len(before) == len(after) == 2
    assert after == before or (added in after and len(after & before) == 1)


FORMS = np.repeat([0, 1, 2, 3], [3, 3, 2, 4])
MIXED = np.array([0, 1, 0, 1, 2, 3, 2, 4, 3])  # those of 0 and 1, and of 2 and 3, lie among each other


@pytest.mark.parametrize(
    ("test", "group", "tested"),
    [
        ({"groups": 2}, FORMS, [6, 7, 8, 9, 10, 11]),
        ({"groups": 1}, MIXED, [7]),
        (6, FORMS, [6, 7, 8, 9, 10, 11]),
        (5, MIXED, [4, 5, 6, 7, 8]),
    ],
)
def test_the_last_groups_are_tested_on_in_the_order_of_their_rows(test: Any, group: Vector, tested: list[int]) -> None:
    train, test_rows = split_rows(Split(dataset="tiny", test=test), len(group), 42, group)
    assert test_rows.tolist() == tested
    assert sorted([*train, *tested]) == [*range(len(group))]


@pytest.mark.parametrize(
    ("test", "group", "remedy"),
    [
        (5, FORMS, "test: 5 cuts a group in two; the next that do not: 6 and 4"),
        (2, FORMS, "test: 2 cuts a group in two; the next that do not: 4"),
        (1, MIXED, "test: 1 cuts a group in two; the next that do not: 5"),
        (1, np.array([0, 1, 0]), "test: 1 cuts a group in two; use {groups: 1}"),
        ({"groups": 4}, FORMS, "test: 4 of 4 groups leaves none to train on; allowed: 1 to 3"),
        ({"groups": 4}, None, "its dataset has no groups"),
    ],
)
def test_what_would_cut_a_group_is_refused_with_what_would_not(test: Any, group: Vector | None, remedy: str) -> None:
    with pytest.raises(ParameterError, match=re.escape(remedy)):
        split_rows(Split(dataset="tiny", test=test), 12 if group is None else len(group), 42, group)


@given(st.integers(0, 2**32 - 1), st.floats(0.05, 0.9))
def test_no_group_is_on_both_sides_of_a_share(seed: int, share: float) -> None:
    random = np.random.RandomState(seed)
    group = random.randint(0, random.randint(2, 20), 100)
    groups = len(np.unique(group))
    if groups > math.ceil(share * groups):
        train, test = split_rows(Split(dataset="tiny", test=share), 100, seed, group)
        assert not set(group[train]) & set(group[test])
        assert len(set(group[test])) == math.ceil(share * groups)
        assert sorted([*train, *test]) == [*range(100)]


def test_a_class_that_none_would_be_trained_on_stops_the_split_by_its_name(bare: Path) -> None:
    def write(test: Any, **columns: Vector) -> None:
        classes = np.repeat([0, 1], [12, 8]).astype(np.uint8)
        table = tables.image_table(
            tiny.digits()[0][:20], classes, ImageInfo(tiny.SHAPE, 16, ["ring", "cross"]), **columns
        )
        parquet.write(bare / paths.raw("tiny"), table)
        tiny.write_params(bare, tiny.params({"splits.tiny.test": test}))

    start, command = "split: error: params.yaml: splits.tiny.test: ", "python -m stages.split tiny"
    write(8)
    no_cross = "leaves no image of cross to train on; "
    assert tiny.failure(command, bare, 2) == f"{start}8 {no_cross}use {{share: 0.25}}"
    write({"groups": 1}, group=np.repeat([0, 1], [12, 8]).astype(np.uint32))
    assert tiny.failure(command, bare, 2) == f"{start}{{'groups': 1}} {no_cross}add images of it to other groups"
    assert not (bare / "data/split").exists()
    write({"share": 0.0001})
    assert tiny.run(command, bare).stderr == ""
    test = parquet.read_column(bare / paths.split("tiny", "test"), tables.IMAGES, "class")
    assert sorted(test) == [0, 1]


def test_positive_digits_are_one_and_all_others_zero() -> None:
    classes = np.array([0, 1, 2, 9, 2], np.uint8)
    assert binarize(classes, [2]).tolist() == [0, 0, 1, 0, 1]
    assert binarize(classes, [0, 1]).tolist() == [1, 1, 0, 0, 0]
    assert binarize(classes, []).tolist() == [0, 1, 2, 9, 2]
