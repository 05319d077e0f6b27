"""Find out what the columns of a table may mean."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from digits.data.intake import one_class
from digits.data.layout.column_names import (
    CLASS_COLUMNS,
    FILE_COLUMNS,
    GROUP_COLUMNS,
    ID_COLUMNS,
    PANDAS_INDEX,
    normalize_name,
)
from digits.data.layout.read_table import to_flags
from digits.imaging import pictures
from digits.proposing.words import SET_WORDS, are_subset_names, find_subset, split_words
from digits.proposing.writing import unlist

Texts = Mapping[str, pd.Series]  # the columns of a table as text

# The end of the name of a column of classes, as in `Finding Labels` and `diseaseLabel`.
CLASS_NAME = re.compile(r"(?i:(?:[\s_-]|^)(labels?|class|category|target))$|[a-z]Label$")
# Words in the names of columns that are no classes.
NO_CLASS_WORDS = {*SET_WORDS, "partition", "split", "set", "fold", "kfold"}
NO_CLASS_WORDS |= {"user", "writer", "patient", "subject", "person", "participant"}
NO_CLASS_WORDS |= {"site", "camera", "session", "slide", "video", "donor", "volunteer"}
# The name of a column whose values may be groups, such as `Patient ID`, `scan_no` and `artist`.
GROUP_COLUMN = re.compile(
    r"(^|[\s_-])"
    r"(scan|artist|author|speaker|site|camera|session|plate|slide|video|case|subject|patient|"
    r"writer|donor|volunteer|recording|source|src|font)"
    r"[\s_-]?(id|no|nr|number|name|file)?$",
    re.IGNORECASE,
)
# What paths may begin with: `train_` in `train_1.png`, or `a-test/` in `a-test/1.png`.
FIRST_WORD = re.compile(r"[^/_-]*[/_-]?")
FIRST_FOLDER = re.compile(r"(?:[^/]*/)?")
DIGITS = re.compile(r"\d+")

MIN_PER_CLASS = 4
MAX_SHARE_OF_CLASS = 0.9  # of the values of a column without a name; others are mostly black
MIN_NUMBERED = 64  # columns that are surely pixels
MAX_SETS = 5
N_VALUES = 50  # of a column that are looked at


def is_meaningless(name: str, values: pd.Series) -> bool:
    """Return whether a column is the index that pandas writes, or is blank."""
    return normalize_name(name) in PANDAS_INDEX or bool((values.str.strip() == "").all())


def is_usual(name: str) -> bool:
    """Return whether a column has a usual name of classes, groups or ids."""
    return normalize_name(name) in {*CLASS_COLUMNS, *GROUP_COLUMNS, *ID_COLUMNS}


def is_numeric(values: pd.Series) -> bool:
    """Return whether a column of texts has numbers, and nothing else but blanks."""
    is_number = pd.to_numeric(values, errors="coerce").notna()
    is_blank = values.str.strip() == ""
    return bool(is_number.any() and (is_number | is_blank).all())


def list_numbered_pixels(names: Iterable[str]) -> list[str]:
    """Return the columns whose names differ only in a number, as pixel1, if there are many."""
    by_start: dict[str, list[str]] = defaultdict(list)
    for name in names:
        by_start[DIGITS.sub("", name)].append(name)
    numbered = max(by_start.values(), key=len)
    return numbered if len(numbered) >= MIN_NUMBERED else []


def is_packed(values: pd.Series) -> bool:
    """Return whether a column has all pixels of an image, separated by spaces."""
    return bool(values.head(N_VALUES).str.fullmatch(r"\s*(\d+\s+){3,}\d+\s*").all())


def are_in_base64(values: pd.Series) -> bool:
    """Return whether a column has pictures as text in base64, by how PNG and JPEG begin."""
    return bool(
        values.astype(str).str.match(r"(data:image/\w+;base64,)?(iVBORw0KGgo|/9j/)").all()
    )


def are_picture_names(values: pd.Series) -> pd.Series:
    """Return whether each value is the name of a picture, by its ending."""
    return values.str.strip().str.lower().str.endswith(pictures.SUFFIXES)


def order_by_file(texts: Texts) -> list[str]:
    """Return the columns that may name pictures, the likeliest first."""
    with_ending = [name for name, values in texts.items() if are_picture_names(values).any()]
    usual = [name for name in texts if normalize_name(name) in FILE_COLUMNS]
    usual.sort(key=lambda name: FILE_COLUMNS.index(normalize_name(name)))
    others = [name for name, values in texts.items() if not is_numeric(values)]
    first = list(texts)[:1]
    return list(dict.fromkeys([*with_ending, *usual, *others, *first]))


def find_usual(names: Iterable[str], usual: Sequence[str]) -> str | None:
    """Return the column with the first one of some usual names that any column has, or None."""
    by_name = {normalize_name(name): name for name in reversed(list(names))}
    for name in usual:
        if name in by_name:
            return by_name[name]
    return None


def find_subsets(texts: Texts) -> dict[str, Any]:
    """Return the keys `train` and `test` of a layout, if a column says the subsets, or {}.

    Its values are words such as `train`, or are 0 and 1 in a column such as `is_test`.
    """
    for name, values in texts.items():
        distinct = sorted({value.strip() for value in values.unique()})
        if not 2 <= len(distinct) <= MAX_SETS:
            continue
        are_flags = {text.lower() for text in distinct} <= {"0", "1", "true", "false"}
        if are_flags and len(distinct) == 2 and normalize_name(name) in ("test", "istest"):
            return write_where(name, train=distinct[:1], test=distinct[1:])
        train = [value for value in distinct if find_subset(value) == "train"]
        test = [value for value in distinct if find_subset(value) == "test"]
        if train and test and len(train) + len(test) == len(distinct):
            return write_where(name, train, test)
    return {}


def find_subsets_by_paths(name: str, paths: pd.Series) -> dict[str, Any]:
    """Return the keys `train` and `test`, if the paths in a column say the subsets, or {}."""
    for expression in (FIRST_WORD, FIRST_FOLDER):
        starts = sorted(set(paths.str.strip().str.extract(f"^({expression.pattern})")[0]))
        test = [f"{start}*" for start in starts if find_subset(start) == "test"]
        train = [f"{start}*" for start in starts if find_subset(start) != "test"]
        if train and test and are_subset_names(starts):
            return write_where(name, train, test)
    return {}


def write_where(column: str, train: list[str], test: list[str]) -> dict[str, Any]:
    """Return the parts of a layout with the rows that have some values in a column."""
    return {
        "train": {"where": {column: unlist(train)}},
        "test": {"where": {column: unlist(test)}},
    }


def find_classes(texts: Texts, *, have_pictures: bool, have_header: bool) -> list[list[str]]:
    """Return the ways in which columns may have the classes.

    A way is a list of one column, or of a column for each class.

    Args:
        texts: the columns that may have the classes.
        have_pictures: whether other columns have the pictures, so that these have no pixels.
        have_header: whether the columns have names.

    Raises:
        UserError: the columns are several labels of an image, or quantities.
    """
    named = find_named_classes(list(texts))
    others = {name: each for name, each in texts.items() if may_have_classes(name, each)}
    if named or not others:
        return named
    if have_pictures:
        return find_classes_of_pictures(others)
    return find_classes_of_pixels(others, have_header=have_header)


def may_have_classes(name: str, values: pd.Series) -> bool:
    """Return whether a column has neither ids nor, by its name, groups or sets."""
    are_ids = normalize_name(name) in ID_COLUMNS and values.is_unique
    return not are_ids and not split_words(name) & NO_CLASS_WORDS


def find_named_classes(names: Sequence[str]) -> list[list[str]]:
    """Return the columns that have a usual name of classes, or one that ends so."""
    usual = [[name] for name in names if normalize_name(name) in CLASS_COLUMNS]
    return usual or [[name] for name in names if CLASS_NAME.search(name)]


def find_classes_of_pictures(texts: Texts) -> list[list[str]]:
    """Return the columns without a usual name that may have the classes, beside pictures.

    Raises:
        UserError: the columns are several labels of an image, or quantities.
    """
    if len(texts) == 1 or have_single_one(texts):
        return [list(texts)]
    one_class.check_columns(dict(texts))
    return [[name] for name, values in texts.items() if has_repeated_values(values)]


def find_classes_of_pixels(texts: Texts, *, have_header: bool) -> list[list[str]]:
    """Return the columns without a usual name that may have the classes, beside pixels."""
    names = list(texts)
    are_numbered = all(re.fullmatch("[0-9.]*", name) for name in names)
    if are_numbered or not have_header:
        candidates = dict.fromkeys([names[0], names[-1]])
        return [[name] for name in candidates if may_be_class(texts[name])]
    if not all(is_numeric(values) for values in texts.values()):
        return [[name] for name, values in texts.items() if has_repeated_values(values)]
    # The names of pixels differ only in their numbers. That of the classes is another one.
    counts = Counter(DIGITS.sub("", name) for name in names)
    others = [name for name in names if counts[DIGITS.sub("", name)] == 1]
    return [[name] for name in others if may_be_class(texts[name])]


def have_single_one(texts: Texts) -> bool:
    """Return whether columns have a single 1 in nearly all rows. The others may be mistakes."""
    numbers = pd.DataFrame(dict(texts)).apply(to_flags)
    are_flags = numbers.isin([0, 1]).all(axis=1)
    is_right = are_flags & (numbers.sum(axis=1) == 1)
    return bool(is_right.mean() > 0.9)


def has_repeated_values(values: pd.Series) -> bool:
    """Return whether each value of a column is in two rows on average, and some differ."""
    n_distinct = values.str.strip().nunique()
    return bool(2 <= n_distinct <= len(values) / 2)


def may_be_class(values: pd.Series) -> bool:
    """Return whether the values of a column without a name may be classes, and not pixels."""
    counts = values.value_counts()
    if not 2 <= len(counts) <= len(values) / MIN_PER_CLASS:
        return False
    return bool(counts.iloc[0] < MAX_SHARE_OF_CLASS * len(values))
