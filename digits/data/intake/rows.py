"""What must be true of somebody's images before their pixels are read."""

import os
from collections.abc import Iterable

import pandas as pd

from digits.data.images import MAX_CLASSES
from digits.data.intake import one_class
from digits.data.intake.collection import shorten
from digits.settings.errors import UserError


def find_faults(rows: pd.DataFrame) -> list[str]:
    """Return everything that cannot be right about images.

    Args:
        rows: as `Collection` describes them.
    """
    if "class" not in rows:
        return [f"{len(rows)} images without classes"]
    try:
        check_names(rows.get("file", []))
    except UserError as error:  # no other fault could name such a file
        return [error.message]
    faults = []
    for check in [
        check_have_classes,
        check_number_of_classes,
        check_meaning,
        check_files,
        check_ids,
        check_test_set,
        check_groups,
    ]:
        try:
            check(rows)
        except UserError as error:
            faults.append(error.message)
    return faults


def check_names(names: Iterable[str]) -> None:
    """Check that the names of files are UTF-8, as a parquet file needs them.

    Raises:
        UserError: some are not.
    """
    # Python reads other bytes as characters that cannot be encoded.
    wrong = [name for name in names if name.encode(errors="ignore").decode() != name]
    if wrong:
        raise UserError(
            f"{len(wrong)} names of files are not in UTF-8, first {os.fsencode(wrong[0])!r}; "
            "rename these files"
        )


def refuse(rows: pd.DataFrame, is_wrong: pd.Series, what: str) -> None:
    """Count the wrong images, and name the first one, in an error, if there are some."""
    wrong = rows[is_wrong]
    if len(wrong):
        raise UserError(f"{len(wrong)} images {what}, first {wrong['id'].iloc[0]}")


def check_have_classes(rows: pd.DataFrame) -> None:
    """Check that each image has a class."""
    refuse(rows, rows["class"] == "", "have no class")


def check_number_of_classes(rows: pd.DataFrame) -> None:
    """Check that there are neither too few nor too many classes."""
    names = list(rows["class"].unique())
    if not 2 <= len(names) <= MAX_CLASSES:
        raise UserError(f"{len(names)} classes ({shorten(names)}), allowed: 2 to {MAX_CLASSES}")


def check_meaning(rows: pd.DataFrame) -> None:
    """Check that the classes are neither a quantity nor several labels."""
    one_class.check_classes("the class", rows["class"], are_chosen=True)


def check_files(rows: pd.DataFrame) -> None:
    """Check that no picture is in two rows, of which one may be in the test set."""
    if "file" not in rows or rows["file"].is_unique:
        return
    repeated = rows[rows["file"].duplicated(keep=False)]
    classes = repeated.groupby("file", sort=False)["class"].unique()
    several = classes[classes.map(len) > 1]
    if len(several):
        raise UserError(
            f"{len(several)} pictures have several classes, first {several.index[0]} with "
            f"{' and '.join(several.iloc[0])}: {one_class.ONE_CLASS}; keep one row of each "
            "picture, or use another tool"
        )
    raise UserError(
        f"{rows['file'].duplicated().sum()} pictures are in two rows, first "
        f"{repeated['file'].iloc[0]}; delete one of the rows"
    )


def check_ids(rows: pd.DataFrame) -> None:
    """Check that the images have different ids, unless the ids are the files."""
    if "file" not in rows or not rows["id"].equals(rows["file"]):
        refuse(rows, rows["id"].duplicated(), "have the id of another one")


def check_test_set(rows: pd.DataFrame) -> None:
    """Check that the training set has all classes of the test set."""
    is_test = rows["test"]
    train, test = (set(rows["class"][chosen]) for chosen in (~is_test, is_test))
    if test <= train:
        return
    reason = f"only the test set has the classes {shorten(sorted(test - train))}"
    if train - test:
        reason += (
            f", and only the training set has {shorten(sorted(train - test))}: if these are "
            "the same classes, rename their folders so that they are called alike in both sets"
        )
    raise UserError(reason)


def check_groups(rows: pd.DataFrame) -> None:
    """Check that each image has a group, and that no group is in both sets."""
    if "group" not in rows:
        return
    refuse(rows, rows["group"] == "", "have no group")
    is_test = rows["test"]
    in_both = sorted(set(rows["group"][is_test]).intersection(rows["group"][~is_test]))
    if in_both:
        raise UserError(
            f"{len(in_both)} groups are in both training set and test set: {shorten(in_both)}"
        )
