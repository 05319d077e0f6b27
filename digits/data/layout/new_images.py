"""The layout of new images, which are to be predicted and have no entry in params.yaml."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from digits.data.layout.array_file import is_array_file
from digits.data.layout.axes import arrange, count_axes
from digits.data.layout.hugging_face import find_encoded_column
from digits.data.layout.pattern import quote
from digits.data.layout.place import Place
from digits.data.layout.reading import read_layout
from digits.data.layout.usual import CLASS_COLUMNS, ID_COLUMNS, PANDAS_INDEX, simplify
from digits.settings.errors import UserError
from digits.settings.layout import ArrayPart, FilesPart, Layout, Part, TablePart, parse
from digits.settings.params import DatasetParams

TABLE_ENDINGS = (".csv", ".tsv", ".csv.gz", ".parquet")


def is_table_file(path: Path) -> bool:
    """Return whether a file is a table by its ending."""
    return path.name.lower().endswith(TABLE_ENDINGS)


def find_layout(path: Path, dataset: DatasetParams) -> tuple[Place, Layout]:
    """Return the files of new images, and their layout.

    A table or array is read as those of the dataset are, if it has a layout. Otherwise, all
    columns but those of the class and the id are pixels, and the largest array has the images.
    The pictures of a folder are read by the dataset's layout if they fit it. Otherwise the
    subfolders are the classes, or, at other depths, the pictures have none.

    Args:
        path: a folder, a table or a file with arrays.
        dataset: the entry of params.yaml of the images that the model was trained on.

    Raises:
        UserError: there are no such files.
    """
    known = parse(dataset.layout) if dataset.layout is not None else None
    parts = [*known.train, *known.test] if known is not None else []
    tables = [part for part in parts if isinstance(part, TablePart)]
    if path.is_file() and (is_table_file(path) or (tables and not is_array_file(path))):
        return find_table_layout(path, tables)
    place = Place(path)
    if path.is_file() and is_array_file(path):
        arrays = next((part for part in parts if isinstance(part, ArrayPart)), None)
        return place, find_array_layout(place, arrays, has_colors=len(dataset.shape) == 3)
    if known is not None and fits(place, known):
        return place, known
    if not place.pictures:
        found = "has no pictures" if place.files else "is empty"
        raise UserError(f"{path} {found}; name a folder of pictures, a table or an array file")
    have_folders = {name.count("/") for name in place.pictures} == {1}
    return place, make_layout(FilesPart(files=["{class}/*" if have_folders else "**/*"]))


def make_layout(part: Part) -> Layout:
    """Return the layout that has a single part."""
    return Layout(train=[part], test=[], unused=[], unused_rows=[])


def fits(place: Place, known: Layout) -> bool:
    """Return whether the files of a place are as a layout says."""
    try:
        return not read_layout(place, known).rest
    except UserError:
        return False


def find_table_layout(path: Path, known: Iterable[TablePart]) -> tuple[Place, Layout]:
    """Return the files of a table and its pictures, and their layout.

    Args:
        path: the table.
        known: the parts of the dataset's layout that are tables. The first one that the table
            fits is taken. The table need not have classes and groups.
    """
    name = quote(path.name)
    for part in known:
        place = Place(path.parent if part.file else path)
        table = place.open_table(path.name, part.separator, part.encoding, header=part.header)
        has_classes = set(part.classes) <= set(table.names)
        new: dict[str, Any] = {"table": [name], "where": {}, "group": ""}
        new |= {"classes": part.classes if has_classes else []}
        new |= {} if part.id in table.names else {"id": ""}
        layout = make_layout(part.model_copy(update=new))
        if fits_table(place, layout):
            return place, layout
    place = Place(path)
    separator = "\t" if path.suffix.lower() == ".tsv" else ","
    table = place.open_table(path.name, separator)
    encoded = [column.name for column in table.schema or [] if find_encoded_column([column])]
    keys = {"table": name, "separator": separator} | describe_columns(table.names, encoded)
    return place, make_layout(TablePart.model_validate(keys))


def fits_table(place: Place, layout: Layout) -> bool:
    """Return whether a table has the columns and the pictures of a layout."""
    try:
        read_layout(place, layout)
    except UserError:
        return False
    return True


def describe_columns(names: Sequence[str], encoded: Sequence[str]) -> dict[str, Any]:
    """Return the keys of a layout that say what the columns of a table are.

    Args:
        names: the columns.
        encoded: those that have pictures.

    Raises:
        UserError: the columns of pixels are not side by side.
    """
    class_column = next((name for name in names if simplify(name) in CLASS_COLUMNS), None)
    id_column = next((name for name in names if simplify(name) in ID_COLUMNS), None)
    keys = {"class": class_column, "id": id_column}
    if encoded:
        keys["picture"] = encoded[0]
    else:
        index = {name for name in names if simplify(name) in PANDAS_INDEX}
        pixels = [name for name in names if name not in {class_column, id_column, *index}]
        if not pixels:
            raise UserError("a table needs columns of pixels, or a column of pictures")
        keys["pixels"] = f"{pixels[0]} to {pixels[-1]}" if len(pixels) > 1 else pixels[0]
    return {key: name for key, name in keys.items() if name is not None}


def find_array_layout(place: Place, known: ArrayPart | None, *, has_colors: bool) -> Layout:
    """Return the layout of the largest array in a file, and of its labels.

    Args:
        place: the file.
        known: the first part of the dataset's layout that has arrays, or None. Its axes are
            taken if there are as many.
        has_colors: whether the images of the dataset are in colour.

    Raises:
        UserError: there is no array of images.
    """
    images = [name for name, array in place.arrays.items() if array.ndim > 1 and array.size > 1]
    if not images:
        raise UserError("a file with arrays needs one with images")
    name = max(images, key=lambda name: place.arrays[name].size)
    array = place.arrays[name]
    if known is not None and count_axes(known.axes) == array.ndim:
        axes, scale = known.axes, known.scale
    else:
        flat = "n (h w c)" if has_colors else "n (h w)"
        axes, scale = {2: flat, 4: "n h w c"}.get(array.ndim, "n h w"), 1.0
    n_images = len(arrange(array, axes))
    labels = [
        other
        for other, values in place.arrays.items()
        if other != name and values.size == n_images
    ]
    keys = {"class": labels[0]} if len(labels) == 1 else {}
    part = {"images": quote(name), "axes": axes, "scale": scale}
    return make_layout(ArrayPart.model_validate(part | keys))
