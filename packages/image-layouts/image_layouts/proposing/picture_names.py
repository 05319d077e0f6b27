"""Find the pictures that a column of a table names."""

import posixpath
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import pandas as pd

from image_layouts.errors import LayoutError
from image_layouts.layout.folder import Folder
from image_layouts.layout.read_table import find_pictures, normalize_path
from image_layouts.proposing.sets import find_set
from image_layouts.proposing.writing import generalize

N_VALUES = 50  # the number of values of a column that are tried first


class Template(NamedTuple):
    """The path of the pictures that a column names, such as `images/{id}.jpg`.

    Attributes:
        folder: the folder, such as `images`.
        field: the column, such as `{id}`, `{id.name}` or `{id.stem}`.
        ending: the text behind the value of the column, such as `.jpg`.
    """

    folder: str
    field: str
    ending: str


def find_templates(folder: Folder, table_name: str, values: pd.Series) -> list[str]:
    """Return the paths from a table, such as `images/{id}.jpg`, by which all are found.

    Raises:
        LayoutError: most pictures are found, but not all.
    """
    values = values[values.str.strip() != ""]
    sample = values.sample(min(N_VALUES, len(values)), random_state=0)
    found: dict[Template, None] = {}  # a set that keeps its order
    n_found = 0
    for value in sample:
        path = normalize_path(value, "")
        templates = dict.fromkeys(describe_pictures(folder, str(values.name), path))
        n_found += len(templates) > 0
        found |= templates
    folder_of_table = posixpath.dirname(table_name) or "."
    paths = []
    for start, field, ending in [*found, *generalize_templates(list(found))]:
        relative = posixpath.relpath(start or ".", folder_of_table)  # "." for the same folder
        paths.append(f"{relative}/{field}{ending}".removeprefix("./"))
    for_all = []
    errors = []
    for path in dict.fromkeys(paths):
        try:
            pictures = find_pictures(folder, path, table_name, values.to_frame())
        except LayoutError as error:
            errors.append(error)
            continue
        has_one_name_each = len(set(pictures)) == values.nunique()
        if has_one_name_each:
            for_all.append(path)
    if errors and not for_all and n_found > len(sample) / 2:
        # Each message begins with the number of rows without a picture.
        raise min(errors, key=lambda error: int(error.message.split()[0]))
    return for_all


def describe_pictures(folder: Folder, column: str, value: str) -> Iterator[Template]:
    """Yield a template for each picture that a value, a path or a name, may mean."""
    pictures = folder.pictures_by_end
    starts_with_root = value.startswith(f"{folder.root.name}/")
    if starts_with_root and value.removeprefix(f"{folder.root.name}/") in folder.pictures:
        yield Template("..", f"{{{column}}}", "")
    name, part = posixpath.basename(value), "name"
    if name not in pictures:  # the value may have the suffix of another file
        name, suffix = posixpath.splitext(name)
        if suffix and not suffix[1:].isalnum():  # `.jpg cat` is no suffix
            return
        part = "stem"
    # A copy of a folder may have its name in lower case. It is left out.
    paths: dict[str, str] = {}
    for path in pictures.get(name, []):
        paths.setdefault(path.casefold(), path)
    for path in paths.values():
        start, file = posixpath.split(path)
        ending = file.removeprefix(name)  # "" if the value has the suffix of the picture
        without_ending = path.removesuffix(ending)
        if without_ending == value or without_ending.endswith(f"/{value}"):
            start = without_ending.removesuffix(value).rstrip("/")
            yield Template(start, f"{{{column}}}", ending)
        elif {find_set(posixpath.dirname(value)), find_set(start)} != {"train", "test"}:
            yield Template(start, f"{{{column}.{part}}}", ending)


def generalize_templates(templates: Sequence[Template]) -> Iterator[Template]:
    """Yield templates with * for folders of the same depth, and for endings that differ."""
    by_field: dict[str, list[Template]] = defaultdict(list)
    for template in templates:
        by_field[template.field].append(template)
    for field, same in by_field.items():
        folders = {template.folder for template in same}
        endings = {template.ending for template in same}
        have_one_depth = len({folder.count("/") for folder in folders}) == 1
        if len(same) > 1 and have_one_depth:
            ending = same[0].ending if len(endings) == 1 else ".*"
            yield Template(generalize(folders, str), field, ending)
