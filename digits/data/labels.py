"""Label the images of a task."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd


def label_images(
    images: pd.DataFrame,
    positive: Sequence[int | str] | None,
    negative: Sequence[int | str] | None,
) -> pd.DataFrame:
    """Return the images of a task, with a column `label`.

    Args:
        images: a table of images, whose pixels are not needed.
        positive: the classes with label 1, by their names if they have any, and otherwise by
            their numbers. If None, the label of each image is its class.
        negative: the classes with label 0; images of any other class are left out. If None,
            all classes that are not positive have label 0.
    """
    names = images.attrs.get("names")
    if positive is None:
        # `assign` copies the attrs, so that those of `images` stay as they are.
        labelled = images.assign(label=images["class"])
        labelled.attrs["label_names"] = names
        return labelled

    if negative is not None:
        images = images[images["class"].isin(to_numbers([*positive, *negative], names))]
    is_positive = images["class"].isin(to_numbers(positive, names))
    return images.assign(label=is_positive.astype(np.uint8))


def to_numbers(classes: Sequence[Any], names: Sequence[str] | None) -> Sequence[Any]:
    """Return the numbers of classes. Without `names`, the classes are numbers already."""
    return [names.index(name) for name in classes] if names else classes
