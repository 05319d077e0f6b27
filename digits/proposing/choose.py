"""Choose the layout of somebody's files, or say why none can be chosen."""

import json
import posixpath
import re
import shlex
from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

import pandas as pd
import yaml

from digits.data.intake import one_class
from digits.data.intake.collection import shorten
from digits.data.intake.rows import find_faults
from digits.data.layout.pattern import find_matches, quote
from digits.data.layout.place import Place
from digits.data.layout.read_files import natural_key
from digits.data.layout.reading import Reading, read_layout
from digits.proposing import arrays, folders, tables
from digits.proposing.advice import FORMS, find_advice
from digits.proposing.doubts import find_doubts
from digits.proposing.families import find_families
from digits.proposing.hints import find_hints
from digits.proposing.parts import add_unused
from digits.settings.errors import UserError
from digits.settings.layout import FilesPart, Part, TablePart, parse

MIN_IMAGES = 4  # of most classes: one for the test set, and one for each of three folds
N_FOLDS = 3  # that models have at least
MAX_SHOWN = 5
HELP = "; if that is wrong, say what the files mean by `digits start --layout` (docs/layout.md)"


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
        reading: what it says of each image.
        doubts: why it is probably not what the owner means.
        others: why other files are not used.
    """

    layout: Any
    reading: Reading
    doubts: list[str]
    others: list[str]

    @property
    def rows(self) -> pd.DataFrame:
        """The table of images."""
        return self.reading.images.rows


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
    proposed, others = propose(place, columns or {}) if given is None else ([given], [])
    reasons = list(others)
    is_guess = given is None and not columns
    choices = []
    for layout in proposed:
        try:
            choices.append(examine(place, layout, is_guess=is_guess))
        except UserError as error:
            reasons.append(f"{write(layout)}: {error.message}")
            if "table" in str(layout):
                others.append(reasons[-1])
    good = [choice for choice in choices if not (is_guess and choice.doubts)]
    if good and is_guess:
        # A table that contradicts the folders is one of the ways. Doubtful folders are not.
        good += [
            choice for choice in choices if choice.doubts and names_pictures(choice.layout)
        ]
    remaining = drop_covered(good or choices)
    if not remaining:
        raise describe_none(place, reasons, is_guess=is_guess)
    if len(remaining) > 1 or not good:
        raise describe_several(place, remaining)
    return name_unused(place, remaining[0])._replace(others=others)


def propose(place: Place, columns: Mapping[str, str]) -> tuple[list[Any], list[str]]:
    """Return the layouts that all modules propose, and why tables are not used."""
    of_tables, reasons = tables.propose(place, columns)
    if columns:
        return of_tables, reasons
    of_arrays, more_reasons = arrays.propose(place)
    return [*folders.propose(place), *of_tables, *of_arrays], [*reasons, *more_reasons]


def examine(place: Place, layout: Any, *, is_guess: bool) -> Choice:
    """Read the rows of a layout, and return it if they may be right.

    Args:
        place: the files.
        layout: the layout.
        is_guess: whether the owner has not said anything about it.

    Raises:
        UserError: they cannot be right.
    """
    reading = read_layout(place, parse(layout))
    rows = reading.images.rows
    column = find_class_column(layout)
    if column and "class" in rows:
        one_class.check_classes(column, rows["class"])
    faults = find_faults(rows)
    if faults:
        raise UserError("; ".join(faults))
    if "group" in rows:
        check_number_of_groups(rows, is_guess=is_guess)
    counts = rows["class"].value_counts()
    if is_guess and counts.median() < MIN_IMAGES:
        listed = shorten([f"{name} {number}" for name, number in counts.items()])
        raise UserError(f"most classes have fewer than {MIN_IMAGES} images: {listed}")
    return Choice(layout, reading, find_doubts(rows), [])


def check_number_of_groups(rows: pd.DataFrame, *, is_guess: bool) -> None:
    """Check that each class has groups for the folds of the models, and for a test set.

    If the owner has written the layout, only one that makes no sense is refused here.

    Raises:
        UserError: it has too few.
    """
    in_training = rows[~rows["test"]]
    n_groups = in_training.groupby("class")["group"].nunique()
    needed = N_FOLDS + int(not rows["test"].any())
    if (n_groups < 2).mean() > 0.5 or (is_guess and n_groups.min() < needed):
        raise UserError(
            f"the images of the class {n_groups.idxmin()} are of {n_groups.min()} groups, "
            f"expected {needed}"
        )


def list_parts(layout: Any) -> list[Part]:
    """Return the parts of a layout, as it is written."""
    parsed = parse(layout)
    return [*parsed.train, *parsed.test]


def names_pictures(layout: Any) -> bool:
    """Return whether a layout is that of tables that name pictures."""
    return all(isinstance(part, TablePart) and part.file for part in list_parts(layout))


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
    if "file" not in choice.rows or "file" not in other.rows or has_own_pictures(choice.layout):
        return False
    both = choice.rows.merge(other.rows, on="file", suffixes=("", "_other"))
    are_patterns = all(is_of_patterns(each.layout) for each in (choice, other))
    if len(both) < len(other.rows) or (are_patterns and len(other.rows) < len(choice.rows)):
        return False
    pairs = both[["class", "class_other"]].drop_duplicates()
    same_classes = pairs["class"].is_unique and pairs["class_other"].is_unique
    same_sets = not both["test_other"].any() or both["test"].equals(both["test_other"])
    same_groups = "group" not in other.rows or (
        "group" in choice.rows and both["group"].equals(both["group_other"])
    )
    return same_classes and same_sets and same_groups


def has_own_pictures(layout: Any) -> bool:
    """Return whether a layout is that of a table that has pictures in a column."""
    return any(isinstance(part, TablePart) and part.picture for part in list_parts(layout))


def is_of_patterns(layout: Any) -> bool:
    """Return whether a layout has nothing but patterns of pictures."""
    return all(isinstance(part, FilesPart) and not part.list for part in list_parts(layout))


def name_unused(place: Place, choice: Choice) -> Choice:
    """Return a layout with patterns for all pictures that it does not use."""
    rest = choice.reading.rest
    if not rest:
        return choice
    used = set() if names_pictures(choice.layout) else set(choice.rows.get("file", ()))
    families = find_families(rest)
    patterns = [family.write(["*"] * family.n_levels) for family in families]
    for finer in (lambda name: f"{quote(posixpath.dirname(name))}/*".removeprefix("/"), quote):
        if find_matches(patterns, used):
            patterns = sorted(set(map(finer, rest)))
    layout = add_unused(choice.layout, patterns)
    return choice._replace(layout=layout, reading=read_layout(place, parse(layout)))


def describe(choice: Choice) -> list[str]:
    """Return a few lines about a layout."""
    return [
        f"layout: {write(choice.layout)}",
        *describe_examples(choice.rows),
        *describe_unused(choice.reading),
        *(
            f"look: {hint}"
            for hint in [*find_hints(choice.reading), *choice.others[:MAX_SHOWN]]
        ),
    ]


def describe_counts(rows: pd.DataFrame) -> str:
    """Return how many images, classes, test images and groups there are."""
    counts = rows["class"].value_counts()
    names = sorted(counts.index, key=natural_key)
    text = f"{len(rows):,} images of {len(counts)} classes: "
    text += shorten([f"{name} {counts[name]:,}" for name in names])
    if rows["test"].any():
        text += f"; {rows['test'].sum():,} of them are the test set"
    if "group" in rows:
        groups = sorted(rows["group"].unique(), key=natural_key)
        text += f"; {len(groups)} groups: {shorten(groups)}"
    return text


def describe_examples(rows: pd.DataFrame) -> list[str]:
    """Return what an image of each set is."""
    return [describe_image(rows, same.iloc[0]) for _, same in rows.groupby("test")]


def describe_image(rows: pd.DataFrame, row: pd.Series) -> str:
    """Return what an image is, such as `Berlin/sick/0.jpg → class sick, group Berlin`."""
    name = row["file"] if "file" in rows else f"image {row['id']}"
    texts = [f"class {row['class']}"]
    texts += [f"group {row['group']}"] if "group" in rows else []
    texts += ["test set" if row["test"] else "training set"] if rows["test"].any() else []
    return f"{name} → {', '.join(texts)}"


def describe_unused(reading: Reading) -> list[str]:
    """Return lines about what a layout does not use."""
    lines = []
    pictures = [*reading.left_out, *reading.rest]
    if pictures:
        lines.append(f"not used: {len(pictures)} pictures, first {pictures[0]}")
    if reading.files:
        endings = Counter(
            posixpath.splitext(name)[1].lower() or "bare" for name in reading.files
        )
        counts = shorten([f"{number} {ending}" for ending, number in endings.most_common()])
        lines.append(f"not used: other files: {counts}, first {reading.files[0]}")
    columns = [name for name in reading.columns if not name.startswith("unnamed: ")]
    if columns:
        lines.append(f"not used: the columns {shorten(columns)}")
    if reading.arrays:
        lines.append(f"not used: the arrays {shorten(reading.arrays)}")
    if reading.n_rows:
        lines.append(f"not used: {reading.n_rows} rows of tables, which are blank or unused")
    return lines


def describe_several(place: Place, choices: list[Choice]) -> ChoiceError:
    """Return the error that lets the owner choose."""
    lines = []
    columns = [find_class_column(choice.layout) for choice in choices]
    are_tables = all(isinstance(list_parts(each.layout)[0], TablePart) for each in choices)
    are_doubtful = any(choice.doubts for choice in choices)  # so that the whole layout is shown
    are_columns = are_tables and all(columns) and not are_doubtful
    are_columns = are_columns and len(set(columns)) == len(columns)
    first = choices[0].rows.get("file", pd.Series([""])).iloc[0]  # the same in all ways
    for choice, column in list(zip(choices, columns, strict=True))[:MAX_SHOWN]:
        option = write_option(choice.layout)
        if are_columns:
            option = f"--class {shlex.quote(column)}"
        lines += [f"  digits start {option}", *describe_choice(choice, first)]
    if len(choices) > MAX_SHOWN:
        lines.append(f"  and {len(choices) - MAX_SHOWN} more")
    if len(choices) == 1:
        found = (
            "only in a doubtful way, so nothing was changed; if it is right, run the command"
        )
    else:
        found = f"in these {len(choices)} ways, so nothing was changed; run the right command"
    return ChoiceError(f"{place.root} can be read {found}", lines)


def describe_choice(choice: Choice, file: str) -> list[str]:
    """Return what one of several layouts says of all images, and of one of them.

    Args:
        choice: the layout.
        file: the picture.
    """
    rows = choice.rows
    image = rows.iloc[0]
    if "file" in rows and (rows["file"] == file).any():
        image = rows[rows["file"] == file].iloc[0]
    return [
        f"    {describe_counts(rows)}",
        f"    {describe_image(rows, image)}",
        *(f"    {line}" for line in describe_unused(choice.reading)[:2]),
        *(f"    doubt: {doubt}" for doubt in choice.doubts),
    ]


def find_class_column(layout: Any) -> str:
    """Return the column or the array of the classes, or "" if there is not a single one."""
    keys = layout if isinstance(layout, dict) else {}
    names = [keys.get("class")]
    if isinstance(keys.get("train"), dict):
        names.append(keys["train"].get("class"))
    return next((name for name in names if isinstance(name, str)), "")


def describe_none(place: Place, reasons: list[str], *, is_guess: bool) -> ChoiceError:
    """Return the error for files in which no layout makes sense."""
    for reason in reasons:
        if one_class.ONE_CLASS in reason:  # nothing else would help
            return ChoiceError(reason, [])
    if not place.files:
        return ChoiceError(
            f"{place.root} is empty; put your images into it, as they are: {FORMS}", []
        )
    others = [name for name in place.files if name not in set(place.pictures)]
    may_have_classes = is_guess and place.pictures and others
    advice = find_advice(list(place.files.values()))
    if not advice and may_have_classes:
        advice = (
            f"if the classes are in {shorten(others[:5])}, write a table labels.csv with the "
            "columns file and class; otherwise, say what the files mean by `digits start "
            "--layout` (docs/layout.md)"
        )
    if len(reasons) == 1 and not advice:
        return ChoiceError(f"{place.root} cannot be used: {reasons[0]}{HELP}", [])
    names = place.pictures or list(place.files)
    return ChoiceError(
        f"{place.root} has no images with classes that can be read, but {len(names)} files, "
        f"first {shorten(names[:3])}{f'; {advice}' if advice else HELP}",
        [f"  {reason}" for reason in reasons[:MAX_SHOWN]],
    )


def write(layout: Any) -> str:
    """Return a layout in one line of YAML."""
    if isinstance(layout, dict):
        return "{" + ", ".join(f"{write(k)}: {write(v)}" for k, v in layout.items()) + "}"
    if isinstance(layout, list):
        return "[" + ", ".join(map(write, layout)) + "]"
    if not isinstance(layout, str):
        return json.dumps(layout, default=str)
    is_plain = re.fullmatch(r"[A-Za-z_][\w./ -]*", layout) and yaml.safe_load(layout) == layout
    return layout if is_plain else json.dumps(layout, ensure_ascii=False)


def write_option(layout: Any) -> str:
    """Return the option of `digits start` that chooses a layout."""
    return f"--layout {shlex.quote(layout if isinstance(layout, str) else write(layout))}"
