"""Read new images, which are to be predicted and have no entry in params.yaml."""

import math
import posixpath
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from digits.messages.terminal import shorten, warn
from digits.settings.params import DatasetParams
from digits.sources import Collection
from image_layouts.errors import LayoutError
from image_layouts.files import is_picture_file, list_visible
from image_layouts.labelled_images import LabelledImages
from image_layouts.layout.array_file import is_array_file
from image_layouts.layout.axes import arrange, split_axes
from image_layouts.layout.column_names import (
    CLASS_COLUMNS,
    ID_COLUMNS,
    PANDAS_INDEX,
    normalize_name,
)
from image_layouts.layout.folder import Folder
from image_layouts.layout.hugging_face import find_image_columns
from image_layouts.layout.pattern import escape, to_nfc
from image_layouts.layout.reading import read_layout
from image_layouts.layout.table_file import (
    LIST_ENDINGS,
    TABLE_ENDINGS,
    TableFile,
    find_ending,
)
from image_layouts.pipeline.own_files import as_user_errors, to_collection
from image_layouts.schema import ArrayPart, FilesPart, Layout, Part, TablePart, parse

# The key `file` of a layout with a single column, such as `images/{id}.png`.
SINGLE_COLUMN = re.compile(r"[^{]*\{([^}]+)\}[^{]*")
MIN_PIXELS = 4  # of an image
# The ending that the key `file` adds to a column, such as `.png`, or `.*` for any.
ENDING = re.compile(r"\}(\.(?:\w+|\*))$")
NOT_USED = "the dataset's layout is not used ({})"


def is_collection_path(path: Path) -> bool:
    """Return whether a path is that of a folder, a table or a file with arrays."""
    is_table = find_ending(path.name) in (*TABLE_ENDINGS, *LIST_ENDINGS)
    return path.is_dir() or (path.exists() and (is_table or is_array_file(path)))


def open_new_images(
    path: Path, dataset: DatasetParams, class_names: Sequence[str]
) -> Collection | None:
    """Return the images of a folder, a table or a file with arrays, or None for other files.

    `digits predict` calls this.

    Raises:
        UserError: there are no images, or they cannot be read.
    """
    if not is_collection_path(path):
        return None
    with as_user_errors():
        return to_collection(read_new_images(path, dataset, class_names), dataset)


def read_new_images(path: Path, dataset: DatasetParams, names: Sequence[str]) -> LabelledImages:
    """Return the images of a folder, a table or a file with arrays.

    They are read by the dataset's layout if they match it. Otherwise, the pixels of a table are
    all columns except those of classes and ids, and the images of an array file are its
    largest array.

    Raises:
        LayoutError: there are no images, or they cannot be read.
    """
    images = read_path(path, dataset, set(names))
    if "class" not in images.rows:
        return images
    named = name_classes(images, names)
    # The labels of an array file are any array with a value for each image, such as ids.
    return drop_other_labels(named, names) if is_array_file(path) else named


def read_path(path: Path, dataset: DatasetParams, class_names: set[str]) -> LabelledImages:
    """Return the images of a folder or a file, with the classes that it names."""
    layout = None if dataset.layout is None else parse(dataset.layout)
    parts = [] if layout is None else layout.parts
    tables = [part for part in parts if isinstance(part, TablePart)]
    if path.is_dir():
        pictures = read_flat_folder(path, tables)
        if pictures is not None:
            return pictures
        return read_folder(Folder(path), layout, class_names)
    if is_array_file(path):
        arrays = [part for part in parts if isinstance(part, ArrayPart)]
        return read_array_file(Folder(path), arrays, has_colors=dataset.is_color)
    return read_table(path, tables)


def read_part(folder: Folder, part: Part) -> LabelledImages:
    """Return the images of a layout that has a single part."""
    return read_layout(folder, Layout(train=[part])).images


def read_flat_folder(folder: Path, tables: Sequence[TablePart]) -> LabelledImages | None:
    """Return the pictures in a folder, without its subfolders, or None if there are none.

    Args:
        folder: the folder.
        tables: the tables of the dataset's layout. If one has the key `file: '{id}.png'` or
            `file: '{id}.*'`, the id of `7.png` is `7`.
    """
    visible = list_visible(folder)
    names = [path.name for path in visible if is_picture_file(path)]
    if not names:
        return None
    endings = (ENDING.search(part.file) for part in tables)
    ending = next((found[1] for found in endings if found), "")
    if ending == ".*":
        ids = [Path(name).stem for name in names]
    else:
        ids = [name.removesuffix(ending) for name in names]
    rows = pd.DataFrame({"id": ids, "file": names}, dtype=object)
    others = [path.name for path in visible if path.name not in names]
    notes = [f"left out: {shorten(others)}"] if others else []
    return LabelledImages(rows, lambda: (folder / name for name in names), notes=notes)


def read_folder(folder: Folder, layout: Layout | None, class_names: set[str]) -> LabelledImages:
    """Return the pictures in the subfolders of a folder.

    They are read by the dataset's layout if all of them match it. Otherwise, each subfolder is
    a class. The pictures have no classes if no subfolder has the name of a class, or if a
    subfolder has pictures in subfolders of its own.

    Raises:
        LayoutError: there are no pictures.
    """
    notes = []
    try:
        reading = None if layout is None else read_layout(folder, layout)
    except LayoutError as error:
        reading = None
        notes = [NOT_USED.format(error.message)]
    if reading is not None and not reading.unmatched:
        return reading.images
    if not folder.pictures:
        found = "has no pictures" if folder.files else "is empty"
        raise LayoutError(
            f"{folder.root} {found}; name a folder of pictures, a table or an array file"
        )
    folders = {posixpath.dirname(name) for name in folder.pictures}
    are_nested = any("/" in name for name in folders)
    if class_names.intersection(folders) and not are_nested:
        images = read_part(folder, FilesPart(files=["{class}/*"]))
    else:
        images = read_part(folder, FilesPart(files=["**/*"]))
        valid = shorten(sorted(class_names))
        notes.append(f"no classes, because no folder is called like one of {valid}")
    images.notes.extend(notes)
    return images


def read_table(path: Path, parts: Sequence[TablePart]) -> LabelledImages:
    """Return the images of a table, read by the first part of a layout that it matches.

    Raises:
        LayoutError: the table matches none, and has no columns of pixels or pictures.
    """
    name = to_nfc(path.name)
    notes = []
    for part in parts:
        folder = Folder(path.parent if part.file else path)
        folder.files[name] = path  # a hidden file is not listed, but the user has named it
        try:
            images = read_part(folder, adapt_part(part, folder, name))
        # It has another encoding, has other columns, or names other pictures.
        except LayoutError as error:
            notes.append(NOT_USED.format(error.message))
            continue
        if part.file:
            check_classes_agree(images, part, folder, name)
        return images
    images = read_other_table(Folder(path), find_csv_format(path, parts))
    if images.shape and math.prod(images.shape) < MIN_PIXELS:  # the columns have no pixels
        raise LayoutError(f"{path}: {'; '.join(notes) or 'it has too few pixels for images'}")
    images.notes.extend(notes)
    return images


def check_classes_agree(
    images: LabelledImages, part: TablePart, folder: Folder, name: str
) -> None:
    """Check that a new table does not name pictures of the training set by mistake.

    If numbers begin again in each folder, as in `train/1.png` and `test/1.png`, a name can mean
    two pictures. Such a table has no classes, or any, as the sample submission of a contest.

    Raises:
        LayoutError: the dataset has all of these pictures, and most have other classes there.
    """
    try:
        labelled = read_part(folder, part).rows
    except LayoutError:  # the images of the dataset are somewhere else
        return
    files = images.rows["file"]
    if not files.isin(labelled["file"]).all():
        return
    known = labelled.drop_duplicates("file").set_index("file")["class"]
    given = images.rows.get("class", pd.Series("", images.rows.index))
    if (given.to_numpy() == known.loc[files].to_numpy()).mean() < 0.5:
        raise LayoutError(
            f"by the key `file: {part.file}` of the layout, {name} names pictures of which the "
            f"dataset has other classes, such as {files.iloc[0]}; if other pictures are meant, "
            "name their folder, as in `digits predict data/own/test`"
        )


def adapt_part(part: TablePart, folder: Folder, name: str) -> TablePart:
    """Return a part of a layout for a new table, which need not have classes.

    Its groups and the key `where` are ignored.

    Raises:
        LayoutError: the table cannot be read as the part says, for example in its encoding.
    """
    table = folder.open_table(name, part.separator, part.encoding, header=part.header)
    changes: dict[str, Any] = {"table": [escape(name)], "where": {}, "group": ""}
    has_classes = set(part.classes).issubset(table.names)
    if not has_classes or is_unlabelled(table, part.classes):
        changes["classes"] = []
    if part.id not in table.names:
        found = SINGLE_COLUMN.fullmatch(part.file)
        column = found[1] if found else ""
        changes["id"] = column if column in table.names else ""
    return part.model_copy(update=changes)


def find_csv_format(path: Path, parts: Sequence[TablePart]) -> dict[str, Any]:
    """Return the keys `separator`, `encoding` and `header` for a table that matches no part.

    If the tables of the layout have no names of columns, the columns of this table have none
    either.
    """
    for part in parts:
        if not part.header:
            return {"separator": part.separator, "encoding": part.encoding, "header": False}
    return {"separator": "\t" if find_ending(path.name) == ".tsv" else ","}


def read_other_table(folder: Folder, csv_format: dict[str, Any]) -> LabelledImages:
    """Return the images of a table with columns of pixels, or a column of pictures.

    Raises:
        LayoutError: it has none of them.
    """
    [name] = folder.files  # only the table
    table = folder.open_table(name, **csv_format)
    keys: dict[str, Any] = {"table": escape(name), **csv_format}
    pixel_columns = []
    for column in table.names:
        usual_name = normalize_name(column)
        if usual_name not in {*CLASS_COLUMNS, *ID_COLUMNS, *PANDAS_INDEX}:
            pixel_columns.append(column)
        elif usual_name in ID_COLUMNS:
            keys.setdefault("id", column)
        elif (
            usual_name in CLASS_COLUMNS
            and "class" not in keys
            and not is_unlabelled(table, [column])
        ):
            keys["class"] = column
    image_columns = find_image_columns(table.schema or [])
    if image_columns:
        first = next(iter(image_columns))
        keys[image_columns[first]] = first
    elif len(pixel_columns) == 1:
        keys["pixels"] = pixel_columns[0]
    elif pixel_columns:
        keys["pixels"] = f"{pixel_columns[0]} to {pixel_columns[-1]}"
        start, stop = (table.names.index(pixel_columns[end]) for end in (0, -1))
        between = [name for name in table.names[start:stop] if name not in pixel_columns]
        # A column between the pixels that the layout names is no pixel. This condition names
        # them, and is true for all rows.
        keys["where"] = dict.fromkeys(between, "*")
    else:
        raise LayoutError(
            "a table needs columns of pixels, or a column of pictures; to predict pictures "
            "that it names, give their folder"
        )
    return read_part(folder, TablePart.model_validate(keys))


def is_unlabelled(table: TableFile, columns: list[str]) -> bool:
    """Return whether labels are missing: some are blank, or all are -1, as at Hugging Face.

    If only some are blank, a warning is printed.
    """
    if len(columns) != 1:  # one for each class
        return False
    labels = table.read_texts(columns)[columns[0]].str.strip()
    n_blank = (labels == "").sum()
    if 0 < n_blank < len(labels):
        warn(f"{table.path}: no classes, because {n_blank} of {len(labels)} labels are blank")
    return bool(n_blank > 0 or (labels == "-1").all())


def read_array_file(
    folder: Folder, layout_arrays: Sequence[ArrayPart], *, has_colors: bool
) -> LabelledImages:
    """Return the images of the largest array in a file, and their labels.

    Args:
        folder: the file.
        layout_arrays: the arrays of the dataset's layout. The new images have the axes and the
            scale of the first one, if they have as many axes.
        has_colors: whether the dataset is in colour.

    Raises:
        LayoutError: there is no array of images.
    """
    arrays = folder.load_arrays(folder.array_files)
    images = [name for name, array in arrays.items() if array.ndim > 1 and array.size > 1]
    if not images:
        raise LayoutError("a file with arrays needs one with images")
    name = max(images, key=lambda name: arrays[name].size)
    n_axes = arrays[name].ndim
    scale = 1.0
    if layout_arrays and len(split_axes(layout_arrays[0].axes)) == n_axes:
        axes, scale = layout_arrays[0].axes, layout_arrays[0].scale
    elif n_axes == 2:
        axes = "n (h w c)" if has_colors else "n (h w)"
    else:
        axes = "n h w c" if n_axes == 4 else "n h w"
    n_images = len(arrange(arrays[name], axes))
    labels = [other for other in arrays if other != name and arrays[other].size == n_images]
    keys: dict[str, Any] = {"images": escape(name), "axes": axes, "scale": scale}
    if len(labels) == 1:
        keys["class"] = labels[0]
    return read_part(folder, ArrayPart.model_validate(keys))


def name_classes(images: LabelledImages, names: Sequence[str]) -> LabelledImages:
    """Return images with the names of their classes, if all classes are positions of names."""
    by_number = {str(number): name for number, name in enumerate(names)}
    classes = images.rows["class"]
    if not classes.isin(list(by_number)).all() or classes.isin(names).any():
        return images
    return replace(images, rows=images.rows.assign(**{"class": classes.map(by_number)}))


def drop_other_labels(images: LabelledImages, names: Sequence[str]) -> LabelledImages:
    """Return images without their labels if one is no class of the dataset."""
    others = sorted(set(images.rows["class"]).difference(names))
    if not others:
        return images
    note = f"no classes, because {others[0]} is none of {shorten(names)}"
    rows = images.rows.drop(columns="class")
    return replace(images, rows=rows, notes=[*images.notes, note])
