"""Label the images of a task."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from digits.core.images import Images
from digits.messages.errors import UserError, check_choice
from digits.settings.params import TaskParams


def label_images(
    images: Images,
    positive: Sequence[int | str] | None,
    negative: Sequence[int | str] | None,
) -> Images:
    """Return the images of a task, with a column `label`.

    Args:
        images: the images of a split.
        positive: the classes with label 1, by their names if they have any, and otherwise by
            their numbers. If None, the label of each image is its class.
        negative: the classes with label 0; images of any other class are left out. If None,
            all classes that are not positive have label 0.
    """
    names = images.class_names
    if positive is None:
        labels = images.table["class"]
    else:
        if negative is not None:
            kept = to_class_numbers([*positive, *negative], names)
            images = images.select(np.flatnonzero(images.table["class"].isin(kept)))
        is_positive = images.table["class"].isin(to_class_numbers(positive, names))
        labels = is_positive.astype(np.uint8)
    table = images.table.assign(label=labels)
    # `assign` copies the attrs, so this does not change `images`.
    table.attrs["has_positive"] = positive is not None
    table.attrs["label_names"] = names if positive is None else None
    return replace(images, table=table)


def check_classes(task: TaskParams, class_names: Sequence[int | str]) -> None:
    """Raise a UserError if a class of a task does not exist, or if all classes are positive."""
    for name in [*(task.positive or []), *(task.negative or [])]:
        check_choice("positive, negative", name, class_names)
    if len(set(task.positive or [])) == len(class_names):
        raise UserError("`positive` must not name all classes")


def to_class_numbers(classes: Sequence[Any], names: Sequence[str] | None) -> Sequence[Any]:
    """Return the numbers of classes. Without `names`, the classes are numbers already."""
    return [names.index(name) for name in classes] if names else classes
