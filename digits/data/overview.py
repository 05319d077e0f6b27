"""Describe the images of a dataset in a few lines, so that a mistake is seen at once."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from digits.core.tables import Pixels, Vector
from digits.data.splitting import checksums_of
from digits.imaging import drawing
from digits.imaging.background import find_common_background
from digits.imaging.contrast import find_blank
from digits.plugins import find_plugins
from digits.settings.errors import echo, shorten

# At most this many images are looked at to find their background.
N_SAMPLES = 1_000


def find_background(X: Pixels, images: pd.DataFrame) -> str | None:
    """Return the background that nearly all images have, `dark` or `light`, or None.

    Images in colour have none.

    Args:
        X: the pixels of the images, shape (n_images, n_values).
        images: the table of their other columns.
    """
    shape = images.attrs["shape"]
    if len(shape) == 3:
        return None
    step = max(1, len(X) // N_SAMPLES)
    return find_common_background(X[::step].reshape(-1, *shape), images.attrs["pixel_max"])


def describe_images(
    X: Pixels, images: pd.DataFrame, class_names: Sequence[object], background: str | None
) -> list[str]:
    """Return a few lines about the images of a dataset.

    Args:
        X: the pixels of the images, shape (n_images, n_values).
        images: the table of their other columns.
        class_names: the names of the classes, or their numbers.
        background: as `find_background` returns it.
    """
    counts = np.bincount(images["class"], minlength=len(class_names))
    listed = shorten(
        [f"{name} {count:,}" for name, count in zip(class_names, counts, strict=True)]
    )
    lines = [f"{len(images):,} images of {len(class_names)} classes: {listed}"]
    checksums = checksums_of(X, images)
    for plugin in find_plugins("digits.judges").values():
        lines += plugin.load()(X, images, checksums, class_names)
    if "group" in images:
        names = images.attrs.get("group_names") or sorted(images["group"].unique())
        lines.append(f"{len(names)} groups: {shorten(names)}")
    if "test" in images:
        lines.append(describe_test_set(images, checksums))
    height, width, *channels = images.attrs["shape"]
    kind = "in colour" if channels else "grey"
    on_background = f", on a {background} background" if background else ""
    lines.append(f"{height} × {width} pixels, {kind}{on_background}")
    return lines + describe_blank(X, images)


def describe_test_set(images: pd.DataFrame, checksums: Vector) -> str:
    """Return a line about the test set that came with the images."""
    is_test = images["test"].to_numpy()
    line = f"{is_test.sum():,} of the images are a test set that came with them"
    n_in_both_sets = np.isin(checksums[is_test], checksums[~is_test]).sum()
    if n_in_both_sets:
        line += f"; {n_in_both_sets} of these are also among the other images, so delete them"
    return line


def describe_blank(X: Pixels, images: pd.DataFrame) -> list[str]:
    """Return a line about images on which hardly anything can be seen, if there are any."""
    blank = images[find_blank(X, images.attrs["pixel_max"])]
    if blank.empty:
        return []
    names = blank["file"] if "file" in blank else [f"number {row + 1}" for row in blank.index]
    return [f"{len(blank)} images are blank or nearly blank: {shorten(list(names)[:5])}"]


def draw_examples(X: Pixels, images: pd.DataFrame, class_names: Sequence[object]) -> None:
    """Draw an image of each of two classes in the terminal."""
    rows = images["class"].drop_duplicates().index[:2]
    captions = [str(class_names[images["class"][row]]) for row in rows]
    pictures = X[rows].reshape(-1, *images.attrs["shape"])
    drawing.print_images(pictures, captions, min_side_by_side=len(rows))
    if "file" not in images:  # only arrays and tables have such axes
        echo("If they lie on their side, write `axes: n w h`, or `axes: n (w h)` for a table,")
        echo("into their layout in params.yaml. Without a layout, write `transpose: true`")
        echo("above `shape`. Then run `digits pin` again, with the name of the dataset.")
