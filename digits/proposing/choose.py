"""Choose the layout of somebody's files, or say why none can be chosen."""

import posixpath
import re
import shlex
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import pandas as pd

from digits.data.intake import one_class
from digits.data.intake.collection import shorten
from digits.data.intake.rows import find_faults
from digits.data.layout.pattern import find_matches, quote
from digits.data.layout.place import Place
from digits.data.layout.reading import Reading, read_layout
from digits.proposing import arrays, folders, tables
from digits.proposing.advice import FORMS, PAGE, find_advice
from digits.proposing.doubts import find_doubts
from digits.proposing.families import find_families
from digits.proposing.hints import find_hints
from digits.proposing.show import (
    describe_counts,
    describe_image,
    describe_unused,
    write,
    write_option,
)
from digits.proposing.writing import add_unused
from digits.settings.errors import UserError
from digits.settings.layout import FilesPart, Part, TablePart, as_list, parse

N_FOLDS = 3  # that models have at least
MIN_IMAGES = N_FOLDS + 1  # of most classes: one for each fold, and one for the test set
MAX_SHOWN = 5
MAX_STRAY = 3  # pictures that are named one by one
FEW = "most classes have fewer than"
# Returns layouts, and why other files are not used.
Proposer = Callable[[Place], tuple[list[Any], list[str]]]

HELP = "say what the files mean by `digits start --layout` (docs/layout.md)"


class ChoiceError(UserError):
    """There is no layout, or there are several.

    Attributes:
        lines: what to print before the message.
    """

    def __init__(self, message: str, lines: list[str]) -> None:
        super().__init__(message)
        self.lines = lines


class Choice(NamedTuple):
    """A layout in which the files make sense.

    Attributes:
        layout: as it is written in params.yaml.
        parts: its parts, as they are read.
        reading: what it says of each image.
        doubts: why it is probably not what the owner means.
        others: why other files are not used.
    """

    layout: Any
    parts: list[Part]
    reading: Reading
    doubts: Sequence[str] = ()
    others: Sequence[str] = ()

    @property
    def rows(self) -> pd.DataFrame:
        """The images, as `Collection` describes them."""
        return self.reading.images.rows

    @property
    def is_of_patterns(self) -> bool:
        """Whether it has nothing but patterns of pictures."""
        return all(isinstance(part, FilesPart) and not part.list for part in self.parts)

    @property
    def has_pictures(self) -> bool:
        """Whether it has a table with the pictures themselves in a column."""
        return any(isinstance(part, TablePart) and part.picture for part in self.parts)

    @property
    def names_pictures(self) -> bool:
        """Whether it has tables that name pictures."""
        return all(isinstance(part, TablePart) and part.file for part in self.parts)

    @property
    def class_column(self) -> str:
        """The column or the array of the classes, or "" if there is not a single one."""
        first = self.parts[0]
        classes = [] if isinstance(first, FilesPart) else as_list(first.classes)
        return classes[0] if len(classes) == 1 else ""


def choose(place: Place, given: Any = None, columns: Mapping[str, str] | None = None) -> Choice:
    """Return the only layout in which the files make sense. It names all unused pictures.

    Args:
        place: the files.
        given: the layout that the owner has written, or None to propose some.
        columns: the columns that the owner has chosen as `class` and `group`.

    Raises:
        ChoiceError: there is none, or there are several, which are shown with the options that
            choose them.
    """
    is_guess = given is None and not columns
    proposed, others = propose(place, columns or {}) if given is None else ([given], [])
    reasons = list(others)
    choices = []
    for layout in proposed:
        try:
            choices.append(examine(read(place, layout), is_guess=is_guess))
        except UserError as error:
            reason = f"{write(layout)}: {error.message}"
            reasons.append(reason)
            # That folders are no classes is usual, and so are columns of names.
            if isinstance(layout, dict) and "table" in str(layout) and FEW not in reason:
                others.append(reason)
    good = [choice for choice in choices if not (is_guess and choice.doubts)]
    if good and is_guess:
        # A table that contradicts the folders is one of the ways. Doubtful folders are not.
        good += [choice for choice in choices if choice.doubts and choice.names_pictures]
    remaining = drop_covered(good or choices)
    if not remaining:
        raise explain_none(place, reasons, is_guess=is_guess)
    if len(remaining) > 1 or not good:
        raise ask(place, remaining)
    return name_unused(place, remaining[0])._replace(others=others)


def propose(place: Place, columns: Mapping[str, str]) -> tuple[list[Any], list[str]]:
    """Return the layouts that all modules propose, and why other files are not used."""
    of_tables = partial(tables.propose, chosen=columns)
    proposers: list[Proposer] = [folders.propose, of_tables, arrays.propose]
    if columns:
        proposers = [of_tables]
    layouts: list[Any] = []
    reasons: list[str] = []
    for proposer in proposers:
        proposed, not_used = proposer(place)
        layouts += proposed
        reasons += not_used
    return layouts, reasons


def read(place: Place, layout: Any) -> Choice:
    """Read the rows of a layout. No picture is opened.

    Raises:
        UserError: the files are not as the layout says.
    """
    parsed = parse(layout)
    return Choice(layout, [*parsed.train, *parsed.test], read_layout(place, parsed))


def examine(choice: Choice, *, is_guess: bool) -> Choice:
    """Return a layout that may be right, with its doubts.

    Args:
        choice: the layout.
        is_guess: whether the owner has not said anything about it.

    Raises:
        UserError: it cannot be right.
    """
    rows = choice.rows
    if choice.class_column and "class" in rows:
        name = choice.class_column
        one_class.check_classes(name, rows["class"], are_chosen=not is_guess)
    faults = find_faults(rows)
    if faults:
        raise UserError("; ".join(faults))
    if "group" in rows:
        check_number_of_groups(rows, is_guess=is_guess)
    counts = rows["class"].value_counts()
    if is_guess and counts.median() < MIN_IMAGES:
        listed = shorten([f"{name} {number}" for name, number in counts.items()])
        raise UserError(f"{FEW} {MIN_IMAGES} images: {listed}")
    return choice._replace(doubts=find_doubts(choice.reading))


def check_number_of_groups(rows: pd.DataFrame, *, is_guess: bool) -> None:
    """Check that each class has groups for the folds of the models, and for a test set.

    If the owner has written the layout, only one that makes no sense is refused here.

    Raises:
        UserError: it has too few.
    """
    n_groups = rows[~rows["test"]].groupby("class")["group"].nunique()
    needed = N_FOLDS if rows["test"].any() else N_FOLDS + 1
    if (n_groups < 2).mean() > 0.5 or (is_guess and n_groups.min() < needed):
        raise UserError(
            f"the images of the class {n_groups.idxmin()} are of {n_groups.min()} groups, "
            f"expected {needed}"
        )


def drop_covered(choices: list[Choice]) -> list[Choice]:
    """Return the layouts without those that tell nothing that another one does not tell."""
    kept: list[Choice] = []
    for choice in choices:
        if not any(covers(other, choice) for other in kept):
            kept = [other for other in kept if not covers(choice, other)]
            kept.append(choice)
    return kept


def covers(choice: Choice, other: Choice) -> bool:
    """Return whether a layout tells all that another one tells of its pictures."""
    if "file" not in choice.rows or "file" not in other.rows or choice.has_pictures:
        return False
    both = choice.rows.merge(other.rows, on="file", suffixes=("", "_other"))
    if len(both) < len(other.rows):
        return False
    if choice.is_of_patterns and other.is_of_patterns and len(both) < len(choice.rows):
        return False
    pairs = both[["class", "class_other"]].drop_duplicates()
    same_classes = pairs["class"].is_unique and pairs["class_other"].is_unique
    same_sets = not both["test_other"].any() or both["test"].equals(both["test_other"])
    same_groups = "group" not in other.rows or (
        "group" in choice.rows and both["group"].equals(both["group_other"])
    )
    return same_classes and same_sets and same_groups


def name_unused(place: Place, choice: Choice) -> Choice:
    """Return a layout with patterns for all pictures that it does not use."""
    rest = choice.reading.rest
    if not rest:
        return choice
    families = find_families(rest)
    patterns = [family.write(["*"] * family.n_levels) for family in families]
    if len(rest) <= MAX_STRAY:
        patterns = sorted(map(quote, rest))  # so that more of them are not left out later
    elif not choice.names_pictures:
        # A pattern must not fit a picture that is used: patterns of families, folders or names.
        used = choice.rows.get("file", pd.Series(dtype=object))
        by_folder = [posixpath.join(quote(posixpath.dirname(name)), "*") for name in rest]
        for finer in (by_folder, map(quote, rest)):
            if find_matches(patterns, used):
                patterns = sorted(set(finer))
    layout = add_unused(choice.layout, patterns)
    return choice._replace(layout=layout, reading=read_layout(place, parse(layout)))


def describe(choice: Choice) -> list[str]:
    """Return a few lines about a layout."""
    rows = choice.rows
    # The owner has chosen a doubtful layout, or a picture may be named for two reasons.
    hints = dict.fromkeys(
        [
            *choice.doubts,
            *find_hints(choice.reading, choice.layout),
            *say_once(choice.others)[:MAX_SHOWN],
        ]
    )
    return [
        f"layout: {write(choice.layout)}",
        *(describe_image(rows, same.iloc[0]) for _, same in rows.groupby("test")),
        *describe_unused(choice.reading),
        *(f"look: {hint}" for hint in hints),
    ]


def say_once(reasons: Sequence[str]) -> list[str]:
    """Return the first of all reasons that end in the same sentence, whatever its numbers."""
    by_end: dict[str, list[str]] = defaultdict(list)
    for reason in reasons:
        end = reason.rpartition(": ")[2]
        by_end[re.sub(r"\d+", "", end)].append(reason)
    return [
        same[0] + (f" ({len(same) - 1} more like this)" if len(same) > 1 else "")
        for same in by_end.values()
    ]


def ask(place: Place, choices: list[Choice]) -> ChoiceError:
    """Return the error that lets the owner choose one of several layouts, or a doubtful one."""
    columns = [choice.class_column for choice in choices]
    are_tables = all(isinstance(choice.parts[0], TablePart) for choice in choices)
    are_doubtful = any(choice.doubts for choice in choices)
    have_other_columns = all(columns) and len(set(columns)) == len(columns)
    # Otherwise, the whole layouts are shown.
    is_class_enough = are_tables and have_other_columns and not are_doubtful
    files = choices[0].rows.get("file", pd.Series([""]))
    lines = []
    for choice, column in list(zip(choices, columns, strict=True))[:MAX_SHOWN]:
        option = f"--class {shlex.quote(column)}" if is_class_enough else ""
        lines.append(f"  digits start {option or write_option(choice.layout)}")
        lines += [f"    {line}" for line in describe_way(choice, files.iloc[0])]
    if len(choices) > MAX_SHOWN:
        lines.append(f"  and {len(choices) - MAX_SHOWN} more")
    if len(choices) == 1:
        found = (
            "only in a doubtful way, so nothing was changed; if it is right, run the command"
        )
    else:
        found = f"in these {len(choices)} ways, so nothing was changed; run the right command"
    return ChoiceError(f"{place.root} can be read {found}", lines)


def describe_way(choice: Choice, file: str) -> list[str]:
    """Return what one of several layouts says of all images, and of one of them.

    Args:
        choice: the layout.
        file: the picture that is shown, if the layout has it, and otherwise its first image.
    """
    rows = choice.rows
    same = rows[rows["file"] == file] if "file" in rows else rows
    return [
        describe_counts(rows),
        describe_image(rows, (rows if same.empty else same).iloc[0]),
        *describe_unused(choice.reading)[:2],
        *(f"doubt: {doubt}" for doubt in choice.doubts),
    ]


def explain_none(place: Place, reasons: list[str], *, is_guess: bool) -> ChoiceError:
    """Return the error for files in which no layout makes sense."""
    for remedy in (PAGE, one_class.ONE_CLASS):
        for reason in reasons:
            if remedy in reason:  # nothing else would help
                return ChoiceError(reason, [])
    if not place.files:
        return ChoiceError(
            f"{place.root} is empty; put your images into it, as they are: {FORMS}", []
        )
    advice = find_advice(list(place.files.values()))
    others = sorted(place.files.keys() - set(place.pictures))
    if not advice and is_guess and place.pictures:
        where = (
            f"the classes are in {shorten(others[:5])}" if others else "you know the classes"
        )
        advice = (
            f"if {where}, write a table labels.csv with the columns file and class; "
            f"otherwise, {HELP}"
        )
    if len(reasons) == 1 and not advice:
        message = f"{place.root} cannot be used: {reasons[0]}; if that is wrong, {HELP}"
        return ChoiceError(message, [])
    names = place.pictures or list(place.files)
    return ChoiceError(
        f"{place.root} has no images with classes that can be read, but {len(names)} files, "
        f"first {shorten(names[:3])}; {advice or f'if that is wrong, {HELP}'}",
        [f"  {reason}" for reason in say_once(reasons)[:MAX_SHOWN]],
    )
