"""What must be true of somebody's images before their pixels are read."""

from collections.abc import Callable

import pandas as pd

from digits.data.images import MAX_CLASSES
from digits.data.intake import one_class
from digits.data.intake.collection import check_names, shorten
from digits.settings.errors import UserError


def find_faults(rows: pd.DataFrame) -> list[str]:
    """Return everything that cannot be right about images.

    Args:
        rows: as `Collection` describes them.
    """
    if "class" not in rows:
        return [f"{len(rows)} images without classes"]
    if "file" in rows:
        try:
            check_names(rows["file"].tolist())
        except UserError as error:
            return [error.message]
    checks: list[Callable[[pd.DataFrame], str]] = [
        lambda rows: count(rows, rows["class"] == "", "have no class"),
        check_number_of_classes,
        check_meaning,
        check_files,
        check_ids,
        check_test_set,
        check_groups,
    ]
    return [fault for check in checks if (fault := check(rows))]


def count(rows: pd.DataFrame, is_wrong: pd.Series, what: str) -> str:
    """Return a sentence about images, or "" if there are none."""
    wrong = rows[is_wrong]
    if wrong.empty:
        return ""
    return f"{len(wrong)} images {what}, first {wrong['id'].iloc[0]}"


def check_number_of_classes(rows: pd.DataFrame) -> str:
    """Return a sentence if there are too few or too many classes."""
    names = list(rows["class"].unique())
    if 2 <= len(names) <= MAX_CLASSES:
        return ""
    return f"{len(names)} classes ({shorten(names)}), allowed: 2 to {MAX_CLASSES}"


def check_meaning(rows: pd.DataFrame) -> str:
    """Return a sentence if the classes are a quantity, or several labels."""
    try:
        one_class.check_classes("the class", rows["class"])
    except UserError as error:
        return error.message
    return ""


def check_files(rows: pd.DataFrame) -> str:
    """Return a sentence if a picture is in several rows."""
    if "file" not in rows:
        return ""
    try:
        one_class.check_not_listed_twice(rows)
    except UserError as error:
        return error.message
    return ""


def check_ids(rows: pd.DataFrame) -> str:
    """Return a sentence if several images have the same id, and it is not their file."""
    if "file" in rows and rows["id"].equals(rows["file"]):
        return ""
    return count(rows, rows["id"].duplicated(), "have the id of another one")


def check_test_set(rows: pd.DataFrame) -> str:
    """Return a sentence if the training set lacks classes of the test set."""
    is_test = rows["test"]
    only = sorted(set(rows["class"][is_test]).difference(rows["class"][~is_test]))
    return f"only the test set has the classes {shorten(only)}" if only else ""


def check_groups(rows: pd.DataFrame) -> str:
    """Return a sentence if an image has no group, or a group is in both sets."""
    if "group" not in rows:
        return ""
    missing = count(rows, rows["group"] == "", "have no group")
    is_test = rows["test"]
    in_both = sorted(set(rows["group"][is_test]).intersection(rows["group"][~is_test]))
    if missing or not in_both:
        return missing
    return f"{len(in_both)} groups are in both training set and test set: {shorten(in_both)}"
