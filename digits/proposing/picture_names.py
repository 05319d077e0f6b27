"""Find the pictures that a column of a table names."""

import posixpath
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import NamedTuple

import pandas as pd

from digits.data.layout.place import Place
from digits.data.layout.read_table import find_pictures, normalize_path
from digits.proposing.words import find_subset
from digits.proposing.writing import generalize
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


def find_templates(
    place: Place, table_name: str, values: pd.Series
) -> tuple[list[str], list[str]]:
    """Return the paths, such as `images/{id}.jpg`, of the pictures that a column names.

    Args:
        place: all files.
        table_name: the path of the table. The paths begin in its folder.
        values: the values of the column. Blank ones do not count.

    Returns:
        for_all: the paths that find a picture for each value.
        for_some: all paths that find a picture for some values, the most frequent first.
    """
    values = values[values.str.strip() != ""]
    sample = values.sample(min(N_VALUES, len(values)), random_state=0)
    counts: Counter[Template] = Counter()
    for value in sample:
        counts.update(describe_pictures(place, str(values.name), normalize_path(value, "")))
    templates = [template for template, _ in counts.most_common()]
    start = posixpath.dirname(table_name) or "."
    for_some: list[str] = []
    for folder, field, ending in [*templates, *generalize_templates(templates)]:
        relative = posixpath.relpath(folder or ".", start)
        path = f"{relative}/{field}{ending}".removeprefix("./")
        if path not in for_some:
            for_some.append(path)
    for_all = []
    for path in for_some:
        try:
            find_pictures(place, path, table_name, values.to_frame())
        except UserError:
            continue
        for_all.append(path)
    return for_all, for_some


def describe_pictures(place: Place, column: str, value: str) -> Iterator[Template]:
    """Yield a template for each picture that a value may name.

    Args:
        place: all files.
        column: the column.
        value: the path, the name, or the name without the ending.
    """
    pictures = place.pictures_by_end
    name = posixpath.basename(value)
    key, part = name, "name"
    if key not in pictures:
        key, part = posixpath.splitext(name)[0], "stem"
    for path in pictures.get(key, []):
        folder, picture = posixpath.split(path)
        ending = picture[len(key) :]
        whole = path.removesuffix(ending)
        if whole == value or whole.endswith(f"/{value}"):
            yield Template(whole.removesuffix(value).rstrip("/"), f"{{{column}}}", ending)
        elif not are_of_two_subsets(value, path):
            yield Template(folder, f"{{{column}.{part}}}", ending)


def are_of_two_subsets(value: str, path: str) -> bool:
    """Return whether two paths are in folders of different subsets."""
    subsets = {find_subset(posixpath.dirname(each)) for each in (value, path)}
    return subsets == {"train", "test"}


def generalize_templates(templates: list[Template]) -> list[Template]:
    """Return templates in which * stands for what differs: folders of one depth, or endings."""
    by_field: dict[str, list[Template]] = defaultdict(list)
    for template in templates:
        by_field[template.field].append(template)
    general = []
    for field, same in by_field.items():
        folders = {template.folder for template in same}
        endings = {template.ending for template in same}
        have_one_depth = len({folder.count("/") for folder in folders}) == 1
        if len(same) > 1 and have_one_depth:
            ending = same[0].ending if len(endings) == 1 else ".*"
            general.append(Template(generalize(folders, str), field, ending))
    return general
