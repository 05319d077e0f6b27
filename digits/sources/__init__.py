"""Sources of images, a module each: a new one needs no other edit than its own file.

A source has `read(place, dataset)`, which returns a table made by `images`, or raises a PipelineError with the reason
in a few words. What it gives must have the pinned digests (stages/fetch.py), so a source decides how the bytes come,
never which. One that needs no network says so by `LOCAL = True`. A room has its source in `digits/<room>/source.py`.
"""

from collections.abc import Sequence
from typing import Any

from digits.core.errors import PipelineError
from digits.core.params import Dataset
from digits.core.tables import Pixels, Vector

import numpy as np
import pandas as pd

MOST_CLASSES = 256
NOT_HERE = "is not here; put your images there, or correct the name; `dvc pull` fetches what was shared by `dvc push`"


def images(
    dataset: Dataset,
    pixels: Any,
    classes: Any,
    *,
    names: Sequence[str] | None = None,
    group: Vector | None = None,
    group_names: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Return a source's table of images; a PipelineError if the values are not of the dataset's form.

    Args:
        dataset: its block of params.yaml.
        pixels: whole numbers of shape (images, height * width), 0 to the dataset's maximum.
        classes: whole numbers of shape (images,).
        names: of the classes, in the order of their numbers, where the source names them.
        group: who wrote each, or the like, where the source knows it, numbered from 0, shape (images,).
        group_names: in the order of their numbers, where the source names them.
    """
    pixels, classes = as_bytes(pixels), as_bytes(classes)
    height, width = dataset.shape
    if not len(classes) or pixels.shape != (len(classes), height * width) or pixels.max() > dataset.maximum:
        found = f"{len(classes)} labels, pixels of shape {pixels.shape} up to {pixels.max(initial=0)}"
        raise PipelineError(f"{found}; expected images of {height} × {width} pixels from 0 to {dataset.maximum}")
    frame = pd.DataFrame(pixels, columns=[f"pixel{i + 1}" for i in range(pixels.shape[1])]).assign(**{"class": classes})
    if group is not None:
        frame["group"] = group.astype(np.uint32)
    named = {"names": names or dataset.names, "group_names": group_names}
    frame.attrs = {"shape": [height, width], "maximum": dataset.maximum, **{k: v for k, v in named.items() if v}}
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


def number(classes: Sequence[str], groups: Sequence[str] = ()) -> dict[str, Any]:
    """Return the arguments of `images` for classes and groups by name.

    Where every class is a whole number up to 255, that is its label, and there are no names. Else the classes are
    sorted, as numbers where they are, and numbered from 0. Groups are numbered as they come.
    """
    names = sorted(set(classes))
    if are_numbers := all(name.isdecimal() for name in names):
        names.sort(key=int)
    if not 2 <= len(names) <= MOST_CLASSES or (are_numbers and len({*map(int, names)}) < len(names)):
        raise PipelineError(
            f"{len(names)} classes ({', '.join(names):.60}); allowed: 2 to {MOST_CLASSES} different ones"
        )
    are_labels = are_numbers and int(names[-1]) < MOST_CLASSES
    labels = {name: int(name) if are_labels else label for label, name in enumerate(names)}
    found: dict[str, Any] = {"classes": np.array([labels[name] for name in classes], np.uint8)}
    found |= {} if are_labels else {"names": names}
    if groups:
        numbers = {name: i for i, name in enumerate(dict.fromkeys(groups))}
        found |= {"group": np.array([numbers[name] for name in groups], np.uint32), "group_names": [*numbers]}
    return found
