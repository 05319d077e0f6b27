"""Somebody's images in a folder. The key `layout` of the dataset says what the files mean.

packages/image-layouts/docs/layout.md describes this key. Every picture and every row of a table
must be in a part of the layout, or in its key `unused`. Files of other kinds, such as a README,
may lie beside them.

Without the key, each class is a folder, such as `7/1.png`. If all pictures lie one level
deeper, each subfolder of a class is a group, such as `7/anna/1.png`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from digits.imaging.picture_files import make_collection
from digits.messages.errors import UserError
from digits.settings.params import DatasetParams
from digits.sources import Collection
from image_layouts.errors import LayoutError
from image_layouts.files import NOT_FOUND
from image_layouts.labelled_images import LabelledImages
from image_layouts.layout.folder import Folder
from image_layouts.layout.reading import check_reading, read_layout


@contextmanager
def as_user_errors() -> Iterator[None]:
    """Turn a LayoutError into a UserError, which `digits` prints in one line."""
    try:
        yield
    except LayoutError as error:
        raise UserError(error.message) from None


def open_files(path: str, dataset: DatasetParams) -> Collection:
    """Return the images of a folder, or of a file.

    Raises:
        UserError: the files are not as the layout says, or a picture or a row is neither in one
            of its parts nor unused.
    """
    if not Path(path).exists():
        raise UserError(f"{NOT_FOUND}; `dvc pull` fetches what was shared by `dvc push`")
    with as_user_errors():
        return to_collection(open_folder(Folder(Path(path)), dataset.layout), dataset)


def open_folder(folder: Folder, layout: object) -> LabelledImages:
    """Return the images of a folder or a file, before their pixels are read.

    Raises:
        LayoutError: the files are not as the layout says.
    """
    if layout is None:
        depths = {name.count("/") for name in folder.pictures}  # the numbers of folders
        layout = "{class}/{group}/*" if depths == {2} else "{class}/*"
    try:
        reading = read_layout(folder, layout)
    except LayoutError as error:
        # Some messages already begin with the key.
        raise LayoutError(f"layout: {error.message.removeprefix('layout: ')}") from None
    return check_reading(reading)


def to_collection(images: LabelledImages, dataset: DatasetParams) -> Collection:
    """Return images as the sources of the pipeline do."""

    def read_contents() -> Iterator[Any]:
        with as_user_errors():
            yield from images.contents()

    if images.shape:
        return Collection(images.rows, read_contents, shape=images.shape, notes=images.notes)
    return make_collection(images.rows, read_contents, dataset, notes=images.notes)
