"""Check the table of somebody's images before their pixels are read."""

import os
from collections.abc import Iterable

import pandas as pd

from image_layouts.checking import one_class
from image_layouts.errors import LayoutError, shorten


def find_faults(rows: pd.DataFrame) -> list[str]:
    """Return a message for each fault of a table of images."""
    if "class" not in rows:
        return [f"{len(rows)} images without classes"]
    try:
        check_names(rows.get("file", []))
    except LayoutError as error:  # the checks below could not print such names
        return [error.message]
    faults = []
    # Each check raises a LayoutError. All of them are reported at once.
    for check in [
        check_have_classes,
        check_kind_of_classes,
        check_files,
        check_ids,
        check_test_set,
        check_groups,
    ]:
        try:
            check(rows)
        except LayoutError as error:
            faults.append(error.message)
    return faults


def check_names(names: Iterable[str]) -> None:
    """Check that the names of files are UTF-8, which a parquet file needs.

    Raises:
        LayoutError: some names have another encoding.
    """
    # Python reads a byte that is no UTF-8 as a surrogate, and `ignore` drops surrogates.
    wrong = [name for name in names if name.encode(errors="ignore").decode() != name]
    if wrong:
        raise LayoutError(
            f"{len(wrong)} names of files are not in UTF-8, first {os.fsencode(wrong[0])!r}; "
            "rename these files"
        )


def raise_if_wrong(rows: pd.DataFrame, is_wrong: pd.Series, what: str) -> None:
    """Raise a LayoutError that counts the wrong images and names the first, if any are."""
    wrong = rows[is_wrong]
    if len(wrong):
        raise LayoutError(f"{len(wrong)} images {what}, first {wrong['id'].iloc[0]}")


def check_have_classes(rows: pd.DataFrame) -> None:
    """Check that each image has a class."""
    raise_if_wrong(rows, rows["class"] == "", "have no class")


def check_kind_of_classes(rows: pd.DataFrame) -> None:
    """Check that the classes are neither a quantity nor several labels."""
    one_class.check_classes("the class", rows["class"], are_chosen=True)


def check_files(rows: pd.DataFrame) -> None:
    """Check that no picture is in two rows, because one of the rows may be in the test set."""
    if "file" not in rows or rows["file"].is_unique:
        return
    repeated = rows[rows["file"].duplicated(keep=False)]
    classes = repeated.groupby("file", sort=False)["class"].unique()
    several = classes[classes.map(len) > 1]
    if len(several):
        raise LayoutError(
            f"{len(several)} pictures have several classes, first {several.index[0]} with "
            f"{' and '.join(several.iloc[0])}: {one_class.ONE_CLASS}; keep one row of each "
            "picture, or use another tool"
        )
    raise LayoutError(
        f"{rows['file'].duplicated().sum()} pictures are in two rows, first "
        f"{repeated['file'].iloc[0]}; delete one of the rows, or, if "
        "these are pictures of several folders, name the folder in `file`"
    )


def check_ids(rows: pd.DataFrame) -> None:
    """Check that the images have different ids, unless the ids are files or numbers from 1."""
    # The ids of a table are strings. Only `add_columns` numbers images.
    are_files = "file" in rows and rows["id"].equals(rows["file"])
    are_numbers = pd.api.types.is_integer_dtype(rows["id"])
    if not are_files and not are_numbers:
        raise_if_wrong(rows, rows["id"].duplicated(), "have the id of another one")


def check_test_set(rows: pd.DataFrame) -> None:
    """Check that the training set has all classes of the test set."""
    is_test = rows["test"]
    train = set(rows["class"][~is_test])
    test = set(rows["class"][is_test])
    only_in_test, only_in_train = sorted(test - train), sorted(train - test)
    if not only_in_test:
        return
    reason = f"only the test set has the classes {shorten(only_in_test)}"
    if only_in_train:
        reason += (
            f", and only the training set has {shorten(only_in_train)}: if these are "
            "the same classes, rename their folders so that they are called alike in both sets"
        )
    else:
        reason += "; move some of their images into the training set, or leave the classes out"
    raise LayoutError(reason)


def check_groups(rows: pd.DataFrame) -> None:
    """Check that each image has a group if others have one, and that none is in both sets."""
    if "group" not in rows:
        return
    raise_if_wrong(rows, rows["group"] == "", "have no group")
    is_test = rows["test"]
    in_both = sorted(set(rows["group"][is_test]).intersection(rows["group"][~is_test]))
    if in_both:
        raise LayoutError(
            f"{len(in_both)} groups are in both training set and test set: {shorten(in_both)}"
        )
