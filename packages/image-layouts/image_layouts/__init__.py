"""Read labelled images by a layout that says what the files mean, and propose layouts.

    >>> from pathlib import Path
    >>> import image_layouts
    >>> images = image_layouts.read(Path("pictures"), "{class}/*")
    >>> images.rows["class"].value_counts()

`read` returns a `Collection`: a table of the images, and functions that yield their files or
pixels. `propose` returns the layouts that make sense of a folder.
"""

from pathlib import Path
from typing import Any

from image_layouts.collection import Collection
from image_layouts.errors import LayoutError
from image_layouts.layout.place import Place
from image_layouts.layout.reading import check_reading, read_layout
from image_layouts.schema import parse

__all__ = ["Collection", "LayoutError", "propose", "read"]


def read(path: Path, layout: Any) -> Collection:
    """Return the images of a folder or a file, before their pixels are read.

    Raises:
        LayoutError: the files are not as the layout says.
    """
    return check_reading(read_layout(Place(path), parse(layout)))


def propose(path: Path) -> Any:
    """Return the layout in which the files of a folder make sense.

    Raises:
        LayoutError: there is none, or there are several. Its `lines` say which.
    """
    from image_layouts.proposing.choose import choose

    return choose(Place(path), None, {}).layout
