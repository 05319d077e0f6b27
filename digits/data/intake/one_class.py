"""Tell data for other tools from images that have one class each, and say what to do.

Three kinds of data look like images with classes: a quantity to be estimated, several labels
per image, and a table of features, which has no images.
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
FEATURES = f"{ONE_CLASS}; for a table of features, use another tool; if these are pixels"

# What may be between several labels in one value, and around each label.
SEPARATORS = ["|", ";", ",", " "]
BRACKETS = "[](){}'\" "

# The smallest number of classes that may be the values of a quantity.
MIN_VALUES = 10

# The largest number of shares that may be classes.
MAX_GRADES = 12

# The smallest number of columns of pixels that have numbers in their names.
MIN_NUMBERED = 4


def check_classes(column: str, values: pd.Series, *, are_chosen: bool = False) -> None:
    """Check that a column of classes has neither several labels in a value nor a quantity.

    Args:
        column: what the owner calls the column.
        values: its values.
        are_chosen: whether the owner has named the column, so that few shares, such as 0, 1/3,
            2/3 and 1, are classes.

    Raises:
        UserError: a value has several labels, or the values are numbers, which are not all
            whole, or more than there may be classes.
    """
    texts = pd.Series(values.astype(str).fillna("").str.strip().unique())
    check_single_labels(column, list(texts))
    with_points = texts.str.replace(",", ".", regex=False)  # in many countries, 8.2 is 8,2
    numbers = pd.to_numeric(with_points, errors="coerce")
    if numbers.isna().any():
        return
    are_grades = numbers.between(0, 1).all() and len(numbers) <= min(
        MAX_GRADES, len(values) / 4
    )
    if are_chosen and are_grades:
        return
    decimals = texts[numbers % 1 != 0]
    if len(decimals):
        raise refuse_quantity(f"{column} is a quantity, such as {decimals.iloc[0]}")
    if len(texts) > MAX_CLASSES:
        raise refuse_quantity(
            f"{column} has {len(texts)} different numbers, such as {texts[0]}, and there may "
            f"be {MAX_CLASSES} classes"
        )


def refuse_quantity(found: str) -> UserError:
    """Return the error for numbers that are to be estimated."""
    return UserError(
        f"{found}: {ONE_CLASS}, and estimates no numbers; replace them by classes, such as "
        "ranges, or use another tool"
    )


def check_single_labels(column: str, names: Sequence[str]) -> None:
    """Check that no name of a class is several labels, such as `cat|dog`.

    A name is if each of its parts, between `|`, `;`, commas or blanks, is also a class alone.

    Raises:
        UserError: a name is several labels.
    """
    for separator in SEPARATORS:
        labels_of_names = [split_labels(name, separator) for name in names]
        alone = {labels[0] for labels in labels_of_names if len(labels) == 1}
        for name, labels in zip(names, labels_of_names, strict=True):
            if len(labels) > 1 and alone.issuperset(labels):
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
    """Check that columns are neither labels of which an image may have several, nor quantities.

    Such labels are 0 and 1, or -1 and 1.

    Args:
        columns: the first values of each column that may have the classes.

    Raises:
        UserError: the columns are such labels, or all of them have decimals.
    """
    numbers = pd.DataFrame(columns).apply(pd.to_numeric, errors="coerce").astype(float)
    if any(numbers.isin(labels).all(axis=None) for labels in ([0, 1], [-1, 1])):
        check_one_hot(numbers)
    if (numbers.notna().all() & (numbers % 1 != 0).any()).all():
        name = next(iter(columns))
        check_classes(name, columns[name])


def check_one_hot(columns: pd.DataFrame) -> None:
    """Check that an image has one of the labels that are columns.

    Args:
        columns: a column for each label, which is 1 if an image has the label. The index is the
            number of the row from 0.

    Raises:
        UserError: an image has several labels, or none.
    """
    n_labels = (columns > 0).sum(axis=1).to_numpy()
    has_several = n_labels > 1
    row = int(has_several.argmax() if has_several.any() else n_labels.argmin())
    names = [str(name) for name in columns]
    number = columns.index[row] + 1
    found = f"the columns {shorten(names)} are labels, of which row {number} has"
    if n_labels[row] > 1:
        raise UserError(
            f"{found} {n_labels[row]}: {ONE_CLASS}; for several labels, use another tool; for "
            f"a single one, run `digits start --class {shlex.quote(names[0])}`"
        )
    if n_labels[row] == 0:
        raise UserError(
            f"{found} none: {ONE_CLASS}; add a column such as `other`, which is 1 in such "
            "rows, or delete these rows"
        )


def check_pixels(columns: dict[str, pd.Series]) -> None:
    """Check that columns of numbers are the pixels of images, and no features.

    They are features if some values are negative, above 255, or decimals. Decimals from 0 to 1
    may be pixels, for which there is another error. Four or more columns are also features if
    no name has a digit, because pixels are numbered.

    Args:
        columns: the first values of each column.

    Raises:
        UserError: the columns are features.
    """
    names = list(columns)
    # All at once, because there may be ten thousand columns.
    values = np.concatenate([column.to_numpy(object) for column in columns.values()])
    numbers: Any = pd.to_numeric(values, errors="coerce")
    are_shares = np.nanmin(numbers) >= 0 and np.nanmax(numbers) <= 1
    is_pixel = np.isnan(numbers) | np.isin(numbers, range(256)) | are_shares
    if not is_pixel.all():
        first = is_pixel.argmin()
        name = names[first * len(names) // len(values)]
        raise UserError(
            f"the column {name} has {values[first]}, but pixels are whole numbers from 0 to "
            f"255: {FEATURES}, scale and round them"
        )
    has_digit = any(character.isdecimal() for character in "".join(names))
    if len(names) >= MIN_NUMBERED and not has_digit:
        raise UserError(
            f"the columns {shorten(names)} have no digit in their names, as pixels have: "
            f"{FEATURES}, rename them to pixel1, pixel2 and so on"
        )


def find_quantity(names: Sequence[object]) -> list[int]:
    """Return the classes, sorted, if they may be the values of a quantity, and otherwise [].

    They may be if they are at least ten whole numbers, and neither 0, 1, 2 and so on nor 1, 2,
    3 and so on, which number classes.
    """
    texts = [str(name) for name in names]
    if not all(re.fullmatch(r"-?\d+", text) for text in texts):
        return []
    numbers = sorted(int(text) for text in texts)
    is_numbering = numbers[0] in (0, 1) and numbers[-1] - numbers[0] == len(numbers) - 1
    return [] if is_numbering or len(numbers) < MIN_VALUES else numbers


def describe_quantity(names: Sequence[object]) -> list[str]:
    """Return a line of doubt if the classes are probably the values of a quantity.

    They are if `find_quantity` says so, and at least half of the numbers from the smallest to
    the largest are there. These are counted in the largest step that leads to all of them,
    such as 5 for 20, 25, 35 and so on. Codes, such as those of products, have larger gaps.
    """
    numbers = find_quantity(names)
    if not numbers:
        return []
    step = max(1, math.gcd(*(second - first for first, second in pairwise(numbers))))
    n_possible = (numbers[-1] - numbers[0]) // step + 1
    if len(numbers) < n_possible / 2:
        return []
    return [
        f"each number from {numbers[0]} to {numbers[-1]} is a class; {advise_ranges(numbers)}; "
        "if they are codes, ignore this line"
    ]


def advise_ranges(numbers: Sequence[int]) -> str:
    """Return what to do if classes that are numbers are the values of a quantity."""
    range_name = f"{numbers[0]} to {numbers[len(numbers) // 4]}"
    return (
        "if they are a quantity, such as ages, replace them by ranges such as "
        f"'{range_name}', or use another tool, because this project estimates no numbers"
    )
