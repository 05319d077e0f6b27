"""Take the only layout that is exact and complete, or say what may be meant, and ask."""

import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from image_layouts.checking import one_class
from image_layouts.checking.rows import check_names, find_faults
from image_layouts.errors import LayoutError, shorten
from image_layouts.layout.folder import Folder
from image_layouts.layout.pattern import escape, find_matches
from image_layouts.layout.reading import Reading, read_layout
from image_layouts.proposing import arrays, asking, folders, tables
from image_layouts.proposing.questions import has_in_names, list_patterns, list_questions
from image_layouts.proposing.writing import add_unused, unlist, write
from image_layouts.schema import TablePart

MIN_FOLDS = 3  # the smallest number of folds of a model
MIN_IMAGES = MIN_FOLDS + 1  # of most classes: one for each fold, and one for the test set
MAX_NAMED = 3  # more unused pictures are written as patterns
LEAVE_OUT = f"to leave out classes with few images, add --min-images {MIN_IMAGES}"


def choose(
    folder: Folder,
    given: Any = None,
    columns: Mapping[str, str] | None = None,
    min_images: int = 1,
) -> Reading:
    """Return the only layout that is exact and complete, or the one that the owner has chosen.

    Args:
        folder: the files.
        given: the layout that the owner has written, or None to propose some.
        columns: the columns that the owner has chosen as `class` and `group`.
        min_images: classes with fewer images outside the test set are left out.

    Raises:
        LayoutError: there is no such layout, or there are several. Its lines show the options
            that choose each of them.
        LayoutError: the names of some pictures are not in UTF-8.
    """
    check_names(folder.pictures)
    is_guess = given is None and not columns
    reasons: list[str] = []
    without_classes: list[str] = []
    possible = [Reading(given)]
    if given is None:
        possible, reasons, without_classes = tables.propose(folder, columns or {})
    if is_guess:
        of_arrays, reasons_of_arrays = arrays.propose(folder)
        possible += [*folders.propose(folder), *of_arrays]
        reasons += reasons_of_arrays
    readings: list[Reading] = []
    failures = []
    for each in possible:
        try:
            reading = read_layout(folder, each.layout, min_images)
            reading = replace(reading, is_certain=each.is_certain)
            check(reading, is_guess=is_guess)
        except LayoutError as error:
            failures.append(f"{write(each.layout)}: {error.message}")
            if is_guess and isinstance(each.layout, dict) and "group" in each.layout:
                without = {key: each.layout[key] for key in each.layout if key != "group"}
                doubts = [f"can the groups be ignored? {error.message}", *each.questions]
                possible.append(replace(each, layout=without, questions=doubts))
            continue
        questions = list_questions(folder, reading, without_classes) if is_guess else []
        readings.append(replace(reading, questions=[*questions, *each.questions]))
    readings = drop_repeated(readings)
    if columns:
        readings = [replace(each, questions=()) for each in drop_parts(readings)]
    if not readings:
        raise asking.explain_none(folder, reasons, failures, is_guess=is_guess)
    if is_guess:
        readings = [contradict(each, readings) for each in readings]
    complete = [each for each in readings if not each.questions]
    if len(complete) == 1:
        return name_unused(folder, complete[0])
    wholes = [write_whole(each) for each in readings]
    shown = [
        replace(each, layout=whole) if len(write(whole)) < asking.MAX_CHARACTERS else each
        for each, whole in zip(readings, wholes, strict=True)
    ]
    raise asking.ask(folder, shown, [*reasons, *failures], min_images)


def check(reading: Reading, *, is_guess: bool) -> None:
    """Check that models can learn from the images.

    A guess is a layout that the owner has neither written nor chosen by its columns.

    Raises:
        LayoutError: they cannot.
    """
    rows = reading.rows
    if reading.class_column and "class" in rows:
        one_class.check_classes(reading.class_column, rows["class"], are_chosen=not is_guess)
    faults = find_faults(rows)
    counts = rows.get("class", pd.Series(dtype=str)).value_counts()
    if is_guess and len(counts) == 1:
        faults.append(f"all images are of the class {counts.index[0]}")
    if faults:
        raise LayoutError("; ".join(faults))
    if "group" in rows:
        if is_guess and rows["group"].is_unique:
            raise LayoutError("each group has a single image")
        n_groups = rows[~rows["test"]].groupby("class")["group"].nunique()
        needed = MIN_FOLDS if rows["test"].any() else MIN_FOLDS + 1
        if is_guess and n_groups.min() < needed:
            raise make_groups_error(str(n_groups.idxmin()), n_groups.min(), needed)
    if is_guess and counts.median() < MIN_IMAGES:
        listed = shorten([f"{name} {number}" for name, number in counts.items()])
        raise LayoutError(
            f"most classes have fewer than {MIN_IMAGES} images: {listed}; {LEAVE_OUT}"
        )


def make_groups_error(class_name: str, n_groups: int, needed: int) -> LayoutError:
    """Return the error for a class that has too few groups."""
    return LayoutError(
        f"the class {class_name} has too few groups ({n_groups}, expected {needed})"
    )


def drop_repeated(readings: Sequence[Reading]) -> list[Reading]:
    """Return layouts without those that say no more of the same pictures than another one."""
    kept: list[Reading] = []
    for reading in sorted(readings, key=lambda each: len(each.questions) > 0):
        if not any(covers(other, reading) for other in kept):
            kept = [other for other in kept if not covers(reading, other)]
            kept.append(reading)
    return kept


def drop_parts(readings: Sequence[Reading]) -> list[Reading]:
    """Return layouts without those whose tables are a part of those of a certain one.

    `train.csv` alone is not meant if `test.csv` is certainly of the same dataset.
    """
    tables = [{table.path for table in each.images.tables} for each in readings]
    wholes = [paths for paths, each in zip(tables, readings, strict=True) if not each.questions]
    return [
        each
        for each, paths in zip(readings, tables, strict=True)
        if not any(paths < whole for whole in wholes)
    ]


def covers(reading: Reading, other: Reading) -> bool:
    """Return whether a layout says everything that another one says of the same pictures."""
    has_files = all("file" in each.rows for each in (reading, other))
    has_pictures_in_cells = any(getattr(part, "picture", "") for part in reading.parts)
    if not has_files or has_pictures_in_cells or (reading.questions and not other.questions):
        return False
    mine, others = (
        each.rows.sort_values("file", ignore_index=True) for each in (reading, other)
    )
    may_have_groups = any("{group}" in pattern for pattern in list_patterns(reading))
    if may_have_groups and "group" not in others:  # the owner may say that these are none
        return False
    classes = [pd.factorize(rows["class"])[0].tolist() for rows in (mine, others)]
    has_same_sets = mine["test"].equals(others["test"]) or not others["test"].any()
    groups = [rows.get("group", pd.Series(dtype=object)) for rows in (mine, others)]
    has_groups = "group" not in others or groups[0].equals(groups[1])
    has_same_classes = mine["file"].equals(others["file"]) and classes[0] == classes[1]
    return has_same_classes and has_same_sets and has_groups


def contradict(reading: Reading, others: Sequence[Reading]) -> Reading:
    """Return a layout, with a question if another one gives pictures other classes.

    Either both have classes of the same names, or the names of the pictures have classes, of
    which each is in several folders.
    """
    for other in others:
        if reading.questions or "file" not in reading.rows or "file" not in other.rows:
            continue
        both = reading.rows.merge(other.rows, on="file", suffixes=("", "_other"))
        wrong = both[both["class"] != both["class_other"]]
        are_alike = set(both["class"]) == set(both["class_other"])
        has_names = has_in_names(other, "{class}") and not has_in_names(reading, "{class}")
        if len(wrong) and (are_alike or (has_names and list_patterns(reading))):
            first = wrong.iloc[0]
            source = "the path"
            if other.class_column:
                source = other.layout.get("table", "a table")
            question = (
                f"is it right that {first['file']} is {first['class']}? By {source}, it is "
                f"{first['class_other']}; {len(wrong)} of {len(both)} pictures differ like this"
            )
            reading = replace(reading, questions=[question])
    return reading


def name_unused(folder: Folder, reading: Reading) -> Reading:
    """Return a layout with its rare classes, and with patterns for pictures it does not use."""
    whole = write_whole(reading)
    return reading if whole is reading.layout else read_layout(folder, whole)


def write_whole(reading: Reading) -> Any:
    """Return a layout with the pictures that it does not use, and its rare classes."""
    unused: list[Any] = write_unused(reading)
    if reading.rare_classes:
        unused.append({"class": unlist(reading.rare_classes)})
    return add_unused(reading.layout, unused) if unused else reading.layout


def write_unused(reading: Reading) -> list[str]:
    """Return patterns for unused pictures: few names, or one for each folder, or all names."""
    rest = reading.unmatched
    names = [escape(name) for name in rest]
    if len(names) <= MAX_NAMED:
        return names
    by_folder = sorted({posixpath.join(escape(posixpath.dirname(name)), "*") for name in rest})
    starts = sorted({f"{escape(name.split('/')[0])}/**/*" for name in rest})
    used = reading.rows.get("file", pd.Series(dtype=object))
    are_many_folders = len(by_folder) > MAX_NAMED and all("/" in name for name in rest)
    for patterns in [starts] * are_many_folders + [by_folder]:
        if not find_matches(patterns, used):
            return patterns
    are_named = all(isinstance(part, TablePart) for part in reading.parts)
    return by_folder if are_named else names
