"""Rules that hold for all inputs: hypothesis searches for an input that breaks them."""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from digits.core import tables
from digits.core.images import Images
from digits.data.splitting import split_rows
from digits.settings.params import ChecksumShare, LastGroups

SEEDS = st.integers(0, 2**32 - 1)
FRACTIONS = st.floats(0.01, 0.99)
SHARES = FRACTIONS.map(lambda fraction: ChecksumShare(share=fraction))


@st.composite
def draw_images(draw: st.DrawFn, *, has_groups: bool = False) -> Images:
    """Return different images of two pixels, of three classes."""
    numbers = draw(st.sets(st.integers(0, 2**16 - 1), min_size=4, max_size=30))
    X = np.array(sorted(numbers), np.uint16).view(np.uint8).reshape(-1, 2)
    columns = arrays.arrays(np.uint8, len(X), elements=st.integers(0, 2))
    table = pd.DataFrame({"class": draw(columns)})
    if has_groups:
        groups = draw(columns)
        groups[:2] = [0, 1]  # there are at least two
        table["group"] = groups
    return Images(X, table)


ATTRS = st.dictionaries(st.text('é"\\\n'), st.lists(st.text("ab")))


def check_split(images: Images, test: Any, seed: int) -> None:
    """Check that each image is in exactly one set, and that there is one to train on."""
    train_rows, test_rows = split_rows(images, test, seed)
    assert sorted([*train_rows, *test_rows]) == list(range(len(images)))
    assert len(train_rows) > 0
    if images.groups is not None:
        groups = images.groups.to_numpy()
        assert set(groups[train_rows]).isdisjoint(groups[test_rows])


@settings(max_examples=40)
@given(draw_images(), st.one_of(st.integers(1, 3), FRACTIONS, SHARES), SEEDS)
def test_every_image_is_in_one_set(images: Images, test: Any, seed: int) -> None:
    check_split(images, test, seed)


@settings(max_examples=40)
@given(
    draw_images(has_groups=True),
    st.one_of(st.just(LastGroups(groups=1)), FRACTIONS, SHARES),
    SEEDS,
)
def test_no_group_is_in_both_sets(images: Images, test: Any, seed: int) -> None:
    check_split(images, test, seed)


@settings(max_examples=40)
@given(draw_images(), SHARES, st.data())
def test_a_new_image_moves_at_most_one_other_image_of_its_class(
    images: Images, test: Any, data: st.DataObject
) -> None:
    new = data.draw(st.integers(0, len(images) - 1))
    _, after = split_rows(images, test, 42)
    old = np.delete(np.arange(len(images)), new)
    _, positions = split_rows(images.select(old), test, 42)
    before = old[positions]
    moved = (set(after) ^ set(before)) - {new}
    assert len(moved) <= 1
    classes = images.table["class"]
    assert all(classes[row] == classes[new] for row in moved)


@settings(max_examples=20)
@given(draw_images(has_groups=True), ATTRS)
def test_a_table_is_read_as_it_was_written(images: Images, attrs: dict[str, list[str]]) -> None:
    table = images.table
    table.attrs.update(attrs)
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder, name) for name in ["first.parquet", "second.parquet"]]
        for path in paths:
            tables.write(path, table)
            found = tables.read(path)
            pd.testing.assert_frame_equal(found, table)
            assert found.attrs == attrs
        assert paths[0].read_bytes() == paths[1].read_bytes()
