"""Split one dataset into a training part and a test part.

Reads `data/raw/<dataset>.parquet`; writes `data/split/<split>/train.parquet`, shuffled by the seed, and `test.parquet`;
the column `row` is each image's index in the dataset. A count tests on the last rows, in their order, as MNIST's
authors intended; a share draws rows at random; `{share: 0.25}` draws by digest from each class, so that a new image
moves at most one other. Groups stay whole: `{groups: 3}` tests on the last three, and a share is of the groups.
"""

import hashlib
import math

from digits.core import params, paths, tables
from digits.core.errors import PipelineError, Stage, note
from digits.core.params import Split
from digits.core.tables import Group, Pixels, Vector

import click
import numpy as np


def split_rows(split: Split, seed: int, classes: Vector, group: Group, pixels: Pixels) -> tuple[Vector, Vector]:
    """Return the training rows, shuffled, and the test rows, of images whose pixels have the shape (images, pixels).

    A share gives the rows of scikit-learn's `train_test_split`, of the groups those of `GroupShuffleSplit`.
    """
    random, rows, test = np.random.RandomState(seed), np.arange(len(classes), dtype=np.uint32), split.test
    if isinstance(test, float) and group is None:
        random.shuffle(rows)
        count = count_tested(test, len(rows))
        return rows[count:], rows[:count]
    if isinstance(test, int):
        is_tested = rows >= len(rows) - count_tested(test, len(rows))
        if group is not None and (cut := np.intersect1d(group[is_tested], group[~is_tested])).size:
            raise PipelineError(f"test: {test} cuts group {cut[0]} in two; use {{groups: 1}}, or another count")
    elif isinstance(test, dict) and "share" in test:
        is_tested = draw(test["share"], pixels, classes, group)  # type: ignore[index]
    elif group is None:
        raise PipelineError("test: its dataset has no groups; use a count or a share of images")
    else:
        groups = random.permutation(np.unique(group))
        tested = test["groups"] if isinstance(test, dict) else test  # type: ignore[index]
        count = count_tested(tested, len(groups), "groups")
        is_tested = np.isin(group, np.sort(groups)[-count:] if isinstance(test, dict) else groups[:count])
    train = rows[~is_tested]
    random.shuffle(train)
    return train, rows[is_tested]


def count_tested(test: float, total: int, what: str = "images") -> int:
    """Return how many of so many images, or groups, a count or a share tests on; neither part may be empty."""
    tested = test if isinstance(test, int) else math.ceil(test * total)
    if not 0 < tested < total:
        raise PipelineError(f"test: {test} of {total} {what} leaves none to train on; allowed: 1 to {total - 1}")
    return tested


def draw(share: float, pixels: Pixels, classes: Vector, group: Group) -> Vector:
    """Return whether each image is tested, shape (images,): of each class, or of the groups, the share placed lowest.

    An image's place, 0 to 1, follows from its pixels alone; that of a group is its first image's.
    """
    place = np.frombuffer(b"".join(hashlib.sha256(image).digest()[:8] for image in pixels), ">u8") / 2**64
    if group is not None:
        groups, first = np.unique(group, return_index=True)
        return np.isin(group, groups[np.argsort(place[first])[: count_tested(share, len(groups), "groups")]])
    is_tested = np.zeros(len(place), bool)
    for label in np.unique(classes):
        of_class = classes == label
        lowest = np.sort(place[of_class])
        is_tested[of_class] = place[of_class] < lowest[min(math.ceil(share * len(lowest)), len(lowest) - 1)]
    return is_tested


@click.command(cls=Stage, help=__doc__)
@click.argument("name")
def main(name: str) -> None:
    """Read, split, write."""
    settings = params.load()
    split = params.find(settings.splits, name)
    images = tables.read(paths.raw(split.dataset))
    classes, names = images["class"].to_numpy(), images.attrs.get("names")
    parts = split_rows(split, settings.seed, classes, images.get("group"), tables.pixels(images))
    for part, rows in zip(("train", "test"), parts, strict=True):
        for label in np.setdiff1d(classes, classes[rows]):
            note(f"{name}: no image of {names[label] if names else label} is in the {part} part")
        tables.write(paths.split(name, part), images.iloc[rows].assign(row=rows))


if __name__ == "__main__":
    main()
