"""Find the pictures that a column of a table names."""

import posixpath
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import pandas as pd

from digits.data.layout.place import Place
from digits.data.layout.read_table import find_pictures, normalize_path
from digits.proposing.parts import generalize
from digits.proposing.words import find_role
from digits.settings.errors import UserError

N_VALUES = 50  # of a column, for which pictures are looked for first


class Template(NamedTuple):
    """The path of the pictures that a column names, such as `images/{id}.jpg`.

    Attributes:
        folder: the folder, such as `images`.
        field: the column, such as `{id}`, `{id.name}` or `{id.stem}`.
        ending: what stands after the value of the column, such as `.jpg`.
    """

    folder: str
    field: str
    ending: str


def index_pictures(place: Place) -> dict[str, list[str]]:
    """Return the paths of pictures by their names, with and without the ending."""
    index: dict[str, list[str]] = defaultdict(list)
    for path in place.pictures:
        name = posixpath.basename(path)
        for key in {name, posixpath.splitext(name)[0]}:
            index[key].append(path)
    return index


def find_templates(
    place: Place, index: Mapping[str, list[str]], table_name: str, values: pd.Series
) -> tuple[list[str], list[str]]:
    """Return the paths, such as `images/{id}.jpg`, of the pictures that a column names.

    Args:
        place: all files.
        index: the pictures, as `index_pictures` returns them.
        table_name: the path of the table. The paths begin in its folder.
        values: the values of the column. Blank ones do not count.

    Returns:
        complete: the paths that find a picture for each value.
        partial: all paths that find a picture for some values.
    """
    values = values[values.str.strip() != ""]
    sample = values.sample(min(N_VALUES, len(values)), random_state=0)
    counts = Counter(
        template
        for value in sample
        for template in describe_pictures(str(values.name), normalize_path(value, ""), index)
    )
    templates = [template for template, _ in counts.most_common()]
    start = posixpath.dirname(table_name) or "."
    partial = {}  # in this order, and each once
    for folder, field, ending in [*templates, *generalize_templates(templates)]:
        relative = posixpath.relpath(folder or ".", start)
        partial[f"{relative}/{field}{ending}".removeprefix("./")] = True
    complete = []
    for path in partial:
        try:
            find_pictures(place, path, table_name, values.to_frame())
        except UserError:
            continue
        complete.append(path)
    return complete, list(partial)


def describe_pictures(
    column: str, value: str, index: Mapping[str, list[str]]
) -> Iterator[Template]:
    """Yield a template for each picture that a value may name.

    Args:
        column: the column.
        value: the path, the name, or the name without the ending.
        index: the pictures.
    """
    name = posixpath.basename(value)
    stem = posixpath.splitext(name)[0]
    key, part = (name, "name") if name in index else (stem, "stem")
    for path in index.get(key, []):
        folder, picture = posixpath.split(path)
        ending = picture[len(key) :]
        whole = path.removesuffix(ending)
        if whole == value or whole.endswith(f"/{value}"):
            yield Template(whole.removesuffix(value).rstrip("/"), f"{{{column}}}", ending)
        elif not are_of_two_sets(value, path):
            yield Template(folder, f"{{{column}.{part}}}", ending)


def are_of_two_sets(value: str, path: str) -> bool:
    """Return whether two paths are in folders of different sets."""
    roles = {find_role(posixpath.dirname(each)) for each in (value, path)}
    return roles == {"train", "test"}


def generalize_templates(templates: list[Template]) -> list[Template]:
    """Return templates in which * stands for what differs: folders of one depth, or endings."""
    by_field: dict[str, list[Template]] = defaultdict(list)
    for template in templates:
        by_field[template.field].append(template)
    general = []
    for field, same in by_field.items():
        folders = {template.folder for template in same}
        endings = {template.ending for template in same}
        if len(same) > 1 and len({folder.count("/") for folder in folders}) == 1:
            ending = endings.pop() if len(endings) == 1 else ".*"
            general.append(Template(generalize(folders, str), field, ending))
    return general
