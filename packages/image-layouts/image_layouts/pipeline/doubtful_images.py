"""Warn about images, classes and groups that are probably wrong.

Only the owner of the images knows whether they are. Certain faults are errors in `rows`.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from digits.core.images import Images
from digits.core.pixels import Vector
from image_layouts.checking.class_names import find_equal_names
from image_layouts.pipeline.alike import find_alike

MIN_EQUAL = 0.01  # the share of equal images; a few may be equal by chance


def find_doubtful_images(
    images: Images, checksums: Vector, class_names: Sequence[object]
) -> list[str]:
    """Return a line for each probable mistake, with what to do.

    `checksums` has the same one for equal images, shape (n_images,).
    """
    names = [str(name) for name in class_names]
    table = images.table
    equal = find_equal_names(names)
    lines = [
        *[f"classes that may be the same: {each}; if they are, rename one" for each in equal],
        *find_images_in_several(table, checksums, "class", names),
        *find_equal_images(table, checksums),
        *find_alike(images, checksums),
    ]
    if "group" in table:
        lines += find_images_in_several(table, checksums, "group", images.group_names)
    return lines


def find_images_in_several(
    images: pd.DataFrame, checksums: Vector, column: str, names: Sequence[str] | None
) -> list[str]:
    """Return a line about equal images in different classes or groups."""
    values = images[column].to_numpy()
    # There may be millions of images, and pandas would need more memory to find equal ones.
    order = np.argsort(checksums)
    ordered = checksums[order]
    equals_previous = ordered[1:] == ordered[:-1]
    has_other_value = np.diff(values[order]) != 0
    is_in_several = np.isin(checksums, ordered[1:][equals_previous & has_other_value])
    if not is_in_several.any():
        return []
    # The first of these images, and an equal image that contradicts it.
    first = is_in_several.argmax()
    is_equal = checksums == checksums[first]
    differs = values != values[first]
    second = (is_equal & differs).argmax()
    if "file" in images:
        shown = [str(images["file"].iloc[row]) for row in (first, second)]
    else:
        shown = [
            f"number {row + 1} ({names[values[row]] if names else values[row]})"
            for row in (first, second)
        ]
    what = "classes" if column == "class" else "groups"
    return [
        f"{is_in_several.sum()} images are in several {what}, such as {' and '.join(shown)}; "
        "delete the wrong ones"
    ]


def find_equal_images(images: pd.DataFrame, checksums: Vector) -> list[str]:
    """Return a line about images that are in one class several times, if there are many."""
    pairs = pd.DataFrame({"checksum": checksums, "class": images["class"].to_numpy()})
    n_copies = pairs.duplicated().sum()
    if n_copies < MIN_EQUAL * len(images):
        return []
    return [
        f"{n_copies} images are equal to an earlier one of their class; if these are "
        "copies of files, delete them"
    ]
