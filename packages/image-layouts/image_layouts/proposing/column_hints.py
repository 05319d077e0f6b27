"""What the unused columns of a table may mean: sets, groups, or the names of the classes."""

import shlex
from collections.abc import Iterator
from typing import Any

import pandas as pd

from image_layouts.errors import shorten
from image_layouts.layout.reading import LayoutReading
from image_layouts.proposing.columns import (
    are_flags,
    depends_on,
    find_named_classes,
    is_one_to_one,
    may_have_groups,
    write_where,
)
from image_layouts.proposing.show import write_option
from image_layouts.proposing.words import (
    SET_WORDS,
    SPLIT_WORDS,
    TEST_WORDS,
    TRAIN_WORDS,
    VALIDATION_WORDS,
    is_subset_name,
    split_words,
)


def hint_at_columns(reading: LayoutReading, layout: Any) -> Iterator[str]:
    """Yield what the unused columns of tables may mean.

    Args:
        reading: what the layout says of the images.
        layout: the layout.
    """
    rows = reading.images.rows
    for name, values in reading.unused_columns.items():
        if not lies_within_groups(values, rows) and not says_more_of_class(values, rows):
            yield from hint_at_column(name, values, layout)
        if len(values) == len(rows):
            yield from hint_at_class_names(name, values, rows["class"])


def lies_within_groups(values: pd.Series, rows: pd.DataFrame) -> bool:
    """Return whether all images with the same value of a column are in the same group."""
    if "group" not in rows or rows["test"].any() or len(values) != len(rows):
        return False
    return depends_on(rows["group"], values)


def says_more_of_class(values: pd.Series, rows: pd.DataFrame) -> bool:
    """Return whether all images of a class have the same value, such as the class's name."""
    return len(values) == len(rows) and depends_on(values, rows["class"])


def hint_at_column(name: str, values: pd.Series, layout: Any) -> Iterator[str]:
    """Yield a hint if an unused column may have sets or groups.

    Args:
        name: the column.
        values: its values.
        layout: the layout.
    """
    distinct = sorted(set(values.str.strip()))
    name_sets = all(split_words(text) & SET_WORDS for text in distinct)
    # `usage` may also be that of a shirt. Then only the values tell.
    words_for_sets = (SET_WORDS | SPLIT_WORDS) - {"usage"}
    name_says_set = not words_for_sets.isdisjoint(split_words(name))
    if len(distinct) > 1 and (name_says_set or (name_sets and len(distinct) <= 4)):
        remedy = "write `where` into the layout"
        subsets = divide(name, distinct)
        if subsets and isinstance(layout, dict) and "train" not in layout:
            remedy = f"run: digits start {write_option(layout | subsets)}"
        yield (
            f"the column {name}, {shorten(distinct[:4])}, may say which images are the test "
            f"set; if so, {remedy}"
        )
    elif may_have_groups(name, values):
        classes = ""
        column = layout.get("class") if isinstance(layout, dict) else None
        if isinstance(column, str) and not find_named_classes([column]):
            classes = f"--class {shlex.quote(column)} "
        yield (
            f"the column {name} has {len(distinct)} values for {len(values)} images; if images "
            f"with one value belong together, run: digits start {classes}--group "
            f"{shlex.quote(name)}"
        )


def divide(column: str, values: list[str]) -> dict[str, Any]:
    """Return the keys `train` and `test` if a column has a validation set, otherwise {}.

    Args:
        column: the column.
        values: its different values, in alphabetical order.
    """
    if are_flags(values) and split_words(column) & (TEST_WORDS | VALIDATION_WORDS):
        return write_where(column, train=values[:1], test=values[1:])
    held_out = [value for value in values if not split_words(value) & TRAIN_WORDS]
    train = [value for value in values if value not in held_out]
    if train and held_out and all(map(is_subset_name, held_out)):
        return write_where(column, train, held_out)
    return {}


def hint_at_class_names(name: str, values: pd.Series, classes: pd.Series) -> Iterator[str]:
    """Yield a hint if an unused column has names, and the classes are numbers.

    Args:
        name: the column.
        values: its values.
        classes: the class of each image.
    """
    are_words = not any(value.strip().isdecimal() for value in values.unique())
    are_numbers = all(value.isdecimal() for value in classes.unique())
    if are_words and are_numbers and is_one_to_one(values, classes):
        yield (
            f"the column {name} has a name for each class; to use the names, run: "
            f"digits start --class {shlex.quote(name)}"
        )
