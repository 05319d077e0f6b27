"""Somebody's images in a folder, as the key `layout` of the dataset says what they are.

docs/layout.md describes this key. Every picture and every row of a table is in a part of the
layout, or is named in its key `unused`. Other files are an error, as when some are added later.

Without the key, the pictures are in a subfolder for each class, such as `7/1.png`, or, if all
of them are in two levels of folders, in one for each class and group, such as `7/anna/1.png`.
"""

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from digits.core.tables import Pixels
from digits.data.intake.collection import Collection, read_collection
from digits.data.intake.rows import find_faults
from digits.data.layout.place import Place
from digits.data.layout.reading import read_layout
from digits.data.sources import check_place
from digits.imaging.pictures import Picture
from digits.settings import layout
from digits.settings.errors import UserError
from digits.settings.params import DatasetParams

READS_FILES = True
READS_PICTURES = True  # so a network can describe them


def read(
    place: str,
    dataset: DatasetParams,
    convert: Callable[[Picture], Pixels] | None = None,
) -> tuple[Pixels, pd.DataFrame]:
    """Return the images of a folder, or of a file.

    Args:
        place: the folder or the file.
        dataset: the entry of params.yaml.
        convert: makes an image of the dataset's shape from a picture. If None, the picture is
            resized and padded.

    Raises:
        UserError: the files are not as the layout says, or a picture or a row is neither in one
            of its parts nor unused.
    """
    check_place(Path(place))
    return read_collection(open_place(Place(Path(place)), dataset.layout), dataset, convert)


def open_place(place: Place, written: object) -> Collection:
    """Return the images of a place.

    Args:
        place: the files.
        written: the layout, as it is written in params.yaml, or None.

    Raises:
        UserError: as `read` does.
    """
    if written is None:
        has_groups = {name.count("/") for name in place.pictures} == {2}
        written = "{class}/{group}/*" if has_groups else "{class}/*"
    try:
        reading = read_layout(place, layout.parse(written))
    except UserError as error:
        raise UserError(f"layout: {error.message.removeprefix('layout: ')}") from None
    if reading.rest:
        raise UserError(
            f"{len(reading.rest)} pictures do not fit the layout, first {reading.rest[0]}; "
            "correct the layout, or add a pattern of their paths to its key `unused`"
        )
    faults = find_faults(reading.images.rows)
    if faults:
        raise UserError("; ".join(faults))
    return reading.images
