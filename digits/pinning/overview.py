"""Describe the images of a dataset in a few lines, so that a mistake is seen at once."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from digits.core.images import Images
from digits.core.pixels import Vector
from digits.data.splitting import checksum_prefixes
from digits.imaging import drawing
from digits.imaging.background import find_blank, find_common_background
from digits.messages.errors import echo, shorten
from digits.plugins import find_plugins

# At most this many images are looked at to find their background.
N_SAMPLES = 1_000


def find_background(images: Images) -> str | None:
    """Return the background that nearly all images have, `dark` or `light`, or None.

    Images in colour have none.
    """
    if len(images.shape) == 3:
        return None
    step = max(1, len(images) // N_SAMPLES)
    return find_common_background(images.X[::step].reshape(-1, *images.shape), images.pixel_max)


def describe_images(
    images: Images, class_names: Sequence[object], background: str | None
) -> list[str]:
    """Return a few lines about the images of a dataset.

    Args:
        images: the images.
        class_names: the names of the classes, or their numbers.
        background: as `find_background` returns it.
    """
    counts = np.bincount(images.table["class"], minlength=len(class_names))
    listed = shorten(
        [f"{name} {count:,}" for name, count in zip(class_names, counts, strict=True)]
    )
    lines = [f"{len(images):,} images of {len(class_names)} classes: {listed}"]
    checksums = checksum_prefixes(images)
    for plugin in find_plugins("digits.judges").values():
        lines += plugin.load()(images, checksums, class_names)
    if images.groups is not None:
        names = images.group_names or sorted(images.groups.unique())
        lines.append(f"{len(names)} groups: {shorten(names)}")
    if "test" in images.table:
        lines.append(describe_test_set(images.table, checksums))
    height, width, *channels = images.shape
    kind = "in colour" if channels else "grey"
    on_background = f", on a {background} background" if background else ""
    lines.append(f"{height} × {width} pixels, {kind}{on_background}")
    return lines + describe_blank(images)


def describe_test_set(table: pd.DataFrame, checksums: Vector) -> str:
    """Return a line about the test set that came with the images."""
    is_test = table["test"].to_numpy()
    line = f"{is_test.sum():,} of the images are a test set that came with them"
    n_in_both_sets = np.isin(checksums[is_test], checksums[~is_test]).sum()
    if n_in_both_sets:
        line += f"; {n_in_both_sets} of these are also among the other images, so delete them"
    return line


def describe_blank(images: Images) -> list[str]:
    """Return a line about images on which hardly anything can be seen, if there are any."""
    blank = images.table[find_blank(images.X, images.pixel_max)]
    if blank.empty:
        return []
    names = blank["file"] if "file" in blank else [f"number {row + 1}" for row in blank.index]
    return [f"{len(blank)} images are blank or nearly blank: {shorten(list(names)[:5])}"]


def draw_examples(images: Images, class_names: Sequence[object]) -> None:
    """Draw an image of each of two classes in the terminal."""
    classes = images.table["class"]
    rows = classes.drop_duplicates().index[:2]
    captions = [str(class_names[classes[row]]) for row in rows]
    pictures = images.X[rows].reshape(-1, *images.shape)
    drawing.print_images(pictures, captions, min_side_by_side=len(rows))
    if "file" not in images.table:  # only arrays and tables have such axes
        echo("If they lie on their side, write `transpose: true` above `shape` in params.yaml,")
        echo("and run `digits pin` again, with the name of the dataset.")
