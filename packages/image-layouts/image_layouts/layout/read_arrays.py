"""Read a part of a layout that has arrays of images."""

from typing import Any

import numpy as np
import pandas as pd

from image_layouts.checking import one_class
from image_layouts.errors import LayoutError, shorten
from image_layouts.labelled_images import LabelledImages, Vector, join
from image_layouts.layout.axes import arrange
from image_layouts.layout.folder import Folder
from image_layouts.layout.pattern import escape, find_matches
from image_layouts.schema import ArrayPart


def read_arrays(folder: Folder, part: ArrayPart) -> LabelledImages:
    """Return the images of a part.

    Raises:
        LayoutError: there are no such arrays, or they have other shapes than the layout says.
    """
    arrays = folder.find_arrays(part.images)
    fields_by_name = find_matches([part.images], arrays)
    if not fields_by_name:
        raise LayoutError(f"no array is called {part.images}, only {shorten(list(arrays))}")
    return join(
        [
            read_array(folder, part, name, arrays[name], fields)
            for name, fields in fields_by_name.items()
        ]
    )


def read_array(
    folder: Folder, part: ArrayPart, name: str, array: Any, fields: dict[str, str]
) -> LabelledImages:
    """Return the images of one array. `fields` is what its name says, such as its class."""
    images = arrange(array, part.axes, part.scale)
    n_images = len(images)
    rows = pd.DataFrame(fields, index=range(n_images))
    if part.classes:
        rows["class"] = read_labels(folder, part.classes, n_images)
    if part.group:
        rows["group"] = read_labels(folder, part.group, n_images)
    arrays = {each for each in (name, part.classes, part.group) if each}
    single_block = images.reshape(n_images, -1)
    return LabelledImages(
        rows,
        contents=lambda: iter([single_block]),
        shape=list(images.shape[1:]),
        files={folder.find_array_file(each) for each in arrays},
        arrays=arrays,
    )


def read_labels(folder: Folder, name: str, n_images: int) -> Vector:
    """Return the label of each image as a string, shape (n_images,).

    The array has one of the shapes (n_images,), (n_images, 1) and (1, n_images). It may also be
    one-hot encoded, with one of the shapes (n_images, n_classes) and (n_classes, n_images).

    Raises:
        LayoutError: there is no such array, or its number of labels differs from `n_images`, or
            an image has several labels.
    """
    arrays = folder.find_arrays(escape(name))
    if name not in arrays:
        raise LayoutError(f"no array is called {name}, only {shorten(list(arrays))}")
    labels = arrays[name]
    if labels.ndim == 2 and 1 not in labels.shape:
        one_hot = labels if len(labels) == n_images else labels.T
        if not has_single_ones(one_hot):
            raise LayoutError(
                f"{name} has the shape {labels.shape}, but not a single 1 in each row: "
                f"{one_class.ONE_CLASS}; if its first column has the classes, write "
                "labels[:, 0] into an array of its own by numpy.save, instead of this one"
            )
        labels = one_hot.argmax(axis=1)
    labels = labels.reshape(-1)
    if len(labels) != n_images:
        raise LayoutError(f"{n_images} images, but {name} has {len(labels)} labels")
    if labels.dtype.kind == "S":
        try:
            labels = np.char.decode(labels, "utf-8")
        except UnicodeDecodeError:
            raise LayoutError(f"{name} has bytes that are not in UTF-8; decode them") from None
    return labels.astype(str)


def has_single_ones(rows: Any) -> bool:
    """Return whether each row of an array has a single 1, and is 0 otherwise."""
    return bool(np.isin(rows, [0, 1]).all() and (rows.sum(axis=1) == 1).all())
