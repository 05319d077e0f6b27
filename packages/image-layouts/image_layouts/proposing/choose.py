"""Choose the layout of somebody's files, or say why none can be chosen."""

import posixpath
import re
import shlex
import textwrap
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from image_layouts.checking import one_class
from image_layouts.checking.rows import check_names, find_faults
from image_layouts.collection import MAX_CLASSES
from image_layouts.errors import LayoutError, shorten
from image_layouts.layout.pattern import escape, find_matches
from image_layouts.layout.place import Place
from image_layouts.layout.reading import LayoutReading, read_layout
from image_layouts.proposing import arrays, folders, tables
from image_layouts.proposing.advice import FORMS, find_advice
from image_layouts.proposing.companions import SHARE_FOR_DOUBT, hint_at_companions
from image_layouts.proposing.doubts import doubt_numbers_in_names, find_doubts
from image_layouts.proposing.families import drop_copies, find_families
from image_layouts.proposing.hints import find_hints
from image_layouts.proposing.name_groups import list_patterns
from image_layouts.proposing.show import (
    describe_counts,
    describe_image,
    describe_unused,
    write,
    write_option,
)
from image_layouts.proposing.single_images import find_single_images, refuse_single_images
from image_layouts.proposing.words import split_words
from image_layouts.proposing.writing import add_unused, unlist
from image_layouts.schema import FilesPart, Part, TablePart, as_list, parse

MIN_FOLDS = 3  # the smallest number of folds of a model
# The number of images that most classes need: one for each fold, and one for the test set.
MIN_IMAGES = MIN_FOLDS + 1
MAX_SHOWN = 6  # the largest number of layouts or reasons that are printed
MAX_CHARACTERS = 1_000  # of a layout that is printed; params.yaml has all of it
MIN_READ = 0.9  # the share of the images that a column without many blank values reads
# Endings and names of files that rarely list the classes.
DOCUMENTS = (".doc", ".docx", ".html", ".md", ".pdf")
DOCUMENT_WORDS = {"readme", "license", "licence", "copying", "citation", "changelog"}
MAX_NAMED = 3  # more unused pictures are written as patterns

LEAVE_OUT = f"to leave out classes with few images, run: digits start --min-images {MIN_IMAGES}"
OTHER_COLUMN = "if another column has the classes, run: digits start --class COLUMN"
HELP = "say what the files mean by `digits start --layout` (image-layouts/docs/layout.md)"


class ChoiceError(LayoutError):
    """There is no layout, or there are several.

    Attributes:
        lines: the lines to print before the message.
    """

    def __init__(self, message: str, lines: list[str]) -> None:
        super().__init__(message)
        self.lines = lines


class FewImagesError(LayoutError):
    """Most classes of a layout have too few images, probably because they are no classes."""


class FewGroupsError(LayoutError):
    """The images of a class of a layout are of too few groups."""


class Choice(NamedTuple):
    """A layout in which the files make sense.

    Attributes:
        layout: the layout, as it is written in params.yaml.
        parts: the parsed parts of the layout.
        rare_classes: the classes to leave out, which have too few images.
        reading: the images that the layout reads.
        doubts: why the layout is probably wrong.
        not_used: why other files are not used.
    """

    layout: Any
    parts: list[Part]
    reading: LayoutReading
    rare_classes: Sequence[str] = ()
    doubts: Sequence[str] = ()
    not_used: Sequence[str] = ()

    @property
    def rows(self) -> pd.DataFrame:
        """The images, as `Collection` describes them."""
        return self.reading.images.rows

    @property
    def has_only_patterns(self) -> bool:
        """Whether all its images are pictures that fit patterns, and no file lists them."""
        return all(isinstance(part, FilesPart) and not part.lists for part in self.parts)

    @property
    def has_embedded_pictures(self) -> bool:
        """Whether it has a table with the pictures themselves in a column."""
        return any(isinstance(part, TablePart) and part.picture for part in self.parts)

    @property
    def has_tables_of_paths(self) -> bool:
        """Whether all its images are pictures that tables name."""
        return all(isinstance(part, TablePart) and part.file for part in self.parts)

    @property
    def has_class_in_names(self) -> bool:
        """Whether the names of the pictures, and not their folders, have the class."""
        if not self.has_only_patterns:
            return False
        return all("{class}" in posixpath.basename(each) for each in list_patterns(self.layout))

    @property
    def class_column(self) -> str:
        """The column or the array of the classes, or "" if there is not a single one."""
        first = self.parts[0]
        classes = [] if isinstance(first, FilesPart) else as_list(first.classes)
        return classes[0] if len(classes) == 1 else ""


def choose(
    place: Place,
    given: Any = None,
    columns: Mapping[str, str] | None = None,
    min_images: int = 1,
) -> Choice:
    """Return the only layout in which the files make sense, with patterns of unused pictures.

    Args:
        place: the files.
        given: the layout that the owner has written, or None to propose some.
        columns: the columns that the owner has chosen as `class` and `group`.
        min_images: classes with fewer images outside the test set are left out.

    Raises:
        ChoiceError: there is no such layout, or there are several. Its lines show the options
            that choose each of them.
        LayoutError: the names of some pictures are not in UTF-8.
    """
    check_names(place.pictures)
    is_guess = given is None and not columns
    if given is None:
        layouts, not_used = propose(place, columns or {})
    else:
        layouts, not_used = [given], []
    choices = []
    failures: list[tuple[Any, LayoutError]] = []
    for layout in layouts:
        try:
            choice = read_choice(place, layout, min_images)
            choices.append(examine(place, choice, is_guess=is_guess))
        except LayoutError as error:
            failures.append((layout, error))
    if is_guess:
        choices = drop_doubtful(choices)
    choices = drop_covered(choices)
    if is_guess and len(choices) == 1:
        choices = [add_doubts_about_only(place, choices[0], failures)]
    reasons = [explain(layout, error) for layout, error in failures]
    if not choices:
        refuse_columns_of_groups(place, failures)
        raise explain_none(place, [*not_used, *reasons], is_guess=is_guess)
    if is_guess:
        unused_tables = explain_unused_tables(choices, failures)
        not_used += [reason for reason in unused_tables if reason not in choices[0].doubts]
    is_doubtful_guess = is_guess and bool(choices[0].doubts)
    if len(choices) > 1 or is_doubtful_guess:
        group = (columns or {}).get("group")
        raise ask(place, choices, not_used if is_guess else reasons, min_images, group)
    choice = name_unused(place, choices[0])
    files = list(choice.rows.get("file", []))
    not_used += tables.find_other_groups(
        place, choice.reading.unused_files, files, choice.class_column
    )
    return choice._replace(not_used=not_used)


def propose(place: Place, columns: Mapping[str, str]) -> tuple[list[Any], list[str]]:
    """Return the layouts that all modules propose, and why other files are not used.

    Folders that are copies of others are left out.

    Args:
        place: the files.
        columns: the columns that the owner has chosen. Only tables have columns.
    """
    place = drop_copies(place)
    if columns:
        return tables.propose(place, columns)
    of_pictures = folders.propose(place)
    of_tables, unused_tables = tables.propose(place, {})
    of_arrays, unused_arrays = arrays.propose(place)
    return [*of_pictures, *of_tables, *of_arrays], [*unused_tables, *unused_arrays]


def explain_unused_tables(
    choices: Sequence[Choice], failures: Sequence[tuple[Any, LayoutError]]
) -> list[str]:
    """Return why the layouts of unused tables failed.

    A column with a quantity is explained even if another column of its table is used. A
    `FewImagesError` is skipped, because it is usual for columns without classes.
    """
    return [
        explain(layout, error)
        for layout, error in failures
        if not isinstance(error, FewImagesError)
        and uses_only_tables(layout)
        and (one_class.ONE_CLASS in error.message or has_only_unused_tables(layout, choices))
    ]


def explain(layout: Any, error: LayoutError) -> str:
    """Return why a layout failed."""
    return f"{write(layout)}: {error.message}"


def has_only_unused_tables(layout: Any, choices: Sequence[Choice]) -> bool:
    """Return whether no choice uses any table of a layout."""
    used = {name for choice in choices for name in list_tables(choice.parts)}
    return used.isdisjoint(list_tables(parse(layout).parts))


def uses_only_tables(layout: Any) -> bool:
    """Return whether all parts of a layout are tables."""
    return all(isinstance(part, TablePart) for part in parse(layout).parts)


def list_tables(parts: Sequence[Part]) -> list[str]:
    """Return the patterns of the tables and lists of a layout."""
    names = []
    for part in parts:
        if isinstance(part, TablePart):
            names += part.table
        elif isinstance(part, FilesPart):
            names += part.lists
    return names


def read_choice(place: Place, layout: Any, min_images: int = 1) -> Choice:
    """Read the rows of a layout, without rare classes. No picture is opened.

    Raises:
        LayoutError: the files are not as the layout says.
    """
    parsed = parse(layout)
    reading = read_layout(place, parsed)
    rows = reading.images.rows
    rare: list[str] = []
    if min_images > 1 and "class" in rows:
        n_train = (~rows["test"]).groupby(rows["class"]).sum()
        rare = sorted(n_train[n_train < min_images].index)
    if rare:
        parsed.unused_classes.extend(rare)
        reading = read_layout(place, parsed)
    return Choice(layout, parsed.parts, reading, rare)


def examine(place: Place, choice: Choice, *, is_guess: bool) -> Choice:
    """Check a layout, and return it with its doubts.

    Args:
        place: the files.
        choice: the layout.
        is_guess: whether the layout is only proposed. Otherwise the owner has written it, or
            has chosen its columns.

    Raises:
        LayoutError: the layout is certainly wrong.
    """
    rows = choice.rows
    if choice.class_column and "class" in rows:
        one_class.check_classes(choice.class_column, rows["class"], are_chosen=not is_guess)
    faults = find_faults(rows)
    counts = rows.get("class", pd.Series(dtype=str)).value_counts()
    if choice.class_column and "" in counts:
        if isinstance(choice.parts[0], TablePart):
            layout = add_unused(choice.layout, [{"where": {choice.class_column: ""}}])
            faults.append(f"delete their rows, or run: digits start {write_option(layout)}")
        faults.append(OTHER_COLUMN)
    if len(counts) > MAX_CLASSES and counts.min() < MIN_IMAGES:
        faults.append(LEAVE_OUT)
    if faults:
        raise LayoutError("; ".join(faults))
    if "group" in rows:
        check_number_of_groups(rows, is_guess=is_guess)
    if is_guess and counts.median() < MIN_IMAGES:
        listed = shorten([f"{name} {number}" for name, number in counts.items()])
        raise FewImagesError(
            f"most classes have fewer than {MIN_IMAGES} images: {listed}; {LEAVE_OUT}"
        )
    return choice._replace(doubts=find_doubts(place, choice.parts, choice.reading))


def check_number_of_groups(rows: pd.DataFrame, *, is_guess: bool) -> None:
    """Check that each class has groups for the folds of the models, and for a test set.

    A layout of the owner is only refused if most classes have a single group.

    Raises:
        FewGroupsError: a class has too few groups.
    """
    n_groups = rows[~rows["test"]].groupby("class")["group"].nunique()
    needed = MIN_FOLDS if rows["test"].any() else MIN_FOLDS + 1
    most_have_one_group = (n_groups < 2).mean() > 0.5
    a_class_has_too_few = n_groups.min() < needed
    if most_have_one_group or (is_guess and a_class_has_too_few):
        raise make_groups_error(str(n_groups.idxmin()), n_groups.min(), needed)


def make_groups_error(class_name: str, n_groups: int, needed: int) -> FewGroupsError:
    """Return the error for a class that has too few groups."""
    return FewGroupsError(
        f"the class {class_name} has too few groups ({n_groups}, expected {needed})"
    )


def drop_doubtful(choices: Sequence[Choice]) -> list[Choice]:
    """Return layouts without doubtful ones, unless all are doubtful.

    Doubtful tables are kept, because they may contradict the folders.
    """
    clear = [choice for choice in choices if not choice.doubts]
    if not clear:
        return list(choices)
    doubtful = [choice for choice in choices if choice.doubts]
    return clear + [choice for choice in doubtful if choice.has_tables_of_paths]


def add_doubts_about_only(
    place: Place, choice: Choice, failures: Sequence[tuple[Any, LayoutError]]
) -> Choice:
    """Return the only remaining layout with further doubts.

    If there are several layouts, these doubts are not needed, because the owner chooses anyway.

    Args:
        place: the files.
        choice: the layout.
        failures: the layouts that failed. One may be of a table with the right classes.
    """
    doubts = list(choice.doubts)
    if choice.has_only_patterns:
        doubts += doubt_numbers_in_names(choice.rows)
    if choice.has_only_patterns and not doubts:
        files = list(choice.rows["file"])
        has_groups = "group" in choice.rows
        doubts += hint_at_companions(
            files, choice.layout, has_groups=has_groups, min_share=SHARE_FOR_DOUBT
        )
    for layout, error in failures:
        is_usual_failure = isinstance(error, FewImagesError)
        if is_usual_failure or not uses_only_tables(layout):
            continue
        if not tables.has_named_class(layout) or not has_only_unused_tables(layout, [choice]):
            continue
        names = list_tables(parse(layout).parts)
        opened = [table for name in names for table in place.list_opened_tables(name)]
        n_rows = max((len(table.cached_columns) for table in opened), default=0)
        names_most_pictures = n_rows > len(choice.rows) / 2
        if names_most_pictures:
            doubts.append(explain(layout, error))
    return choice._replace(doubts=list(dict.fromkeys(doubts)))  # each once


def drop_covered(choices: list[Choice]) -> list[Choice]:
    """Return layouts without the layouts that another one covers."""
    kept: list[Choice] = []
    for choice in choices:
        if not any(covers(other, choice) for other in kept):
            kept = [other for other in kept if not covers(choice, other)]
            kept.append(choice)
    return kept


def covers(choice: Choice, other: Choice) -> bool:
    """Return whether a layout says everything that another one says about its pictures.

    It must read all pictures of the other layout, and give them the same classes, subsets and
    groups. The names of the classes may differ.
    """
    if "file" not in choice.rows or "file" not in other.rows or choice.has_embedded_pictures:
        return False
    has_more_classes = choice.rows["class"].nunique() > other.rows["class"].nunique()
    if has_more_classes and choice.has_only_patterns and other.has_tables_of_paths:
        return False  # the folders that the table does not name may not be classes
    if choice.has_class_in_names and other.has_tables_of_paths:
        return False  # the table may have better names of the classes, and groups
    both = choice.rows.merge(other.rows, on="file", suffixes=("", "_other"))
    if len(both) < len(other.rows):
        return False
    # If both layouts are patterns, the one that reads fewer pictures may be right, unless all
    # that it lacks is the test set.
    have_only_patterns = choice.has_only_patterns and other.has_only_patterns
    is_more = ~choice.rows["file"].isin(other.rows["file"])
    if have_only_patterns and not choice.rows["test"][is_more].all():
        return False
    # Each class of one layout must belong to one class of the other layout.
    pairs = both[["class", "class_other"]].drop_duplicates()
    if not (pairs["class"].is_unique and pairs["class_other"].is_unique):
        return False
    if both["test_other"].any() and not both["test"].equals(both["test_other"]):
        return False
    if "group" not in other.rows:
        return True
    return "group" in choice.rows and both["group"].equals(both["group_other"])


def name_unused(place: Place, choice: Choice) -> Choice:
    """Return a layout with its rare classes, and with patterns for pictures it does not use."""
    rest = choice.reading.unmatched
    unused: list[Any] = write_unused(rest, choice) if rest else []
    if choice.rare_classes:
        unused.append({"class": unlist(choice.rare_classes)})
    if not unused:
        return choice
    layout = add_unused(choice.layout, unused)
    return choice._replace(layout=layout, reading=read_layout(place, parse(layout)))


def write_unused(rest: Sequence[str], choice: Choice) -> list[str]:
    """Return patterns for the key `unused` that leave out pictures.

    The patterns are as general as possible: `thumbs/*/*`, or one for each folder, or the names.
    They must not fit pictures that the layout uses, unless tables name these pictures. Few
    pictures are named one by one, so that pictures that are added later are not left out.
    """
    names = [escape(name) for name in rest]
    if len(names) <= MAX_NAMED:
        return names
    folders_of_rest = {posixpath.dirname(name) for name in rest}
    by_folder = sorted(posixpath.join(escape(name), "*") for name in folders_of_rest)
    by_family = [family.as_wildcards() for family in find_families(rest)]
    used = choice.rows.get("file", pd.Series(dtype=object))
    are_too_general = any(not pattern.strip("*/") for pattern in by_family)  # such as `*/*`
    candidates = [by_folder] if are_too_general else [by_family, by_folder]
    for patterns in candidates:
        if choice.has_tables_of_paths or not find_matches(patterns, used):
            return patterns
    return names


def describe(choice: Choice) -> list[str]:
    """Return a few lines about a layout."""
    rows = choice.rows
    first_of_sets = [rows_of_set.iloc[0] for _, rows_of_set in rows.groupby("test")]
    hints = [
        *choice.doubts,
        *find_hints(choice.reading, choice.layout),
        *summarize(choice.not_used)[:MAX_SHOWN],
    ]
    return [
        f"layout: {textwrap.shorten(write(choice.layout), MAX_CHARACTERS)}",
        *(describe_image(rows, first) for first in first_of_sets),
        *describe_unused(choice.reading),
        *(f"look: {hint}" for hint in dict.fromkeys(hints)),  # each hint once
    ]


def summarize(reasons: Sequence[str]) -> list[str]:
    """Return one line for all reasons that differ only in the layout, the file or numbers.

    The layout or the file stands before a colon, and what to do behind a semicolon.
    """
    by_sentence: dict[str, list[str]] = defaultdict(list)
    for reason in reasons:
        _, _, sentence = reason.partition("; ")[0].rpartition(": ")
        by_sentence[re.sub(r"\d+", "", sentence)].append(reason)
    lines = []
    for first, *others in by_sentence.values():
        lines.append(f"{first} ({len(others)} more like this)" if others else first)
    return lines


def ask(
    place: Place,
    choices: list[Choice],
    not_used: Sequence[str],
    min_images: int,
    group: str | None,
) -> ChoiceError:
    """Return the error that shows several layouts, or a doubtful one, and how to choose.

    Args:
        place: the files.
        choices: the layouts.
        not_used: why other files are not used.
        min_images: the argument of `choose`.
        group: the column that the owner has chosen as `group`.
    """
    is_class_enough = have_different_classes(choices)
    if is_class_enough:  # columns with many blank values come last
        most = max(len(choice.rows) for choice in choices)
        choices = sorted(choices, key=lambda choice: len(choice.rows) < MIN_READ * most)
    files = choices[0].rows.get("file", pd.Series([""]))
    lines = []
    for choice in choices[:MAX_SHOWN]:
        option = write_option(choice.layout)
        if is_class_enough:
            option = f"--class {shlex.quote(choice.class_column)}"
            option += f" --group {shlex.quote(group)}" if group else ""
        if min_images > 1:
            option += f" --min-images {min_images}"
        lines.append(f"  digits start {option}")
        lines += [f"    {line}" for line in describe_choice(choice, files.iloc[0])]
    if len(choices) > MAX_SHOWN:
        others = [choice.class_column for choice in choices[MAX_SHOWN:]]
        names = f": --class {', '.join(others)}" if is_class_enough else ""
        lines.append(f"  and {len(others)} more{names}")
    lines += [f"  not used: {reason}" for reason in summarize(not_used)[:MAX_SHOWN]]
    if len(choices) == 1:
        return ChoiceError(
            f"{place.root} can be read only in a doubtful way, so nothing was changed; if it "
            f"is right, run the command; {advise_table(place)}",
            lines,
        )
    return ChoiceError(
        f"{place.root} can be read in these {len(choices)} ways, so nothing was changed; run "
        "the right command",
        lines,
    )


def have_different_classes(choices: Sequence[Choice]) -> bool:
    """Return whether the option --class is enough to choose one of several layouts."""
    columns = [choice.class_column for choice in choices]
    are_different = all(columns) and len(set(columns)) == len(columns)
    are_tables = all(isinstance(choice.parts[0], TablePart) for choice in choices)
    are_clear = not any(choice.doubts for choice in choices)
    return are_different and are_tables and are_clear


def describe_choice(choice: Choice, file: str) -> list[str]:
    """Return lines about the images of a layout, and about one of them.

    Args:
        choice: the layout.
        file: the picture that is shown. If the layout does not read this picture, its first
            image is shown.
    """
    rows = choice.rows
    shown = rows[rows["file"] == file] if "file" in rows else rows
    if shown.empty:
        shown = rows
    return [
        describe_counts(rows),
        describe_image(rows, shown.iloc[0]),
        *describe_unused(choice.reading)[:2],
        *(f"doubt: {doubt}" for doubt in choice.doubts),
    ]


def refuse_columns_of_groups(place: Place, failures: Sequence[tuple[Any, LayoutError]]) -> None:
    """Say how to leave out the groups, if a layout has failed because of a column of groups.

    Raises:
        ChoiceError: there is such a layout.
    """
    for layout, error in failures:
        if isinstance(error, FewGroupsError) and isinstance(layout, dict) and "group" in layout:
            rest = {key: value for key, value in layout.items() if key != "group"}
            raise ChoiceError(
                f"{place.root} cannot be used: {explain(layout, error)}; add groups, or, to "
                f"leave them out, run: digits start {write_option(rest)}",
                [],
            )


def explain_none(place: Place, reasons: list[str], *, is_guess: bool) -> ChoiceError:
    """Return the error for files in which no layout makes sense."""
    if not place.files:
        return ChoiceError(
            f"{place.root} is empty; put your images into it, as they are: {FORMS}", []
        )
    single_images = find_single_images(place) if is_guess else []
    lines = [f"  {reason}" for reason in summarize(reasons)[:MAX_SHOWN]]
    if single_images:
        return ChoiceError(refuse_single_images(single_images), lines)
    advice = find_advice(list(place.files.values()))
    needs_other_tool = [reason for reason in reasons if one_class.ONE_CLASS in reason]
    if needs_other_tool and not advice:
        return ChoiceError(needs_other_tool[0], [])
    have_blanks = [reason for reason in reasons if OTHER_COLUMN in reason]
    if have_blanks and not advice:
        others = [line for line in lines if OTHER_COLUMN not in line]
        return ChoiceError(f"{place.root} cannot be used: {have_blanks[0]}", others)
    may_need_table = is_guess and bool(place.pictures)
    remedy = advise_table(place) if may_need_table else f"if that is wrong, {HELP}"
    if len(reasons) == 1 and not advice:
        reason = reasons[0].removesuffix(".")
        return ChoiceError(f"{place.root} cannot be used: {reason}; {remedy}", [])
    are_mostly_pictures = len(place.pictures) > len(place.files) / 2
    names = place.pictures if are_mostly_pictures else list(place.files)
    first = f"{len(names)} files, first {shorten(names[:3])}" if len(names) > 1 else names[0]
    return ChoiceError(
        f"{place.root} has no images with classes that can be read, but {first}; "
        f"{advice or remedy}",
        lines,
    )


def advise_table(place: Place) -> str:
    """Return the advice to write a table for pictures whose classes were not found."""
    others = sorted(
        name
        for name in place.files.keys() - set(place.pictures)
        if not name.lower().endswith(DOCUMENTS) and not split_words(name) & DOCUMENT_WORDS
    )
    condition = (
        f"the classes are in {shorten(others[:5])}" if others else "you know the classes"
    )
    name = "classes.csv" if "labels.csv" in place.files else "labels.csv"
    return (
        f"if {condition}, write a table {name} with the columns file and class; "
        f"otherwise, {HELP}"
    )
