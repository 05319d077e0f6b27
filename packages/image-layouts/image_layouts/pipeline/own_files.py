"""Somebody's images in a folder. The key `layout` of the dataset says what the files mean.

packages/image-layouts/docs/layout.md describes this key. Every picture and every row of a table
must be in a part of the layout, or in its key `unused`. Files of other kinds, such as a README,
may lie beside them.

Without the key, each class is a folder, such as `7/1.png`. If all pictures lie one level
deeper, each subfolder of a class is a group, such as `7/anna/1.png`.
"""

from pathlib import Path

from digits.imaging.picture_files import make_collection
from digits.messages.errors import UserError
from digits.settings.params import DatasetParams
from digits.sources import Collection
from image_layouts import collection
from image_layouts.errors import LayoutError
from image_layouts.files import NOT_FOUND
from image_layouts.layout.place import Place
from image_layouts.layout.reading import check_reading, read_layout
from image_layouts.pipeline.errors import as_user_errors
from image_layouts.schema import parse


def open_files(place: str, dataset: DatasetParams) -> Collection:
    """Return the images of a folder, or of a file.

    Args:
        place: the folder or the file.
        dataset: the entry of params.yaml.

    Raises:
        UserError: the files are not as the layout says, or a picture or a row is neither in one
            of its parts nor unused.
    """
    path = Path(place)
    if not path.exists():
        raise UserError(NOT_FOUND)
    with as_user_errors():
        images = open_place(Place(path), dataset.layout)
    return to_collection(images, dataset)


def open_place(place: Place, layout: object) -> collection.Collection:
    """Return the images of a folder or a file, before their pixels are read.

    Args:
        place: the files.
        layout: the layout, as it is written in params.yaml, or None.

    Raises:
        UserError: as `read` does.
    """
    if layout is None:
        depths = {name.count("/") for name in place.pictures}  # the numbers of folders
        layout = "{class}/{group}/*" if depths == {2} else "{class}/*"
    try:
        reading = read_layout(place, parse(layout))
    except LayoutError as error:
        # Some messages already begin with the key.
        raise UserError(f"layout: {error.message.removeprefix('layout: ')}") from None
    with as_user_errors():
        return check_reading(reading)


def to_collection(images: collection.Collection, dataset: DatasetParams) -> Collection:
    """Return images as the sources of the pipeline do."""
    if images.pictures is not None:
        return make_collection(images.rows, images.pictures, dataset, notes=images.notes)
    assert images.blocks is not None
    return Collection(images.rows, images.blocks, shape=images.shape, notes=images.notes)
