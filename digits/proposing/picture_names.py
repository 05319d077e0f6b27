"""Find the pictures that a column of a table names."""

import posixpath
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

import pandas as pd

from digits.data.layout.place import Place
from digits.data.layout.read_table import find_pictures, normalize_path
from digits.proposing.parts import generalize
from digits.proposing.words import find_role
from digits.settings.errors import UserError

N_VALUES = 50  # of a column, for which pictures are looked for first


def index_pictures(place: Place) -> dict[str, list[str]]:
    """Return the paths of pictures by their names, with and without the ending."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in place.pictures:
        name = posixpath.basename(path)
        for key in {name, posixpath.splitext(name)[0]}:
            found[key].append(path)
    return found


def find_templates(
    place: Place, index: Mapping[str, list[str]], table_name: str, values: pd.Series
) -> tuple[list[str], list[str]]:
    """Return the templates of paths, such as `images/{id}.jpg`, for the values of a column.

    Args:
        place: all files.
        index: the pictures, as `index_pictures` returns them.
        table_name: the path of the table.
        values: the values of the column. Blank ones do not count.

    Returns:
        complete: the templates that find a picture for each value.
        partial: those that find a picture for some values.
    """
    values = values[values.str.strip() != ""]
    sample = values.sample(min(N_VALUES, len(values)), random_state=0)
    found = Counter(
        template
        for value in sample
        for template in describe_pictures(str(values.name), normalize_path(value, ""), index)
    )
    templates = [*dict(found.most_common()), *generalize_templates(found)]
    folder = posixpath.dirname(table_name) or "."
    relative = [
        f"{posixpath.relpath(before or '.', folder)}/{rest}".removeprefix("./")
        for before, rest in (split_folder(template) for template in templates)
    ]
    complete = []
    for template in dict.fromkeys(relative):
        try:
            find_pictures(place, template, table_name, values.to_frame())
        except UserError:
            continue
        complete.append(template)
    return complete, relative


Template = tuple[str, str, str]  # the folder, the field and the ending


def split_folder(template: Template) -> tuple[str, str]:
    """Return the folder of a template, and the rest."""
    folder, field, ending = template
    return folder, f"{field}{ending}"


def describe_pictures(
    column: str, value: str, index: Mapping[str, list[str]]
) -> Iterable[Template]:
    """Yield a template for each picture that a value may name.

    Args:
        column: the column.
        value: the path, the name, or the name without the ending.
        index: the pictures.
    """
    name = posixpath.basename(value)
    stem = posixpath.splitext(name)[0]
    for key, part in [(name, ""), (stem, ".stem")]:
        for path in index.get(key, []):
            bare, ending = posixpath.splitext(path)
            if part or path.endswith(name):
                ending = ending if part else ""
            whole = path if not ending else bare
            if not part and is_end(whole, value):
                yield whole[: len(whole) - len(value)].rstrip("/"), f"{{{column}}}", ending
            elif not disagree(value, path):
                field = f"{{{column}{part or '.name'}}}"
                yield posixpath.dirname(path), field, ending
        if index.get(key):
            return


def is_end(path: str, value: str) -> bool:
    """Return whether a path ends in whole folders and names with a value."""
    return path == value or path.endswith(f"/{value}")


def disagree(value: str, path: str) -> bool:
    """Return whether two paths are in folders of different sets."""
    roles = {find_role(posixpath.dirname(each)) for each in (value, path)} - {""}
    return len(roles) > 1


def generalize_templates(templates: Iterable[Template]) -> list[Template]:
    """Return templates in which * stands for what differs: folders of one depth, or endings."""
    by_field: dict[str, list[Template]] = defaultdict(list)
    for template in templates:
        by_field[template[1]].append(template)
    general = []
    for field, same in by_field.items():
        folders = {folder for folder, _, _ in same}
        endings = {ending for _, _, ending in same}
        if len(same) > 1 and len({folder.count("/") for folder in folders}) == 1:
            ending = endings.pop() if len(endings) == 1 else ".*"
            general.append((generalize(folders, str), field, ending))
    return general
