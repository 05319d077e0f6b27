"""Split one dataset into a training part and a test part.

Reads `data/raw/<dataset>.parquet`; writes `data/split/<split>/train.parquet`, shuffled by the seed, and `test.parquet`,
each image's index in the dataset in the column `row`. A count tests on the last rows, in their order, as MNIST's
authors meant it; a share draws them at random. `{share: 0.25}` draws by the images' digests, from each class: an image
added moves at most one other of its class. No group is on both sides: `{groups: 3}` tests on the last three; a share is
one of the groups.
"""

import hashlib
import math
from collections.abc import Iterable

from digits.io import parquet, paths, tables
from digits.io.tables import GROUP, IMAGES, ORIGIN, Vector
from digits.support import cli, parameters, rooms
from digits.support.errors import ParameterError, shorten
from digits.support.parameters import Split

import numpy as np

NO_GROUPS = "test: {}, but its dataset has no groups; use a count or a share of images"
COPIES = "test: {} would put copies of one image into both parts; use a count of images behind the copies"
DRAWN = "share"  # the key of a share that is drawn by digests
IN_MEMORY = 500_000  # rows; more are shuffled on disk, which gives the same bytes (digits/scale/shuffle.py)


def count_tested(test: float, total: int, what: str = "images") -> int:
    """Return how many of so many images, or groups, a count or a share tests on; neither part may be empty."""
    tested = test if isinstance(test, int) else math.ceil(test * total)
    if not 0 < tested < total:
        allowed = f"allowed: 1 to {total - 1}, or a share of less"
        raise ParameterError(f"test: {test} of {total} {what} leaves none to train on; {allowed}")
    return tested


def split_rows(
    split: Split,
    rows: int,
    seed: int,
    group: Vector | None = None,
    place: Vector | None = None,
    classes: Vector | None = None,
) -> tuple[Vector, Vector]:
    """Return the training rows, shuffled, and the test rows: in order, or as drawn where a share is without groups.

    A share gives those of scikit-learn's `train_test_split`, of the groups those of `GroupShuffleSplit`, whose imports
    take longer than the rest of this stage. `group` has the shape (rows,), and so have `place`, what `places` returns,
    and `classes`, which a share by digests needs.
    """
    random = np.random.RandomState(seed)
    order = np.arange(rows, dtype=np.uint32)
    if place is not None and isinstance(split.test, dict):
        share = split.test[DRAWN]
        if group is None:
            is_tested = draw(share, place, np.zeros(rows) if classes is None else classes)
        else:
            is_tested = draw_groups(share, place, group)
    elif group is None:
        if isinstance(split.test, dict):
            raise ParameterError(NO_GROUPS.format(split.test))
        tested = count_tested(split.test, rows)
        if isinstance(split.test, float):
            random.shuffle(order)
            return order[tested:], order[:tested]
        is_tested = order >= rows - tested
    elif isinstance(split.test, int):
        is_tested = order >= rows - count_tested(split.test, rows)
        require_uncut(split.test, group)
    else:
        groups = np.unique(group)
        test = split.test if isinstance(split.test, float) else int(split.test["groups"])
        drawn = random.permutation(groups)[: count_tested(test, len(groups), "groups")]
        is_tested = np.isin(group, drawn if isinstance(test, float) else groups[-test:])
    train = order[~is_tested]
    random.shuffle(train)
    return train, order[is_tested]


def places(images: Iterable[Vector]) -> Vector:
    """Return a number of each image, 0 to 1 and evenly spread, that depends on its pixels alone, shape (images,)."""
    digests = [hashlib.sha256(image).digest()[:8] for batch in images for image in batch]
    return np.frombuffer(b"".join(digests), ">u8") / 2**64


def draw(share: float, place: Vector, classes: Vector) -> Vector:
    """Return whether each image is tested, shape (images,): of each class the share that is placed lowest, rounded up.

    A quota of each class, for a threshold, which moves no image when others are added, tests too many of one class and
    too few of another; here an image added moves at most one of its class. Of each class one is always trained on.
    """
    is_tested = np.zeros(len(place), bool)
    for each in np.unique(classes):
        of_class = classes == each
        lowest = np.sort(place[of_class])
        end = min(math.ceil(share * len(lowest)), len(lowest) - 1)
        is_tested[of_class] = place[of_class] < lowest[end]  # the same picture twice is in one part
    if not is_tested.any():
        raise ParameterError(f"test: {{{DRAWN}: {share}}} tests on no image: no class has two different ones; add some")
    return is_tested


def draw_groups(share: float, place: Vector, group: Vector) -> Vector:
    """Return whether each image is tested, shape (images,): those of the share of the groups that is placed lowest.

    Groups are drawn by the digests of their first images: a new group changes the numbers of those that come after it.
    """
    groups, first = np.unique(group, return_index=True)
    order = np.argsort(place[first])
    return np.isin(group, groups[order[: count_tested(share, len(groups), "groups")]])


def require_uncut(test: int, group: Vector) -> None:
    """Require that a count of the last rows cuts no group in two; else a ParameterError names the next that do not."""
    row, of_row = np.arange(len(group)), np.unique(group, return_inverse=True)[1]
    last = np.zeros(len(group), int)
    np.maximum.at(last, of_row, row)  # of each group
    ends = np.maximum.accumulate(last[of_row]) == row  # no group that began goes on after this row
    uncut = len(group) - 1 - np.flatnonzero(ends[:-1])
    if test not in uncut:
        near = [*uncut[uncut > test][-1:].tolist(), *uncut[uncut < test][:1].tolist()]
        remedy = f"the next that do not: {' and '.join(map(str, near))}" if near else "use {groups: 1}"
        raise ParameterError(f"test: {test} cuts a group in two; {remedy}")


def main() -> None:
    """Read, split, write."""
    name = cli.block_name(__doc__, "splits", "mnist")
    params = parameters.load()
    split = params.block(Split, name)
    images = paths.raw(split.dataset)
    count = parquet.count(images, IMAGES)
    by_digest = isinstance(split.test, dict) and DRAWN in split.test
    classes, names = parquet.read_column(images, IMAGES, "class"), parquet.image_info(images).names
    group = parquet.read_if_there(images, GROUP)
    try:
        place = places(parquet.pixels(images)) if by_digest else None
        orders = split_rows(split, count, params.seed, group, place, classes)
    except ParameterError as error:
        raise ParameterError(f"{parameters.FILE}: splits.{name}.{error}") from None
    if (origin := parquet.read_if_there(images, ORIGIN)) is not None:
        rooms.load("scale.augmentation", f"splits.{name}").require_apart(*orders, origin)
    outputs = [paths.split(name, part) for part in ("train", "test")]
    untrained, untested = (
        [names[each] if names else str(each) for each in np.setdiff1d(classes, classes[rows])] for rows in orders
    )
    if untrained:
        what = f"splits.{name}.test: {split.test} leaves no image of {shorten(', '.join(untrained), 200)} to train on"
        remedy = "use {share: 0.25}" if group is None else "add images of it to other groups"
        raise ParameterError(f"{parameters.FILE}: {what}; {remedy}")
    for each in untested:
        cli.note(f"{name}: no image of {each} is in the test part")
    if count > IN_MEMORY:
        rooms.load("scale.shuffle", f"splits.{name}, of {count} images,").split_file(images, orders, outputs)
        return
    table = parquet.read(images, IMAGES)
    for path, rows in zip(outputs, map(tables.array, orders), strict=True):
        parquet.write(path, table.take(rows).append_column(tables.ROW, rows))


if __name__ == "__main__":
    cli.run(main)
