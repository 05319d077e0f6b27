"""Show what was found and the readings that fit, and ask, or say why there are none."""

import posixpath
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from image_layouts.checking import one_class
from image_layouts.errors import LayoutError, shorten
from image_layouts.layout.column_names import normalize_name
from image_layouts.layout.folder import Folder
from image_layouts.layout.reading import Reading
from image_layouts.proposing.advice import FORMS, find_advice
from image_layouts.proposing.columns import USUAL_CLASSES
from image_layouts.proposing.questions import has_in_names
from image_layouts.proposing.writing import (
    ask_for_classes,
    describe_counts,
    describe_image,
    describe_unused,
    write,
    write_option,
)
from image_layouts.schema import TablePart

MAX_SHOWN = 5
MAX_FOLDERS = 6  # that are shown one by one
MAX_FILES = 4
MAX_COLUMNS = 6
MAX_CHARACTERS = 1_000  # of a layout that is printed; params.yaml has all of it
HELP = "say what the files mean by --layout (packages/image-layouts/docs/layout.md)"
TABLE = (
    "if you know the classes, write a table labels.csv of all pictures with the columns file, "
    "class and, if there are any, group (the person or object) and split (train, test)"
)


def describe(reading: Reading) -> list[str]:
    """Return a few lines about a layout that is taken."""
    rows = reading.rows
    firsts = [rows_of_set.iloc[0] for _, rows_of_set in rows.groupby("test")]
    return [
        f"layout: {write(reading.layout):.{MAX_CHARACTERS}}",
        *(describe_image(rows, first) for first in firsts),
        *describe_unused(reading),
    ]


def ask(
    folder: Folder, readings: Sequence[Reading], reasons: Sequence[str], min_images: int
) -> LayoutError:
    """Return the error that shows what was found, and the readings with their questions.

    Those of tables that name most of the pictures and have a column of classes come first, and
    then those that use more of the pictures, and raise fewer questions.
    """

    def sort_key(reading: Reading) -> tuple[bool, int, int]:
        is_usual = normalize_name(reading.class_column) in USUAL_CLASSES
        has_classes = isinstance(reading.parts[0], TablePart) and (
            is_usual or reading.is_certain
        )
        names_few = len(reading.rows) < len(reading.unmatched)
        is_second = names_few or not has_classes
        has_groups = "group" in reading.rows and not has_in_names(reading, "{group}")
        return is_second, len(reading.unmatched), len(reading.questions) - has_groups

    ordered = sorted(readings, key=sort_key)
    end = f" --min-images {min_images}" if min_images > 1 else ""
    if len({frozenset(each.rows["class"]) for each in ordered}) > 1:
        for number, each in enumerate(ordered):
            questions = dict.fromkeys([ask_for_classes(each.rows), *each.questions])
            ordered[number] = replace(each, questions=list(questions))
    lines = [f"  {line}" for line in show_files(folder)]
    for reading in ordered[:MAX_SHOWN]:
        lines.append(f"  {write_option(reading.layout)}{end}")
        shown = [
            describe_counts(reading.rows),
            describe_image(reading.rows, reading.rows.iloc[0]),
        ]
        shown += [f"question: {question}" for question in reading.questions]
        lines += [f"    {line}" for line in shown]
    others = [each.class_column or write(each.layout) for each in ordered[MAX_SHOWN:]]
    if others:
        lines.append(f"  and {len(others)} more: {shorten(others)}")
    lines += [f"  not used: {reason}" for reason in summarize(reasons)[:MAX_SHOWN]]
    found = "this way" if len(ordered) == 1 else "these ways"
    return LayoutError(
        f"{folder.root} can be read in {found}: run the line whose questions you can all "
        "answer with yes; if there is none, do what the questions say and start again, or edit "
        f"a layout (packages/image-layouts/docs/layout.md); {TABLE}",
        lines,
        ordered,
    )


def summarize(reasons: Sequence[str]) -> list[str]:
    """Return one line for all reasons that differ only in the layout, the file or numbers."""
    by_sentence: dict[str, list[str]] = defaultdict(list)
    for reason in reasons:
        _, _, sentence = reason.partition("; ")[0].rpartition(": ")
        by_sentence[re.sub(r"\d+", "", sentence)].append(reason)
    return [
        f"{first} ({len(others)} more like this)" if others else first
        for first, *others in by_sentence.values()
    ]


def explain_none(
    folder: Folder, reasons: Sequence[str], failures: Sequence[str], *, is_guess: bool
) -> LayoutError:
    """Return the error for files in which no layout makes sense."""
    if not folder.files:
        return LayoutError(f"{folder.root} is empty; put your images into it: {FORMS}")
    all_reasons = [*failures, *reasons]
    advice = find_advice(list(folder.files.values()))
    of_other_tools = [reason for reason in all_reasons if one_class.ONE_CLASS in reason]
    if of_other_tools and not advice:
        return LayoutError(of_other_tools[0])
    shown = [*(show_files(folder) if is_guess else []), *summarize(all_reasons)[:MAX_SHOWN]]
    remedy = f"{TABLE}; otherwise, {HELP}" if folder.pictures and is_guess else HELP
    message = f"has no images with classes that can be read; {advice or remedy}"
    if len(all_reasons) == 1 and not advice:
        reason = shown.pop().removesuffix(".")
        message = f"cannot be used: {reason}; {remedy}"
    return LayoutError(f"{folder.root} {message}", [f"  {line}" for line in shown])


def show_files(folder: Folder) -> Iterator[str]:
    """Yield a line for the pictures in folders of the same folder, and for each other file."""
    merged: dict[tuple[str, int], list[str]] = defaultdict(list)
    for name in folder.pictures:
        merged[posixpath.dirname(posixpath.dirname(name)), name.count("/")].append(name)
    for names in list(merged.values())[:MAX_FOLDERS]:
        folders = sorted({posixpath.basename(posixpath.dirname(each)) for each in names})
        inside = f" in {len(folders)} folders ({shorten(folders)})" * (len(folders) > 1)
        yield f"{len(names)} pictures{inside}, such as {names[0]}"
    if len(merged) > MAX_FOLDERS:
        yield f"and pictures in {len(merged) - MAX_FOLDERS} more places"
    pictures = set(folder.pictures)
    others = [name for name in folder.files if name not in pictures]
    yield from (describe_file(folder, name) for name in others[:MAX_FILES])
    if len(others) > MAX_FILES:
        yield f"and {len(others) - MAX_FILES} more files, such as {others[-1]}"


def describe_file(folder: Folder, name: str) -> str:
    """Return a line about a table, a file with arrays, or another file."""
    tables = folder.list_opened_tables(name)
    try:
        if tables:
            sample = tables[-1].sample
            columns = [
                f"{column} ({', '.join(f'{value:.20}' for value in values)})"
                for column in tables[-1].names[:MAX_COLUMNS]
                if (values := sample[column].astype(str).unique()[:3]).size
            ]
            dropped = tables[-1].dropped and f"; not read: {tables[-1].dropped}"
            return f"{name}: columns {shorten(columns)}{dropped}"
        if name in folder.array_files:
            arrays = folder.load_arrays([name])
            return shorten([f"{key} {array.shape}" for key, array in arrays.items()])
    except (LayoutError, ValueError):  # the file is damaged, which a reason says
        pass
    return name
