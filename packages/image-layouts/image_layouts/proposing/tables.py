"""Propose layouts in which tables say what the images are."""

import filecmp
import posixpath
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from image_layouts.checking import one_class
from image_layouts.errors import LayoutError
from image_layouts.layout.column_names import (
    GROUP_COLUMNS,
    ID_COLUMNS,
    PANDAS_INDEX,
    normalize_name,
)
from image_layouts.layout.hugging_face import find_class_names
from image_layouts.layout.place import Place
from image_layouts.layout.read_files import natural_key
from image_layouts.layout.read_table import find_pictures, list_values, normalize_path
from image_layouts.proposing import columns
from image_layouts.proposing.arrays import describe_colors, describe_scale
from image_layouts.proposing.opened_table import OpenedTable
from image_layouts.proposing.picture_names import find_templates
from image_layouts.proposing.table_format import may_be_table
from image_layouts.proposing.table_series import TableCandidate, write_layouts
from image_layouts.proposing.words import MASK_WORDS, SET_WORDS, find_subset, split_words
from image_layouts.proposing.writing import unlist
from image_layouts.schema import as_list

FIELD = re.compile(r"\{(.+)\}")  # the column in the path of a picture

NO_LABEL_WORDS = {"submission", "benchmark"}  # words in the name of a table of predictions

MIN_PIXEL_COLUMNS = 49  # fewer columns of numbers are features of something else
MIN_FEATURES = 4  # fewer columns of numbers are no features either


class ImageKeys(NamedTuple):
    """How a table says where its images are.

    Attributes:
        columns: the columns that have or name the images.
        ways: the keys of a layout, such as {"file": "images/{id}.jpg"}, in each possible way.
            There is none if each pixel is a column, or if no column is about images.
    """

    columns: list[str]
    ways: list[dict[str, Any]]


def propose(place: Place, chosen: Mapping[str, str]) -> tuple[list[Any], list[str]]:
    """Return layouts for the tables of a place, and why other tables are not used.

    Args:
        place: all files.
        chosen: the columns that the owner has chosen as `class` or `group`.
    """
    candidates, reasons = find_candidates(place, chosen)
    with_named_class = [table for table in candidates if has_named_class(table.keys)]
    if with_named_class and not chosen:
        candidates = with_named_class
    return write_layouts(candidates, place.files), reasons


def find_candidates(
    place: Place, chosen: Mapping[str, str]
) -> tuple[list[TableCandidate], list[str]]:
    """Return the candidates of all tables of a place, and why other tables are not used."""
    candidates: list[TableCandidate] = []
    reasons = []
    seen: list[str] = []
    # Of two copies, the one in fewer folders is used.
    for name in sorted(place.files, key=lambda name: (name.count("/"), name)):
        path = place.files[name]
        try:
            if not may_be_table(name, path) or split_words(path.name) & NO_LABEL_WORDS:
                continue
            if any(is_copy(place, name, other) for other in seen):
                reasons.append(f"{name} is not used, because it is a copy of another table")
                continue
            seen.append(name)
            table = OpenedTable(place, name)
            of_table = describe_table(table, chosen)
            if not of_table:
                dropped = table.file.dropped and f"; not read: {table.file.dropped}"
                reasons.append(f"{name}: no column looks like classes of images{dropped}")
            candidates += of_table
        except (OSError, EOFError) as error:  # such as a broken link, or a damaged gzip file
            reasons.append(f"{name}: {error}")
        except LayoutError as error:
            reasons.append(error.message)
    return candidates, reasons


def is_copy(place: Place, name: str, other: str) -> bool:
    """Return whether a table is a copy of another one.

    Equal tables in two folders with pictures are no copies: each names its own pictures.
    """
    if not filecmp.cmp(place.files[name], place.files[other], shallow=False):
        return False
    folders = {posixpath.dirname(name), posixpath.dirname(other)}
    return len(folders) == 1 or not all(has_pictures(place, folder) for folder in folders)


def has_pictures(place: Place, folder: str) -> bool:
    """Return whether there are pictures in a folder, at any depth."""
    start = posixpath.join(folder, "")
    return any(picture.startswith(start) for picture in place.pictures)


def has_named_class(keys: Mapping[str, Any]) -> bool:
    """Return whether the column of the classes of a table has a usual name, such as `label`."""
    column = keys.get("class")
    return isinstance(column, str) and bool(columns.find_named_classes([column]))


def describe_table(table: OpenedTable, chosen: Mapping[str, str]) -> list[TableCandidate]:
    """Return the candidates of a table. There is none if no column may have the classes.

    Args:
        table: the table.
        chosen: the columns that the owner has chosen as `class` or `group`.

    Raises:
        LayoutError: the file cannot be read, a chosen column is missing, or the table does not
            name the pictures.
    """
    with table.file.report_unreadable():
        table.file.check_names(list(chosen.values()))
        images = find_images(table)
        if table.must_name_pictures and not images.ways:
            raise LayoutError(explain_missing_pictures(table))
        return list_candidates(table, images, chosen)


def explain_missing_pictures(table: OpenedTable) -> str:
    """Return why a table that does not name the pictures is not used."""
    if table.numbered_columns:
        return "it has pixels, which are not used, because there are pictures"
    return "no column has the names of the pictures"


def list_candidates(
    table: OpenedTable, images: ImageKeys, chosen: Mapping[str, str]
) -> list[TableCandidate]:
    """Return the candidates of a table whose images have been found.

    Args:
        table: the table.
        images: where the images are.
        chosen: the columns that the owner has chosen as `class` or `group`.

    Raises:
        LayoutError: the table names pictures, but has no classes, or it has features.
    """
    group = chosen.get("group") or columns.find_usual(table.texts, GROUP_COLUMNS)
    image_id = None if images.ways else columns.find_usual(table.texts, ID_COLUMNS)
    subsets = columns.find_subsets(table.texts)
    used = {*images.columns, *find_columns(subsets)}
    used |= {name for name in (group, image_id) if name}
    if "class" in chosen:
        classes = [[chosen["class"]]]
    else:
        others = {name: values for name, values in table.texts.items() if name not in used}
        classes = columns.find_classes(
            others, have_pictures=bool(images.ways), have_header=table.has_header
        )
        if not images.ways and not table.has_header:
            one_hot = columns.find_one_hot_end(table.file.sample)
            classes = [one_hot] if one_hot else classes
    if not classes and images.ways:
        raise LayoutError("it names pictures, but has no column of classes")
    if not classes:
        check_pixels(table, list_pixels(table, used))
    # Without the index of pandas, and without columns of sets, which a test set may lack.
    header = tuple(
        name
        for name in table.file.names
        if "unnamed: " not in name and not columns.names_sets(name)
    )
    candidates = []
    for names in classes:
        keys: dict[str, Any] = {"class": unlist(names)}
        if group and group not in names:
            keys["group"] = group
        if image_id:
            keys["id"] = image_id
        unlabelled = find_unlabelled(table, names, subsets)
        if unlabelled.where:
            keys["unused"] = [{"where": unlabelled.where}]
        for way in images.ways or describe_pixels(table, list_pixels(table, {*used, *names})):
            candidate = TableCandidate(
                table.name,
                header,
                is_test=table.subset == "test",
                keys=table.csv_format | way | keys,
                subsets=unlabelled.subsets or find_subsets_of_paths(table, way),
            )
            candidates.append(candidate)
    return candidates


def find_columns(subsets: Mapping[str, Any]) -> set[str]:
    """Return the columns by which rows are divided into subsets."""
    return {column for part in subsets.values() for column in part["where"]}


def find_other_groups(
    place: Place, names: Sequence[str], pictures: Collection[str], class_column: str
) -> list[str]:
    """Return a sentence about each unused table that may have the groups of the pictures.

    Args:
        place: all files.
        names: the unused files.
        pictures: the pictures that are used.
        class_column: the column that has the classes in a table that is used, or "". Columns
            that follow from it, such as numbers of the classes, have no groups.
    """
    if not pictures:
        return []
    sentences = []
    for name in names:
        try:
            if not may_be_table(name, place.files[name]):
                continue
            table = OpenedTable(place, name)
            images = find_images(table)
            [column] = images.columns
            path = images.ways[0].get("file") if images.ways else None
            if not path:
                continue
            named = find_pictures(place, path, name, table.texts[column].to_frame())
            if set(pictures).isdisjoint(named):  # as those of a test set without classes
                continue
            others = {other: values for other, values in table.texts.items() if other != column}
        except (OSError, EOFError, LayoutError, ValueError):  # no table, or no pictures
            continue
        if class_column in others:
            classes = others[class_column]
            others = {
                other: values
                for other, values in others.items()
                if not columns.depends_on(values, classes)
            }
        groups = [
            other for other, values in others.items() if columns.may_have_groups(other, values)
        ]
        if groups:
            sentences.append(
                f"{name} names the pictures, and its column {groups[0]} may have their groups; "
                "if so, see “Add the groups of another table” in image-layouts/docs/your-own.md"
            )
    return sentences


def find_images(table: OpenedTable) -> ImageKeys:
    """Return how a table says where its images are: in its cells, or by their names.

    Raises:
        LayoutError: the pictures that the table names were not found, or are of another subset.
    """
    if table.image_columns:
        names = list(table.image_columns)
        pictures = [name for name, key in table.image_columns.items() if key == "picture"]
        if pictures:  # lists of numbers beside pictures are something else, such as boxes
            return ImageKeys(names, [{"picture": name} for name in pictures])
        return ImageKeys(names, [describe_cells(table, name) for name in names])
    if table.must_name_pictures:
        likely_columns = columns.order_by_likelihood(table.texts)
        for find in (find_paths_with_folder, find_paths, find_path_of_most):
            for column in likely_columns:
                images = find(table, column)
                if images.ways:
                    return images
    for column, values in table.texts.items():
        if columns.is_packed(values):
            return ImageKeys([column], [describe_cells(table, column)])
    if not table.numbered_columns:
        check_pictures_exist(table)
    return ImageKeys([], [])


def describe_cells(table: OpenedTable, column: str) -> dict[str, Any]:
    """Return the keys of a layout for a column whose cells have all pixels of an image."""
    keys = {"pixels": column}
    try:
        rows = [np.array(list_values(cell), float) for cell in table.file.sample[column]]
        numbers = np.array(rows)
    except ValueError:  # missing values, or images of different sizes, are reported later
        return keys
    if not numbers.size or not np.isfinite(numbers).all():
        return keys
    return keys | describe_colors(numbers) | describe_scale([numbers])


def check_pictures_exist(table: OpenedTable) -> None:
    """Check that a table without images names no pictures.

    Raises:
        LayoutError: a column names pictures that do not exist.
    """
    for column, values in table.texts.items():
        if columns.are_picture_names(values.head(columns.N_VALUES)).all():
            raise LayoutError(
                f"its column {column} names pictures, such as {values.iloc[0]}, which are not "
                f"in {table.place.root}"
            )


def find_paths(table: OpenedTable, column: str) -> ImageKeys:
    """Return the possible values of the key `file` if a column names the pictures.

    Pictures of the same names may be in several folders. The pictures beside the table are
    preferred, and then the nearest folders.

    Raises:
        LayoutError: the pictures are of another subset than the table.
    """
    for_all, _ = find_templates(table.place, table.name, table.texts[column])
    if not for_all:
        return ImageKeys([], [])
    whole = f"{{{column}}}"
    # A whole path is preferred to its end.
    for_all = [path for path in for_all if whole in path] or for_all
    folders = {path: FIELD.sub("", path) for path in for_all}  # without the column
    subsets = {"", table.subset} if table.subset else {"", "train", "test"}
    fitting = [path for path in for_all if find_subset(folders[path]) in subsets]
    if not fitting:
        raise LayoutError(f"its pictures are those of another set, as {for_all[0]} says")
    without_masks = [path for path in fitting if not split_words(folders[path]) & MASK_WORDS]
    fitting = without_masks or fitting
    of_same_set = [path for path in fitting if name_one_set(folders[path], table.name)]
    fitting = of_same_set or fitting  # `val/1.jpg` and not `train/1.jpg`, for `val.csv`
    if whole in fitting:  # the pictures are beside the table
        return ImageKeys([column], [{"file": whole}])
    nearest = min(path.count("../") for path in fitting)  # the number of folders upwards
    ways = [{"file": path} for path in fitting if path.count("../") == nearest]
    return ImageKeys([column], ways)


def name_one_set(folder: str, table_name: str) -> bool:
    """Return whether a folder and a table have the same words for sets, such as `val`."""
    words = split_words(posixpath.basename(table_name))
    return split_words(folder) & SET_WORDS == words & SET_WORDS


def find_paths_with_folder(table: OpenedTable, column: str) -> ImageKeys:
    """Return how two columns name the pictures: by their folders, and by names that repeat.

    The value of the key `file` is then `{folder}/{name}`, for example.
    """
    names = table.texts[column]
    if columns.are_picture_names(names).all() and not names.is_unique:
        for folder, values in table.texts.items():
            paths = pd.Series(map(join_paths, values, names), name="path")
            for_all, _ = find_templates(table.place, table.name, paths)
            whole = [path for path in for_all if "{path}" in path]  # not only its end
            both = f"{{{folder}}}/{{{column}}}"
            if whole:
                ways = [{"file": path.replace("{path}", both)} for path in whole]
                return ImageKeys([column, folder], ways)
    return ImageKeys([], [])


def join_paths(folder: str, name: str) -> str:
    """Return the path of a picture whose folder and name stand in two columns."""
    return posixpath.join(normalize_path(folder, ""), normalize_path(name, ""))


def find_path_of_most(table: OpenedTable, column: str) -> ImageKeys:
    """Return the value of the key `file` with which most values of a column name a picture.

    All other rows are reported later.
    """
    _, for_most = find_templates(table.place, table.name, table.texts[column])
    return ImageKeys([column], [{"file": path} for path in for_most[:1]])


class Unlabelled(NamedTuple):
    """What to do about the rows of a table that have no class.

    Attributes:
        where: the rows to leave out, as the key `where` of a layout says it, or {}.
        subsets: the keys `train` and `test` of the layout for all other rows, or {}.
    """

    where: dict[str, str]
    subsets: dict[str, Any]


def find_unlabelled(
    table: OpenedTable, names: Sequence[str], subsets: dict[str, Any]
) -> Unlabelled:
    """Return which rows without a class are left out.

    In a column with a usual name, a missing class is probably a mistake, which is reported
    later. If all rows without a class are of the test set, they belong to a contest.

    Args:
        table: the table.
        names: the column of the classes, or a column for each class.
        subsets: the keys `train` and `test` of the layout, if a column has the subsets.

    Raises:
        LayoutError: no row has a class.
    """
    if len(names) > 1:
        return Unlabelled({}, subsets)
    [column] = names
    has_class_names = bool(find_class_names(table.file.schema, column))
    no_class = "-1" if has_class_names else ""  # as Hugging Face writes it
    is_unlabelled = table.texts.get(column, pd.Series(dtype=str)).str.strip() == no_class
    if has_class_names and is_unlabelled.all():
        raise LayoutError("it has no classes; `digits predict` classifies its images")
    if subsets and is_unlabelled.any():
        is_test = match_test_set(table, subsets)
        if is_test[is_unlabelled].all():
            test_has_classes = is_test[~is_unlabelled].any()
            return Unlabelled({column: no_class}, subsets if test_has_classes else {})
    is_mistake = columns.is_usual(column) and not has_class_names
    if 0 < is_unlabelled.mean() < 0.5 and not is_mistake:
        return Unlabelled({column: no_class}, subsets)
    return Unlabelled({}, subsets)


def match_test_set(table: OpenedTable, subsets: Mapping[str, Any]) -> pd.Series:
    """Return whether each row is of the test set, by the column that has the subsets."""
    [(column, values)] = subsets["test"]["where"].items()
    return table.texts[column].str.strip().isin(as_list(values))


def find_subsets_of_paths(table: OpenedTable, way: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keys `train` and `test` if the paths of pictures have subsets, or {}."""
    field = FIELD.search(way.get("file", ""))
    if not field or field[1] not in table.texts or table.subset:
        return {}
    return columns.find_subsets_by_paths(field[1], table.texts[field[1]])


def list_pixels(table: OpenedTable, used: set[str]) -> list[str]:
    """Return the columns that may be pixels: all columns of numbers that are not used.

    Args:
        table: the table.
        used: the columns with another meaning, such as the class.
    """
    return [
        name
        for name in table.numbered_columns or table.file.names
        if name not in used
        and name in table.numeric_columns
        and normalize_name(name) not in PANDAS_INDEX
    ]


def check_pixels(table: OpenedTable, names: Sequence[str]) -> None:
    """Check that columns have pixels in the right order.

    Raises:
        LayoutError: the columns are other features, or are in alphabetical order, or the table
            has no rows.
    """
    sample = table.file.sample
    if sample.empty:
        raise LayoutError("it has no rows")
    if names:
        one_class.check_pixels({name: sample[name] for name in names})
        check_order(names)


def check_order(names: Sequence[str]) -> None:
    """Check that columns of pixels are not in alphabetical order, as p1, p10, p2.

    Raises:
        LayoutError: the columns are in this order.
    """
    by_number = sorted(names, key=natural_key)
    if list(names) != sorted(names):
        return
    for name, expected in zip(names, by_number, strict=True):
        if name != expected:
            raise LayoutError(
                f"the column {name} stands before {expected}, so the pixels are not in the "
                "order of their numbers; sort the columns of the table"
            )


def describe_pixels(table: OpenedTable, names: Sequence[str]) -> list[dict[str, Any]]:
    """Return the keys of a layout for columns of pixels, or [] if there are too few.

    Raises:
        LayoutError: as `check_pixels` and `describe_colors`, or there are too few columns for
            images, but enough for features, or each row has a blank pixel.
    """
    check_pixels(table, names)
    if len(names) < MIN_FEATURES:
        return []
    if len(names) < MIN_PIXEL_COLUMNS:
        raise one_class.make_features_error(
            f"{len(names)} columns of numbers are too few for the pixels of an image",
            "write `pixels` into a layout",
        )
    sample = table.file.sample[list(names)]
    numbers = sample.apply(pd.to_numeric, errors="coerce").dropna().to_numpy(float)
    if not numbers.size:
        raise LayoutError(f"each of its first {len(sample)} rows has a blank pixel")
    keys = {"pixels": f"{names[0]} to {names[-1]}"}
    return [keys | describe_colors(numbers) | describe_scale([numbers])]
