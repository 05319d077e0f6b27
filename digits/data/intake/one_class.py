"""Refuse data that look like images with one class each, but need another tool.

These are images with a quantity to be estimated, images with several labels each, and tables of
features, which are no pixels.
"""

import math
import re
import shlex
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from digits.data.images import MAX_CLASSES
from digits.data.intake.collection import shorten
from digits.settings.errors import UserError

ONE_CLASS = "this project classifies images, with one class for each image"
NO_FEATURES = f"{ONE_CLASS}; for a table of features, use another tool; if these are pixels"

# What is between several labels in one value, and what may be around each label. Blanks may be
# between them, too.
LABEL_MARKS = ["|", ";", ","]
BRACKETS = "[](){}'\" "

# The smallest number of classes that may be the values of a quantity.
MIN_VALUES = 10

# The largest number of fractions, such as 0, 1/3, 2/3 and 1, that may be classes. On average,
# each must have several images.
MAX_FRACTIONS = 12
MIN_IMAGES_PER_FRACTION = 4

# Fewer columns of pixels may have names without numbers.
MIN_NUMBERED = 4


def check_classes(column: str, values: pd.Series, *, are_chosen: bool = False) -> None:
    """Check that a column of classes has neither several labels in a value nor a quantity.

    Args:
        column: what the owner calls the column.
        values: its values.
        are_chosen: whether the owner has named the column, so that a few fractions, such as 0,
            1/3, 2/3 and 1, may be classes.

    Raises:
        UserError: a value has several labels, or the values are numbers, which are not all
            whole, or more than there may be classes.
    """
    names = values.astype(str).fillna("").str.strip().unique()
    # A class that the owner has named may have a blank, such as `hot dog` beside `dog`.
    separators = LABEL_MARKS if are_chosen else [*LABEL_MARKS, " "]
    check_single_labels(column, list(names), separators)
    texts = pd.Series(names)
    with_points = texts.str.replace(",", ".", regex=False)  # in many countries, 8.2 is 8,2
    numbers = pd.to_numeric(with_points, errors="coerce")
    if numbers.isna().any():  # some are words
        return
    max_fractions = min(MAX_FRACTIONS, len(values) / MIN_IMAGES_PER_FRACTION)
    are_fractions = numbers.between(0, 1).all()
    if are_chosen and are_fractions and len(numbers) <= max_fractions:
        return
    decimals = texts[numbers % 1 != 0]
    if len(decimals):
        raise quantity_error(f"{column} is a quantity, such as {decimals.iloc[0]}")
    if len(texts) > MAX_CLASSES:
        raise quantity_error(
            f"{column} has {len(texts)} different numbers, such as {texts[0]}, and there may "
            f"be {MAX_CLASSES} classes"
        )


def quantity_error(found: str) -> UserError:
    """Return the error about numbers that are to be estimated, after what was found."""
    return UserError(
        f"{found}: {ONE_CLASS}, and estimates no numbers; replace them by classes, such as "
        "ranges, or use another tool"
    )


def check_single_labels(column: str, names: Sequence[str], separators: Sequence[str]) -> None:
    """Check that no name of a class is several labels, such as `cat|dog`.

    Such a name has several parts, each of which is also the whole name of a class.

    Raises:
        UserError: a name is several labels.
    """
    for separator in separators:
        labels_by_name = {name: split_labels(name, separator) for name in names}
        single_labels = {labels[0] for labels in labels_by_name.values() if len(labels) == 1}
        for name, labels in labels_by_name.items():
            if len(labels) > 1 and single_labels.issuperset(labels):
                raise UserError(
                    f"{column} has several labels in one value, such as '{name}', where "
                    f"'{labels[0]}' is a class, too: {ONE_CLASS}; for several labels, use "
                    f"another tool; if '{name}' is one class, write '{'_'.join(labels)}'"
                )


def split_labels(name: str, separator: str) -> list[str]:
    """Return the parts of a name, without brackets and quotes around them."""
    parts = [part.strip(BRACKETS) for part in name.split(separator)]
    return [part for part in parts if part]


def check_columns(columns: dict[str, pd.Series]) -> None:
    """Check that columns are neither flags of several labels per image, nor quantities.

    Flags are 0 and 1, or -1 and 1.

    Args:
        columns: the first values of each column that may have the classes.

    Raises:
        UserError: the columns are such labels, or all of them have decimals.
    """
    numbers = pd.DataFrame(columns).apply(pd.to_numeric, errors="coerce").astype(float)
    for flags in ([0, 1], [-1, 1]):
        if numbers.isin(flags).all(axis=None):
            check_one_hot(numbers)
    are_numbers = numbers.notna().all()
    have_decimals = (numbers % 1 != 0).any()
    if (are_numbers & have_decimals).all():
        name = next(iter(columns))
        check_classes(name, columns[name])


def check_one_hot(columns: pd.DataFrame) -> None:
    """Check that each image has one of the labels that are columns.

    Args:
        columns: a column for each label, which is 1 if an image has the label. The index is the
            number of the row from 0.

    Raises:
        UserError: an image has several labels, or none.
    """
    n_labels = (columns > 0).sum(axis=1).to_numpy()
    names = [str(name) for name in columns]
    are_labels = f"the columns {shorten(names)} are labels, of which row"
    several = np.flatnonzero(n_labels > 1)
    if len(several):
        row = several[0]
        number = columns.index[row] + 1
        raise UserError(
            f"{are_labels} {number} has {n_labels[row]}: {ONE_CLASS}; for several labels, use "
            "another tool; for a single one, run `digits start --class "
            f"{shlex.quote(names[0])}`"
        )
    none = np.flatnonzero(n_labels == 0)
    if len(none):
        number = columns.index[none[0]] + 1
        raise UserError(
            f"{are_labels} {number} has none: {ONE_CLASS}; add a column such as `other`, which "
            "is 1 in such rows, or delete these rows"
        )


def check_pixels(columns: dict[str, pd.Series]) -> None:
    """Check that columns of numbers are the pixels of images, and no features.

    They are features if some values are negative, above 255, or decimals. Only if all are from
    0 to 1 may decimals be pixels, which `digits start` scales. Columns are also features if
    there are at least four, and no name has a digit, because pixels are numbered.

    Args:
        columns: the first values of each column.

    Raises:
        UserError: the columns are features.
    """
    names = list(columns)
    # All at once, because there may be ten thousand columns.
    values = np.concatenate([column.to_numpy(object) for column in columns.values()])
    numbers: Any = pd.to_numeric(values, errors="coerce")
    are_fractions = np.nanmin(numbers) >= 0 and np.nanmax(numbers) <= 1
    is_pixel = np.isnan(numbers) | np.isin(numbers, range(256)) | are_fractions
    if not is_pixel.all():
        first = is_pixel.argmin()
        n_rows = len(values) // len(names)
        name = names[first // n_rows]
        raise UserError(
            f"the column {name} has {values[first]}, but pixels are whole numbers from 0 to "
            f"255: {NO_FEATURES}, scale and round them"
        )
    has_digit = any(character.isdecimal() for character in "".join(names))
    if len(names) >= MIN_NUMBERED and not has_digit:
        raise UserError(
            f"the columns {shorten(names)} have no digit in their names, as pixels have: "
            f"{NO_FEATURES}, rename them to pixel1, pixel2 and so on"
        )


def find_quantity(names: Sequence[object]) -> list[int]:
    """Return the names of classes as sorted numbers if they may be a quantity, otherwise [].

    They may be one if there are at least ten, and all are whole numbers. 0, 1, 2 and so on, or
    1, 2, 3 and so on, only number the classes.
    """
    texts = [str(name) for name in names]
    are_whole = all(re.fullmatch(r"-?\d+", text) for text in texts)
    if len(texts) < MIN_VALUES or not are_whole:
        return []
    numbers = sorted(int(text) for text in texts)
    has_no_gap = numbers[-1] - numbers[0] == len(numbers) - 1
    if numbers[0] in (0, 1) and has_no_gap:
        return []
    return numbers


def describe_quantity(names: Sequence[object]) -> list[str]:
    """Return a line if the names of the classes are probably the values of a quantity.

    `find_quantity` must say that they may be. At least half of the possible values must also be
    there. For 20, 25 and 35, the possible ones are 20, 25, 30 and 35. Codes, such as those of
    products, have larger gaps.
    """
    numbers = find_quantity(names)
    if not numbers:
        return []
    differences = [second - first for first, second in pairwise(numbers)]
    step = max(1, math.gcd(*differences))
    n_possible = (numbers[-1] - numbers[0]) // step + 1
    if len(numbers) < n_possible / 2:
        return []
    return [
        f"each number from {numbers[0]} to {numbers[-1]} is a class; {advise_ranges(numbers)}; "
        "if they are codes, ignore this line"
    ]


def advise_ranges(numbers: Sequence[int]) -> str:
    """Return what to do if classes that are numbers are the values of a quantity."""
    range_name = f"{numbers[0]} to {numbers[len(numbers) // 4]}"  # a quarter of the classes
    return (
        "if they are a quantity, such as ages, replace them by ranges such as "
        f"'{range_name}', or use another tool, because this project estimates no numbers"
    )
