"""Propose layouts in which tables say what the images are."""

import filecmp
import posixpath
import re
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from digits.data.intake import one_class
from digits.data.layout.hugging_face import find_class_names, find_encoded_column
from digits.data.layout.pattern import quote
from digits.data.layout.place import Place
from digits.data.layout.read_files import natural_key
from digits.data.layout.read_table import COLUMN, normalize_path, split_columns
from digits.data.layout.table_file import TableFile
from digits.data.layout.usual import CLASS_COLUMNS, GROUP_COLUMNS, ID_COLUMNS, simplify
from digits.imaging import pictures
from digits.proposing import columns
from digits.proposing.arrays import describe_flat, describe_scale
from digits.proposing.parts import generalize, write_sets
from digits.proposing.picture_names import find_templates, index_pictures
from digits.proposing.table_format import find_format, is_numeric, may_be_table
from digits.proposing.words import are_sets, find_role, split_words
from digits.settings.errors import UserError
from digits.settings.layout import as_list

# The word at the beginning of a path, as in `train_1.png`, or the folder, as in `a-test/1.png`.
STARTS = [re.compile(r"[^/_-]*[/_-]?"), re.compile(r"([^/]*/)?")]

MIN_PIXELS = 4
MAX_NAMED = 3  # more tables are written as a pattern
MAX_TEXTS = 100  # of a table with more columns, those of numbers are pixels


class Description(NamedTuple):
    """What a table may be.

    Attributes:
        name: its path.
        header: its columns.
        role: the set that its path names, or "".
        keys: the keys of a part of a layout, without `table`.
        sets: the keys of the parts `train` and `test`, if the rows say in which they are.
    """

    name: str
    header: tuple[str, ...]
    role: str
    keys: dict[str, Any]
    sets: dict[str, Any]


def propose(place: Place, chosen: Mapping[str, str]) -> tuple[list[Any], list[str]]:
    """Return layouts for the tables of a place, and why others are not used.

    Args:
        place: all files.
        chosen: the columns that the owner has chosen as `class` or `group`.
    """
    index = index_pictures(place)
    found: dict[Any, list[Description]] = {}
    reasons = []
    seen: list[Path] = []
    for name, path in sorted(place.files.items()):
        is_submission = "submission" in split_words(posixpath.basename(name))
        try:
            if is_submission or not may_be_table(name, path):
                continue
            if any(filecmp.cmp(path, other, shallow=False) for other in seen):
                reasons.append(f"{name} is not used, because it is a copy of another table")
                continue
            seen.append(path)
            described = describe(place, index, name, chosen)
            if not described:
                reasons.append(f"{name}: no column looks like classes of images")
            for each in described:
                key = (each.header, str(each.keys), str(each.sets))
                found.setdefault(key, []).append(each)
        except OSError as error:  # such as a link to nowhere, or no gzip
            reasons.append(f"{name}: {error}")
        except UserError as error:
            reasons.append(error.message)
    if not chosen and any(has_usual_class(same[0]) for same in found.values()):
        found = {key: same for key, same in found.items() if has_usual_class(same[0])}
    by_columns: dict[Any, list[list[Description]]] = defaultdict(list)
    for same in found.values():
        keys = same[0].keys
        by_columns[same[0].header, str(keys.get("class")), str(keys.get("pixels"))].append(same)
    return [layout for groups in by_columns.values() for layout in join(groups)], reasons


def has_usual_class(description: Description) -> bool:
    """Return whether the column of the classes has a usual name, such as `label`."""
    column = description.keys["class"]
    return isinstance(column, str) and bool(columns.find_named_classes([column]))


def join(groups: list[list[Description]]) -> list[Any]:
    """Return the layouts of tables that have the same columns.

    Args:
        groups: the tables. Those in one list have the same keys.
    """
    first = groups[0][0]
    if len(groups) == 1 and first.sets:
        return [{"table": write_names(groups[0])} | first.keys | first.sets]
    names = [each.name for same in groups for each in same]
    if len(set(names)) < len(names):  # a table may mean several things
        return [{"table": write_names(same)} | same[0].keys for same in groups]
    roles = {each.role for same in groups for each in same}
    has_test = "test" in roles and len(roles) > 1
    parts: dict[str, list[Any]] = {}
    for role in ("train", "test"):
        for same in groups:
            tables = [each for each in same if (each.role == "test") == (role == "test")]
            if tables:
                part = {"table": write_names(tables)} | tables[0].keys
                parts.setdefault(role if has_test else "", []).append(part)
    whole = [write_sets(parts)] if has_test else [*parts[""], *join_folders(parts[""])]
    if "file" not in first.keys or len(names) == 1:
        return whole
    # Several tables may name the same pictures.
    return whole + [{"table": quote(each.name)} | each.keys for same in groups for each in same]


def join_folders(parts: list[dict[str, Any]]) -> list[Any]:
    """Return the layout of tables that differ only in the folders of their pictures, if any."""
    files = [part.get("file", "") for part in parts]
    others = [
        {key: part[key] for key in part if key not in ("file", "table")} for part in parts
    ]
    names = {posixpath.basename(file) for file in files}
    folders = [posixpath.dirname(file) for file in files]
    have_same_depth = len({folder.count("/") for folder in folders}) == 1
    if len(parts) < 2 or len(names) > 1 or not have_same_depth:
        return []
    if any(other != others[0] for other in others):
        return []
    tables = [name for part in parts for name in as_list(part["table"])]
    file = f"{generalize(folders, str)}/{names.pop()}"
    return [{"table": tables, "file": file} | others[0]]


def write_names(tables: list[Description]) -> Any:
    """Return the paths of tables, or a pattern if there are many."""
    names = [quote(each.name) for each in tables]
    if len(names) == 1:
        return names[0]
    if len(names) <= MAX_NAMED or len({name.count("/") for name in names}) > 1:
        return names
    return generalize([each.name for each in tables])


def describe(
    place: Place, index: Mapping[str, list[str]], name: str, chosen: Mapping[str, str]
) -> list[Description]:
    """Return what a table may be: nothing, or one or several descriptions.

    Raises:
        UserError: the file cannot be read, a chosen column is missing, or the pictures that it
            names are not there.
    """
    form = find_format(place.files[name])
    table = place.open_table(name, **form)
    if "header" not in form and any(normalize_path(text, "") in index for text in table.names):
        form["header"] = False  # the first line names a picture
        table = place.open_table(name, **form)
    with table.report_unreadable():
        return describe_opened(place, index, name, chosen, table, form)


def describe_opened(
    place: Place,
    index: Mapping[str, list[str]],
    name: str,
    chosen: Mapping[str, str],
    table: TableFile,
    form: dict[str, Any],
) -> list[Description]:
    """Return what `describe` does for a table that is written in a form."""
    table.check_names(list(chosen.values()))
    texts = read_texts(table, may_have_pixels=not index)
    role = find_role(posixpath.splitext(posixpath.basename(name))[0])
    role = role or find_role(posixpath.dirname(name))
    encoded = [column.name for column in table.schema or [] if find_encoded_column([column])]
    if encoded:
        contents: list[dict[str, Any]] = [{"picture": column} for column in encoded]
        used = set(encoded)
    else:
        contents, used = find_contents(place, index, name, role, texts)
    group = chosen.get("group") or columns.find_group(list(texts))
    image_id = None if contents else columns.find_id(list(texts))
    sets = columns.find_sets(texts)
    set_column = next(iter(sets["train"]["where"])) if sets else None
    used |= {group, image_id, set_column} - {None}
    others = {column: values for column, values in texts.items() if column not in used}
    if "class" in chosen:
        classes = [[chosen["class"]]]
    else:
        has_header = form.get("header", True)
        classes = columns.find_classes(
            others, have_pictures=bool(contents), have_header=has_header
        )
    if index and not contents:
        raise UserError("no column has the names of the pictures")
    if contents and not classes:
        raise UserError("it names pictures, but has no column of classes")
    if not contents and not classes:
        find_pixels(table, used)  # says if these are features
    class_names = find_class_names(table.schema, classes[0][0]) if classes else None
    none = "-1" if class_names else ""  # what Hugging Face writes for no class, or a blank
    if class_names and (texts[classes[0][0]] == none).all():
        raise UserError("it has no classes; `digits predict` classifies its images")
    found = []
    for names in classes:
        for content in contents or [find_pixels(table, {*used, *names})]:
            if not content:
                continue
            keys = form | content | {"class": names if len(names) > 1 else names[0]}
            keys |= {"group": group} if group and group not in names else {}
            keys |= {"id": image_id} if image_id else {}
            if len(names) == 1 and (class_names or not is_usual(names[0])):
                keys |= name_unlabelled(
                    names[0], texts.get(names[0], pd.Series(dtype=str)), none
                )
            own_sets = sets or find_sets_by_folders(texts, content, role)
            found.append(Description(name, tuple(table.names), role, keys, own_sets))
    return found


def name_unlabelled(column: str, texts: pd.Series, none: str) -> dict[str, Any]:
    """Return the key `unused` for the rows without a class, if there are some.

    Args:
        column: the column of the classes.
        texts: its values.
        none: the value that stands for no class.
    """
    is_none = texts.str.strip() == none
    return {"unused": [{"where": {column: none}}]} if 0 < is_none.mean() < 0.5 else {}


def read_texts(table: TableFile, *, may_have_pixels: bool) -> dict[str, pd.Series]:
    """Return the columns of a table that have a meaning and no pictures.

    Of a table with many columns, or one that may have pixels, those of numbers are left out,
    but for the first and last one.
    """
    names = table.names
    encoded = [column.name for column in table.schema or [] if find_encoded_column([column])]
    may_have_pixels = may_have_pixels and not encoded
    if len(names) > MAX_TEXTS or may_have_pixels:
        sample = table.sample.astype(str)
        ends = (names[0], names[-1])
        names = [n for n in names if n in ends or not is_numeric(sample[n]) or is_usual(n)]
    names = [name for name in names if name not in encoded]
    texts = table.read_texts(names, whole=not may_have_pixels)
    return {
        str(name): values
        for name, values in texts.items()
        if not columns.is_meaningless(str(name), values)
    }


def is_usual(name: str) -> bool:
    """Return whether a column has a usual name of classes, groups or ids."""
    return simplify(name) in {*CLASS_COLUMNS, *GROUP_COLUMNS, *ID_COLUMNS}


def find_contents(
    place: Place,
    index: Mapping[str, list[str]],
    name: str,
    role: str,
    texts: Mapping[str, pd.Series],
) -> tuple[list[dict[str, Any]], set[Any]]:
    """Return the keys that say where the pictures are, and the columns that they use.

    Raises:
        UserError: the table names pictures that are not there, or are those of another set.
    """
    for column in columns.order_by_file(texts) if index else []:
        complete, some = find_templates(place, index, name, texts[column])
        fitting = [
            template
            for template in complete
            if not role or find_role(COLUMN.sub("", template)) in ("", role)
        ]
        if complete and not fitting:
            raise UserError(f"its pictures are those of another set, as {complete[0]} says")
        if complete or some:
            beside = f"{{{column}}}"  # the picture of this name beside the table
            templates = [beside] if beside in fitting else fitting or some[:1]
            return [{"file": template} for template in templates], {column}
    for column, values in texts.items():
        if values.head(50).str.strip().str.lower().str.endswith(pictures.SUFFIXES).all():
            raise UserError(
                f"its column {column} names pictures, such as {values.iloc[0]}, which are not "
                f"in {place.root}"
            )
        if columns.is_packed(values):
            return [{"pixels": column}], {column}
    return [], set()


def find_pixels(table: TableFile, used: set[Any]) -> dict[str, Any]:
    """Return the keys that say which columns are pixels, or {} if there are not enough.

    They are all columns of numbers that mean nothing else.

    Raises:
        UserError: they have features.
    """
    sample = table.sample
    if sample.empty:
        raise UserError("it has no rows")
    pixels = [
        name
        for name in table.names
        if name not in used
        and is_numeric(sample[name].astype(str))
        and not columns.is_meaningless(name, sample[name].astype(str))
    ]
    if not pixels:
        return {}
    one_class.check_pixels({name: sample[name] for name in pixels})
    check_order(pixels)
    if len(pixels) < MIN_PIXELS:
        return {}
    numbers = sample[pixels].apply(pd.to_numeric, errors="coerce").dropna().to_numpy(float)
    return {
        "pixels": f"{pixels[0]} to {pixels[-1]}",
        **describe_flat(numbers),
        **describe_scale([numbers]),
    }


def check_order(names: list[str]) -> None:
    """Check that the columns of pixels are not in the order of the alphabet, as p1, p10, p2.

    Raises:
        UserError: they are.
    """
    by_number = sorted(names, key=natural_key)
    if names == sorted(names) != by_number:
        number = next(i for i, name in enumerate(names) if name != by_number[i])
        raise UserError(
            f"the column {names[number]} stands before {by_number[number]}, so the pixels are "
            "not in the order of their numbers; sort the columns of the table"
        )


def find_sets_by_folders(
    texts: Mapping[str, pd.Series], content: Mapping[str, Any], role: str
) -> dict[str, Any]:
    """Return which rows are in which set, by the beginning of the paths that they name."""
    template = content.get("file", "")
    columns_of_path = [
        column for column, part in split_columns(template, list(texts)) if not part
    ]
    if role or len(columns_of_path) != 1 or columns_of_path[0] not in texts:
        return {}
    [column] = columns_of_path
    for expression in STARTS:
        starts = sorted({expression.match(path.strip())[0] for path in texts[column]})  # type: ignore[index]
        roles = {find_role(start) or "train" for start in starts}
        if len(roles) < 2 or not are_sets(starts):
            continue
        patterns = {
            role: [f"{start}*" for start in starts if (find_role(start) or "train") == role]
            for role in ("train", "test")
        }
        return {
            role: {"where": {column: some if len(some) > 1 else some[0]}}
            for role, some in patterns.items()
        }
    return {}
