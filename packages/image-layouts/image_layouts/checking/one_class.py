"""Refuse data that need another tool than a classifier of images.

- a quantity that is to be estimated, such as an age: this is a regression
- several labels for an image: this is a multilabel classification
- tables of features other than pixels
"""

import shlex
from collections.abc import Sequence

import pandas as pd

from image_layouts.errors import LayoutError, shorten
from image_layouts.labelled_images import MAX_CLASSES

ONE_CLASS = "this project classifies images, with one class for each image"

# The separators of several labels in one value, and the characters that may enclose a label.
LABEL_SEPARATORS = ["|", ";", ","]
BRACKETS = "[](){}'\" "

# The largest number of names of which each is compared with all others. A column of captions
# may have a name for each image.
MAX_COMPARED = 1_000

# Fractions such as 0, 1/3, 2/3 and 1 may be classes, which are grades, if there are few
# different ones, with several images each on average.
MAX_FRACTIONS = 12
MIN_IMAGES_PER_FRACTION = 4


def check_classes(column: str, values: pd.Series, *, are_chosen: bool = False) -> None:
    """Check that each value of a column is one class, and that the values are no quantity.

    Args:
        column: the name of the column, for messages.
        values: the values of the column.
        are_chosen: whether the owner has chosen the column. Then a class may have a blank, as
            `hot dog` beside `dog`.

    Raises:
        LayoutError: a value has several labels, or the values are a quantity: numbers with
            decimals that are no grades, or more whole numbers than there may be classes.
    """
    unique = pd.Series(values.unique())  # first, because there may be millions of images
    names = unique.astype(str).fillna("").str.strip().unique()
    separators = LABEL_SEPARATORS if are_chosen else [*LABEL_SEPARATORS, " "]
    check_single_labels(column, list(names), separators)
    if not are_chosen:
        check_combinations(column, list(names), separators)
    texts = pd.Series(names)
    with_points = texts.str.replace(",", ".", regex=False)  # many countries write 8,2 for 8.2
    numbers = pd.to_numeric(with_points, errors="coerce")
    if numbers.isna().any():  # some values are words
        return
    max_fractions = min(MAX_FRACTIONS, len(values) / MIN_IMAGES_PER_FRACTION)
    are_grades = numbers.between(0, 1).all() and len(numbers) <= max_fractions
    decimals = texts[numbers % 1 != 0]
    if len(decimals) and not are_grades:
        raise make_quantity_error(f"{column} is a quantity, such as {decimals.iloc[0]}")
    if len(texts) > MAX_CLASSES and not are_chosen:
        raise make_quantity_error(
            f"{column} has {len(texts)} different numbers, such as {texts[0]}, and there may "
            f"be {MAX_CLASSES} classes"
        )


def make_quantity_error(found: str) -> LayoutError:
    """Return the error about a quantity. `found` is which numbers were found."""
    return LayoutError(
        f"{found}: {ONE_CLASS}, and estimates no numbers; replace them by classes, such as "
        "ranges, or use another tool"
    )


def check_single_labels(column: str, names: Sequence[str], separators: Sequence[str]) -> None:
    """Check that no name of a class is several labels, such as `cat|dog`.

    A name is several labels if each of its parts is also the whole name of a class.

    Raises:
        LayoutError: a name is several labels.
    """
    for separator in separators:
        labels_by_name = {name: split_labels(name, separator) for name in names}
        single_labels = {labels[0] for labels in labels_by_name.values() if len(labels) == 1}
        for name, labels in labels_by_name.items():
            if len(labels) > 1 and set(labels) <= single_labels:
                raise LayoutError(
                    f"{column} has several labels in one value, such as '{name}', where "
                    f"'{labels[0]}' is a class, too: {ONE_CLASS}; for several labels, use "
                    f"another tool; if '{name}' is one class, write '{'_'.join(labels)}'"
                )


def check_combinations(column: str, names: Sequence[str], separators: Sequence[str]) -> None:
    """Check that most names of classes are no combinations of labels.

    Tags such as `clear primary`, `clear primary water` and `clear primary road water` are
    combinations: there are fewer tags than names, and most names have all tags of another one.

    Raises:
        LayoutError: most names are combinations.
    """
    names = names[:MAX_COMPARED]
    for separator in separators:
        combinations = [frozenset(split_labels(name, separator)) for name in names]
        several = {labels for labels in combinations if len(labels) > 1}
        extended = [labels for labels in several if any(other < labels for other in several)]
        n_labels = len(frozenset().union(*combinations))
        if len(extended) > len(names) / 2 and n_labels < len(names):
            name = max(names, key=len)
            raise LayoutError(
                f"{column} has several labels in one value, such as '{name}': {ONE_CLASS}; for "
                "several labels, use another tool; if each value is one class, choose "
                f"--class {shlex.quote(column)}"
            )


def split_labels(name: str, separator: str) -> list[str]:
    """Return the parts of a name, without brackets and quotes around them."""
    parts = [part.strip(BRACKETS) for part in name.split(separator)]
    return [part for part in parts if part]


def check_columns(columns: dict[str, pd.Series]) -> None:
    """Check that columns are neither flags of which a row has several, nor quantities.

    Raises:
        LayoutError: the columns are such flags, or all of them have decimals.
    """
    numbers = pd.DataFrame(columns).apply(pd.to_numeric, errors="coerce").astype(float)
    for flags in ([0, 1], [-1, 1]):  # CelebA has -1 and 1
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
        LayoutError: an image has several labels, or none.
    """
    n_labels = (columns > 0).sum(axis=1).to_numpy()
    names = [str(name) for name in columns]
    has_several = n_labels > 1
    if has_several.any():
        row = int(has_several.argmax())
        raise LayoutError(
            f"the columns {shorten(names)} are labels, of which row {columns.index[row] + 1} "
            f"has {n_labels[row]}: {ONE_CLASS}; for several labels, use another tool; for a "
            f"single one, choose --class {shlex.quote(names[0])}"
        )
    has_none = n_labels == 0
    if has_none.any():
        row = int(has_none.argmax())
        raise LayoutError(
            f"the columns {shorten(names)} are labels, of which row {columns.index[row] + 1} "
            f"has none: {ONE_CLASS}; add a column such as `other`, which is 1 in such rows, "
            "or delete these rows"
        )


def make_features_error(found: str) -> LayoutError:
    """Return the error about features. `found` is what tells them from pixels."""
    return LayoutError(
        f"{found}: {ONE_CLASS}; for a table of features, use another tool; if these are "
        "pixels, say so by --layout"
    )
