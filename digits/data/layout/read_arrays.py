"""Read a part of a layout that has arrays of images."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from digits.core.tables import Vector
from digits.data.intake import one_class
from digits.data.intake.collection import shorten
from digits.data.layout.axes import arrange
from digits.data.layout.part import PartImages
from digits.data.layout.pattern import find_matches, quote
from digits.data.layout.place import Place
from digits.settings.errors import UserError
from digits.settings.layout import ArrayPart


def read_arrays(place: Place, part: ArrayPart) -> PartImages:
    """Return the images of a part.

    Raises:
        UserError: there are no such arrays, or they have other shapes than the layout says.
    """
    arrays = place.find_arrays(part.images)
    fields = find_matches([part.images], arrays)
    if not fields:
        raise UserError(f"no array is called {part.images}, only {shorten(list(arrays))}")
    tables = []
    images_of_arrays = []
    for name, texts in fields.items():
        images = arrange(arrays[name], part.axes, part.scale)
        columns: dict[str, Any] = dict(texts)
        for key, label_name in [("class", part.classes), ("group", part.group)]:
            if label_name:
                columns[key] = read_labels(place, label_name, len(images))
        tables.append(pd.DataFrame(columns, index=range(len(images))))
        images_of_arrays.append(images)
    shapes = {images.shape[1:] for images in images_of_arrays}
    if len(shapes) > 1:
        raise UserError(f"images of several shapes: {shorten(sorted(shapes))}")

    def read_blocks() -> Iterator[Any]:
        for images in images_of_arrays:
            yield images.reshape(len(images), -1)

    used = {*fields, part.classes, part.group} - {""}
    return PartImages(
        pd.concat(tables, ignore_index=True),
        contents=read_blocks,
        shape=list(shapes.pop()),
        arrays=used,
        files={name if name in place.files else name.rpartition("/")[0] for name in used},
    )


def read_labels(place: Place, name: str, n_images: int) -> Vector:
    """Return the label of each image as text.

    Labels of shape (n_images, n_classes) have a single 1 in each row.

    Raises:
        UserError: there is no such array, or it has not one label for each image.
    """
    arrays = place.find_arrays(quote(name))
    if name not in arrays:
        raise UserError(f"no array is called {name}, only {shorten(list(arrays))}")
    labels = arrays[name]
    if labels.ndim == 2 and 1 not in labels.shape:
        is_label = labels if len(labels) == n_images else labels.T
        if not (np.isin(is_label, [0, 1]).all() and (is_label.sum(axis=1) == 1).all()):
            raise UserError(
                f"{name} has the shape {labels.shape}, but not a single 1 in each row: "
                f"{one_class.ONE_CLASS}"
            )
        labels = is_label.argmax(axis=1)
    labels = labels.reshape(-1)
    if len(labels) != n_images:
        raise UserError(f"{n_images} images, but {name} has {len(labels)} labels")
    return labels.astype(str)
