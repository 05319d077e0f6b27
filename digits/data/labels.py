"""Label the images of a task."""

import numpy as np
import pandas as pd


def label_images(
    images: pd.DataFrame, positive: list[int] | None, negative: list[int] | None
) -> pd.DataFrame:
    """Return the images of a task, with a column `label`.

    Args:
        images: a table of images, whose pixels are not needed.
        positive: the classes with label 1. If None, the label of each image is its class.
        negative: the classes with label 0; images of any other class are left out. If None,
            all classes that are not positive have label 0.
    """
    if positive is None:
        # `assign` copies the attrs, so that those of `images` stay as they are.
        labelled = images.assign(label=images["class"])
        labelled.attrs["label_names"] = images.attrs.get("names")
        return labelled

    if negative is not None:
        images = images[images["class"].isin([*positive, *negative])]
    is_positive = images["class"].isin(positive)
    return images.assign(label=is_positive.astype(np.uint8))
