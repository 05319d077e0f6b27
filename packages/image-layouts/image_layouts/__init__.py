"""Read labelled images by a layout that says what the files mean, and propose layouts.

    >>> import image_layouts
    >>> images = image_layouts.read("pictures", "{class}/*")
    >>> images.rows["class"].value_counts()

`read` returns `LabelledImages`: a table of the images, and functions that yield their files or
pixels. `propose` returns the layout that makes sense of a folder, or says which ones may.
"""

from pathlib import Path
from typing import Any

from image_layouts.errors import LayoutError
from image_layouts.labelled_images import LabelledImages
from image_layouts.layout.folder import Folder
from image_layouts.layout.reading import check_reading, read_layout
from image_layouts.schema import parse_text

__all__ = ["LabelledImages", "LayoutError", "propose", "read"]


def read(path: str | Path, layout: Any) -> LabelledImages:
    """Return the images of a folder or a file, before their pixels are read.

    Args:
        path: the folder or the file.
        layout: what the files mean: a pattern such as `{class}/*`, a mapping, a list, or the
            text of one in YAML.

    Raises:
        LayoutError: the files are not as the layout says.
    """
    value = parse_text(layout) if isinstance(layout, str) else layout
    return check_reading(read_layout(Folder(Path(path)), value))


def propose(path: str | Path, class_column: str = "", group_column: str = "") -> Any:
    """Return the layout in which the files of a folder make sense.

    Args:
        path: the folder or the file.
        class_column: the column of a table that has the classes, if it is known.
        group_column: the column that has the groups, if it is known.

    Raises:
        LayoutError: there is none, or there are several. Its `lines` show them, and `readings`
            has them.
    """
    from image_layouts.proposing.choose import choose

    columns = {"class": class_column, "group": group_column}
    known = {key: name for key, name in columns.items() if name}
    return choose(Folder(Path(path)), columns=known).layout
