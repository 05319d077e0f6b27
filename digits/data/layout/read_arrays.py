"""Read a part of a layout that has arrays of images."""

import posixpath
from typing import Any

import numpy as np
import pandas as pd

from digits.core.tables import Vector
from digits.data.intake import one_class
from digits.data.intake.collection import shorten
from digits.data.layout.axes import arrange
from digits.data.layout.part import PartImages, join
from digits.data.layout.pattern import escape, find_matches
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
    return join(
        [read_one(place, part, name, arrays[name], texts) for name, texts in fields.items()]
    )


def read_one(
    place: Place, part: ArrayPart, name: str, array: Any, fields: dict[str, str]
) -> PartImages:
    """Return the images of one array. `fields` is what its name says, such as the class."""
    images = arrange(array, part.axes, part.scale)
    rows = pd.DataFrame(fields, index=range(len(images)))
    if part.classes:
        rows["class"] = read_labels(place, part.classes, len(images))
    if part.group:
        rows["group"] = read_labels(place, part.group, len(images))
    used = {name, part.classes, part.group} - {""}
    # The only array of a file has its name. Others have it as their folder.
    return PartImages(
        rows,
        contents=lambda: iter([images.reshape(len(images), -1)]),
        shape=list(images.shape[1:]),
        files={each if each in place.files else posixpath.dirname(each) for each in used},
        arrays=used,
    )


def read_labels(place: Place, name: str, n_images: int) -> Vector:
    """Return the label of each image as text.

    Labels of shape (n_images, n_classes) have a single 1 in each row.

    Raises:
        UserError: there is no such array, or it has not one label for each image.
    """
    arrays = place.find_arrays(escape(name))
    if name not in arrays:
        raise UserError(f"no array is called {name}, only {shorten(list(arrays))}")
    labels = arrays[name]
    if labels.ndim == 2 and 1 not in labels.shape:
        is_label = labels if len(labels) == n_images else labels.T
        are_flags = np.isin(is_label, [0, 1]).all()
        if not (are_flags and (is_label.sum(axis=1) == 1).all()):
            raise UserError(
                f"{name} has the shape {labels.shape}, but not a single 1 in each row: "
                f"{one_class.ONE_CLASS}; if its first column has the classes, write "
                "labels[:, 0] into an array of its own by numpy.save, instead of this one"
            )
        labels = is_label.argmax(axis=1)
    labels = labels.reshape(-1)
    if len(labels) != n_images:
        raise UserError(f"{n_images} images, but {name} has {len(labels)} labels")
    return labels.astype(str)
