"""A dataset of params.yaml, enlarged with deformed copies of some of its images.

The place is a dataset and two numbers, such as `mnist 60000 700000`. The first number is the
number of images that are copied, from the first image on. The second number is the number of
all images of the new dataset. They are, in this order:

- the first images, which are copied;
- deformed copies of them, as many as needed;
- all other images.

An image and its copies are one group, unless the dataset has groups of its own. So they are
never divided between training set and test set, or between two folds.

Source: G. Loosli, S. Canu, L. Bottou, "Training invariant support vector machines using
selective sampling" (2007).
"""

from collections.abc import Iterator, Sequence

import joblib
import numpy as np
import pandas as pd
from tqdm import tqdm

from digits.core.tables import Pixels
from digits.data.fetching import fetch_dataset
from digits.data.images import make_images
from digits.imaging.transforms.deformation import STRONG, deform_rows, list_blocks
from digits.settings.errors import UserError
from digits.settings.params import DatasetParams

READS_DATASET = True

# The seed of params.yaml is not used, so that the checksums of the dataset stay the same.
SEED = 42

# The number of blocks of images that are deformed at a time.
BLOCKS_PER_BATCH = 10


def read(place: str, dataset: DatasetParams) -> tuple[Pixels, pd.DataFrame]:
    """Return the images of a dataset, and deformed copies of some of them.

    Args:
        place: as the docstring of this module describes it.
        dataset: the entry of params.yaml.

    Raises:
        UserError: there is no such dataset, or it has other numbers of images.
    """
    name, n_first, n_images = split_place(place)
    if dataset.is_color:
        raise UserError("only grey images can be deformed")
    X, images = fetch_dataset(name)
    if not 1 <= n_first <= len(X) <= n_images:
        raise UserError(
            f"{name} has {len(X)} images; write 1 to {len(X)} for the first number, and at "
            f"least {len(X)} for the second"
        )
    other_rows = np.arange(n_first, len(X))
    end_of_copies = n_images - len(other_rows)
    copied_rows = np.arange(end_of_copies) % n_first  # 0 to n_first - 1, repeated
    # The row of the dataset that each image is made from.
    originals = np.concatenate([copied_rows, other_rows])
    groups = originals
    if "group" in images:
        groups = images["group"].to_numpy()[originals]
    if "group_names" in images.attrs:
        groups = np.array(images.attrs["group_names"])[groups]
    is_test = images["test"].to_numpy()[originals] if "test" in images else None
    classes = images["class"].to_numpy()[originals]
    blocks = yield_deformed(X, n_first, end_of_copies, images.attrs["shape"])
    names = images.attrs.get("names")
    return make_images(
        dataset, blocks, classes, names=names, is_test=is_test, columns={"group": groups}
    )


def split_place(place: str) -> tuple[str, int, int]:
    """Return the dataset and the two numbers of a place.

    Raises:
        UserError: the place has other parts.
    """
    try:
        name, n_first, n_images = place.split()
        return name, int(n_first), int(n_images)
    except ValueError:
        raise UserError(
            "is not a dataset and two numbers, such as mnist 60000 700000"
        ) from None


def yield_deformed(
    X: Pixels, n_first: int, end_of_copies: int, shape: Sequence[int]
) -> Iterator[Pixels]:
    """Yield the first images, deformed copies of them, and all other images.

    Args:
        X: the pixels of the dataset, shape (n_images, height * width).
        n_first: the number of images that are copied.
        end_of_copies: the number of images and copies that come before the other images.
        shape: the height and the width of an image.
    """
    originals = np.array(X[:n_first])  # in memory
    yield originals
    deform = joblib.delayed(deform_rows)
    blocks = list_blocks(n_first, end_of_copies)
    starts = range(0, len(blocks), BLOCKS_PER_BATCH)
    with joblib.Parallel(joblib.cpu_count(), prefer="threads") as parallel:
        for start in tqdm(starts, "deformed images", disable=None, leave=False):
            batch = blocks[start : start + BLOCKS_PER_BATCH]
            tasks = [deform(originals, shape, rows, SEED, STRONG) for rows in batch]
            yield np.concatenate(parallel(tasks))
    yield X[n_first:]
