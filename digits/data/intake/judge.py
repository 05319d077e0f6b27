"""Say what is doubtful about images, their classes and their groups, after they were read.

What cannot be right is refused where it is found. What only the owner of the images can know is
said here, in a line with what to do.
"""

import re
import unicodedata
from collections.abc import Sequence
from pathlib import PurePosixPath

import numpy as np
import pandas as pd

from digits.core.tables import Vector
from digits.data.intake.collection import shorten
from digits.data.intake.one_class import describe_quantity

# The end of the name of an augmented copy, as Roboflow writes it: `dog_jpg.rf.0f3a.jpg`.
COPY = re.compile(r"\.rf\.\w+$")


def list_doubts(
    images: pd.DataFrame, checksums: Vector, class_names: Sequence[object]
) -> list[str]:
    """Return a line for each doubt.

    Args:
        images: the table of images, without their pixels.
        checksums: as `checksums_of` returns them, shape (n_images,).
        class_names: the names of the classes, or their numbers.
    """
    names = [str(name) for name in class_names]
    doubts = [
        *describe_quantity(class_names),
        *find_equal_names(class_names),
        *find_images_in_several(
            images, checksums, "classes", images["class"].map(names.__getitem__)
        ),
        *find_copies(images),
    ]
    if "group" in images:
        group_names = images.attrs.get("group_names")
        groups = (
            images["group"].map(group_names.__getitem__) if group_names else images["group"]
        )
        doubts += find_images_in_several(images, checksums, "groups", groups)
    return doubts


def find_equal_names(class_names: Sequence[object]) -> list[str]:
    """Return a line about classes whose names differ only by case, accents, blanks or zeros."""
    by_letters: dict[str, list[str]] = {}
    for name in map(str, class_names):
        decomposed = unicodedata.normalize("NFKD", name).casefold()
        letters = "".join(character for character in decomposed if character.isalnum())
        letters = letters.lstrip("0") if letters.isdecimal() else letters
        by_letters.setdefault(letters or name, []).append(name)
    alike = [" and ".join(map(repr, names)) for names in by_letters.values() if len(names) > 1]
    if not alike:
        return []
    return [f"classes that may be the same: {shorten(alike)}; if they are, give them one name"]


def find_images_in_several(
    images: pd.DataFrame, checksums: Vector, what: str, values: pd.Series
) -> list[str]:
    """Return a line about images that are there several times, in several classes or groups.

    Args:
        images: the table of images.
        checksums: as `checksums_of` returns them, shape (n_images,).
        what: `classes` or `groups`.
        values: the class or the group of each image.
    """
    _, contents = np.unique(checksums, return_inverse=True)  # equal images have equal numbers
    n_values = values.groupby(contents).transform("nunique").to_numpy()
    in_several = np.flatnonzero(n_values > 1)
    if not len(in_several):
        return []
    first = in_several[0]
    is_other = (contents == contents[first]) & (values != values.iloc[first]).to_numpy()
    pair = [first, np.flatnonzero(is_other)[0]]
    if "file" in images:
        names = [str(images["file"].iloc[row]) for row in pair]
    else:
        names = [f"number {row + 1} ({values.iloc[row]})" for row in pair]
    return [
        f"{len(in_several)} images are in several {what}, such as {' and '.join(names)}; "
        "delete the wrong ones"
    ]


def find_copies(images: pd.DataFrame) -> list[str]:
    """Return a line about pictures whose names say that they are copies of others."""
    if "file" not in images or "group" in images:
        return []
    stems = images["file"].map(lambda name: PurePosixPath(name).stem)
    originals = stems.str.replace(COPY, "", regex=True)
    is_renamed = stems.str.contains(COPY)  # which a picture without copies may be, too
    is_copy = is_renamed & originals.duplicated(keep=False)
    copies, originals = stems[is_copy], originals[is_copy]
    if copies.empty:
        return []
    return [
        f"{len(copies)} pictures are copies of {originals.nunique()}, by their names, such as "
        f"{copies.iloc[0]}; make the copies of one picture a group, or keep only one of them"
    ]
