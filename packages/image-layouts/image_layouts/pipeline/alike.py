"""Find pictures that are nearly equal, by their pixels, whatever the files are called.

They may be copies in another format or size, augmented copies, or masks of the same things. If
such a pair is in both sets, the test accuracy is too high.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from digits.core.images import Images
from digits.core.pixels import Pixels, Vector

SIDE = 16  # the height and the width of a reduced image, in pixels
MAX_IMAGES = 20_000  # of more images, so many are compared, which are spread evenly
MAX_QUERIES = 5_000  # so many of them are compared with all others
BLOCK = 500  # images that are compared at a time: with 20,000 others, in 80 MB
N_NEAR = 10

# Two images are nearly equal if 1 minus the correlation of their pixels is at most this, and at
# most this share of that to the tenth nearest image. All 1s of MNIST are alike. With 0.05, 7 of
# sixty drawings of circles, crosses and lines counted, and 3 to 6 of 300 digits. With 0.015,
# none does. Nearly all copies that are mirrored, lighter, smaller or compressed are found, and
# half of those that are rotated by 3°.
MAX_DISTANCE = 0.015
MAX_RATIO = 0.12
ROUNDING = 1e-5  # of equal images

MIN_SHARE = 0.02  # of nearly equal images, which is said; fewer may be so by chance


def find_alike(images: Images, checksums: Vector) -> Iterator[str]:
    """Yield a line about images that are nearly equal: of both sets, two classes, or one class.

    Images with the same checksum, or of the same group, do not count.
    """
    if len(images) < N_NEAR + 2:
        return
    rows = np.linspace(0, len(images) - 1, min(len(images), MAX_IMAGES)).astype(int)
    table = images.table.iloc[rows].reset_index(drop=True)
    first, second = find_pairs(images.X[rows], images.format.shape)
    counts = checksums[rows][first] != checksums[rows][second]
    if "group" in table:
        groups = table["group"].to_numpy()
        counts &= groups[first] != groups[second]
    first, second = first[counts], second[counts]
    tests = table["test"].to_numpy() if "test" in table else np.zeros(len(rows), bool)
    classes = table["class"].to_numpy()
    names = [
        table["file"][row] if "file" in table else f"number {rows[row] + 1}"
        for row in range(len(rows))
    ]
    in_both_sets = tests[first] != tests[second]
    in_two_classes = ~in_both_sets & (classes[first] != classes[second])
    n_compared = min(len(rows), MAX_QUERIES)
    n_tests = max(1, min(tests.sum(), (~tests).sum()) * n_compared // len(rows))
    of_all = f" of {n_compared:,} that were compared" if n_compared < len(images) else ""
    for found, n_needed, where, remedy in [
        (
            in_both_sets,
            MIN_SHARE * n_tests,
            "one of the other set",
            "if they show one thing, delete one of each pair, or let the layout have groups",
        ),
        (
            in_two_classes,
            MIN_SHARE * n_compared / 2,
            "one of another class",
            "if one is a copy or a mask, name it in the key `unused` of the layout",
        ),
        (
            ~in_both_sets & ~in_two_classes,
            MIN_SHARE * n_compared,
            "another one of their class",
            "if they are copies, or show one thing, delete some, or let the layout have groups",
        ),
    ]:
        if found.sum() >= max(2, n_needed):
            a, b = first[found][0], second[found][0]
            yield (
                f"{found.sum():,} images{of_all} are nearly equal to {where}, such as "
                f"{names[a]} and {names[b]}; {remedy}"
            )


def find_pairs(X: Pixels, shape: Sequence[int]) -> tuple[Vector, Vector]:
    """Return the images that are nearly equal to another one, and this other one.

    An image and a mirrored one may be nearly equal, too. `X` is of shape (n_images, n_values).
    """
    flat = reduce(X, shape)
    mirrored = reduce(X, shape, step=-1)
    queries = np.linspace(0, len(X) - 1, min(len(X), MAX_QUERIES)).astype(int)
    nearest = np.zeros(len(queries), int)
    is_alike = np.zeros(len(queries), bool)
    for start in range(0, len(queries), BLOCK):
        rows = queries[start : start + BLOCK]
        distances = 1 - np.maximum(flat[rows] @ flat.T, flat[rows] @ mirrored.T)
        distances[np.arange(len(rows)), rows] = np.inf
        tenth = np.partition(distances, N_NEAR - 1, axis=1)[:, N_NEAR - 1]
        chosen = distances.argmin(axis=1)
        lowest = distances[np.arange(len(rows)), chosen]
        nearest[start : start + len(rows)] = chosen
        limit = np.minimum(MAX_DISTANCE, MAX_RATIO * tenth) + ROUNDING
        is_alike[start : start + len(rows)] = lowest <= limit
    return queries[is_alike], nearest[is_alike]


def reduce(X: Pixels, shape: Sequence[int], step: int = 1) -> Any:
    """Return grey images of at most 16 × 16 pixels, with the mean 0 and the length 1.

    Args:
        X: the pixels of the images, shape (n_images, n_values).
        shape: the shape of an image.
        step: -1 to mirror the images.

    Returns:
        Shape (n_images, at most 256). A constant image is 0, and so like no other one.
    """
    height, width = shape[:2]
    starts = [
        np.linspace(0, length, min(SIDE, length), endpoint=False).astype(int)
        for length in (height, width)
    ]
    small = np.empty((len(X), len(starts[0]), len(starts[1])), np.float32)
    for start in range(0, len(X), BLOCK):
        block = X[start : start + BLOCK].reshape(-1, height, width, *shape[2:])[:, :, ::step]
        grey = block.reshape(*block.shape[:3], -1).mean(axis=3, dtype=np.float32)
        sums = np.add.reduceat(np.add.reduceat(grey, starts[0], axis=1), starts[1], axis=2)
        small[start : start + BLOCK] = sums
    sizes = np.outer(np.diff([*starts[0], height]), np.diff([*starts[1], width]))
    small /= sizes
    flat = small.reshape(len(small), -1)
    flat -= flat.mean(axis=1, keepdims=True)
    return flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-3)
