"""Sources of images, a module each.

`read(place, dataset)` returns a table made by `images`, or raises a PipelineError with the reason in a few words. One
that needs no network says so by `LOCAL = True`. A room has its source in `digits/<room>/source.py`.
"""

from collections.abc import Sequence
from typing import Any

from digits.core.errors import PipelineError
from digits.core.params import Dataset
from digits.core.tables import Pixels

import numpy as np
import pandas as pd

MOST_CLASSES = 256
NOT_HERE = "is not here; put your images there, or correct the name; `dvc pull` fetches what was shared by `dvc push`"


def images(
    dataset: Dataset, pixels: Any, classes: Any, *, names: Any = None, group: Any = None, group_names: Any = None
) -> pd.DataFrame:
    """Return a source's table of images; a PipelineError if the values are not of the dataset's form.

    `pixels` have the shape (images, height * width); classes, and groups from 0 where there are any, may have names.
    """
    pixels, classes = as_bytes(pixels), as_bytes(classes)
    height, width = dataset.shape
    if not len(classes) or pixels.shape != (len(classes), height * width) or pixels.max() > dataset.maximum:
        found = f"{len(classes)} labels, pixels of shape {pixels.shape} up to {pixels.max(initial=0)}"
        raise PipelineError(f"{found}; expected images of {height} × {width} pixels from 0 to {dataset.maximum}")
    frame = pd.DataFrame(pixels, columns=[f"pixel{i + 1}" for i in range(height * width)]).assign(**{"class": classes})
    if group is not None:
        frame["group"] = group.astype(np.uint32)
    frame.attrs = {"shape": [height, width], "maximum": dataset.maximum}
    if names := names or dataset.names:
        frame.attrs["names"] = names
    if group_names is not None:
        frame.attrs["group_names"] = [*group_names]
    return frame


def as_bytes(values: Any) -> Pixels:
    """Convert numbers, or text that spells them, to uint8; a PipelineError if that would change one."""
    try:
        numbers = values if values.dtype.kind in "fiu" else values.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise PipelineError(error) from None
    with np.errstate(invalid="ignore"):  # a missing value converts to something, and then differs
        integers = numbers.astype(np.uint8)
    if not np.array_equal(integers, numbers):
        raise PipelineError("its values are not all whole numbers from 0 to 255")
    return integers


def number(classes: Sequence[str], groups: Sequence[str]) -> dict[str, Any]:
    """Return the arguments of `images` for classes and groups by name; no group, or "" for each, is without groups.

    Classes that are whole numbers up to 255 are labels. Others are sorted and numbered, groups numbered as they come.
    """
    are_numbers = all(map(str.isdecimal, classes))
    names = sorted({*classes}, key=lambda name: (int(name) if are_numbers else 0, name))
    if not 2 <= len(names) <= MOST_CLASSES or (are_numbers and len({*map(int, names)}) < len(names)):
        found = f"{len(names)} classes ({', '.join(names):.60})"
        raise PipelineError(f"{found}; allowed: 2 to {MOST_CLASSES} different ones")
    are_labels = are_numbers and int(names[-1]) < MOST_CLASSES
    labels = np.array([int(name) if are_labels else names.index(name) for name in classes], np.uint8)
    numbered: dict[str, Any] = {"classes": labels, "names": None if are_labels else names}
    if any(groups):
        numbered["group"], numbered["group_names"] = pd.factorize(np.array(groups, object))
    return numbered
