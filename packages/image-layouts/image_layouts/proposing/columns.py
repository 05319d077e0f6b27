"""Find out what the columns of a table may mean."""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from image_layouts import files as pictures
from image_layouts.checking import one_class
from image_layouts.layout.column_names import (
    CLASS_COLUMNS,
    FILE_COLUMNS,
    GROUP_COLUMNS,
    ID_COLUMNS,
    PANDAS_INDEX,
    normalize_name,
)
from image_layouts.layout.read_table import to_flags
from image_layouts.proposing.words import (
    SET_WORDS,
    SPLIT_WORDS,
    are_subset_names,
    find_subset,
    split_words,
    words,
)
from image_layouts.proposing.writing import unlist

Texts = Mapping[str, pd.Series]  # the columns of a table as strings

# The last word of the name of a column of classes, as in `Finding Labels`.
CLASS_WORD = re.compile(r"(^|[\s_-])(labels?|class|category|target)$", re.IGNORECASE)
CLASS_END = re.compile(r"[a-z]Label$")  # as in `diseaseLabel`
# Words in the names of columns that have sets or groups, and not classes.
NO_CLASS_WORDS = (
    SET_WORDS
    | SPLIT_WORDS
    | words("user writer patient subject person participant")
    | words("site camera session slide video donor volunteer width height")
)
WEIGHT = re.compile(r"(score|sample|validation)[\s_-]weight")  # how much an image counts
# The name of a column that may have groups, such as `Patient ID`, `scan_no` and `artist`. The
# exact names in `GROUP_COLUMNS` are groups without a question to the owner.
GROUP_COLUMN = re.compile(
    r"(^|[\s_-])"
    r"(scan|artist|author|speaker|site|camera|session|plate|slide|video|case|subject|patient|"
    r"writer|donor|volunteer|recording|source|src|font|lesion|plant|animal|specimen|wsi)"
    r"[\s_-]?(id|no|nr|number|name|file)?$",
    re.IGNORECASE,
)
# The name of a column of ids, such as `scan_id`, `Case No` and `lesionID`.
ID_COLUMN = re.compile(r"(?i:(^|[\s_])(id|no|nr))$|[a-z]ID$")
# The start of a path: `train_` in `train_1.png`, or `a-test/` in `a-test/1.png`. The path may
# begin with `./`, and may have the slashes of Windows.
FIRST_WORD = re.compile(r"(\.?[/\\]?[^/\\_-]*[/\\_-]?)")
FIRST_FOLDER = re.compile(r"((?:\.?[/\\]?[^/\\]*[/\\])?)")
DIGITS = re.compile(r"\d+")

# PNG and JPEG files have fixed beginnings, and so do these files in base64.
BASE64_START = re.compile(r"(data:image/\w+;base64,)?(iVBORw0KGgo|/9j/)")

MIN_PER_CLASS = 4  # images, on average
MAX_SHARE_OF_CLASS = 0.9  # a more frequent value is probably that of a pixel at a black edge
MAX_GROUPS = 0.9  # the largest number of groups per image
MIN_NUMBERED = 64  # so many numbered columns are pixels
UNASSIGNED = "unassigned"  # the set of rows that Google's AutoML may train on
MAX_ONE_HOT = 100  # the largest number of columns at the end of a table that are looked at
MAX_SETS = 5  # the largest number of values of a column of sets
N_VALUES = 50  # the number of values of a column that are looked at


def is_meaningless(name: str, values: pd.Series) -> bool:
    """Return whether a column is the index that pandas writes, or is blank."""
    return normalize_name(name) in PANDAS_INDEX or bool((values.str.strip() == "").all())


def is_usual(name: str) -> bool:
    """Return whether a column has one of the usual names of classes, groups or ids."""
    return normalize_name(name) in {*CLASS_COLUMNS, *GROUP_COLUMNS, *ID_COLUMNS}


def is_numeric(values: pd.Series) -> bool:
    """Return whether all values of a column of strings are numbers or blank."""
    is_number = pd.to_numeric(values, errors="coerce").notna()
    is_blank = values.str.strip() == ""
    return bool(is_number.any() and (is_number | is_blank).all())


def list_numbered_pixels(names: Iterable[str]) -> list[str]:
    """Return the columns whose names differ only in a number, as pixel1, if there are many."""
    by_word: dict[str, list[str]] = defaultdict(list)
    for name in names:
        by_word[DIGITS.sub("", name)].append(name)
    numbered = max(by_word.values(), key=len, default=[])
    return numbered if len(numbered) >= MIN_NUMBERED else []


def is_packed(values: pd.Series) -> bool:
    """Return whether a column has all pixels of an image, separated by spaces."""
    return bool(values.head(N_VALUES).str.fullmatch(r"\s*(\d+\s+){3,}\d+\s*").all())


def are_in_base64(values: pd.Series) -> bool:
    """Return whether a column has PNG or JPEG files in base64."""
    return bool(values.astype(str).str.match(BASE64_START).all())


def are_picture_names(values: pd.Series) -> pd.Series:
    """Return whether each value ends as the name of a picture does."""
    return values.str.strip().str.lower().str.endswith(pictures.SUFFIXES)


def order_by_likelihood(texts: Texts) -> list[str]:
    """Return the columns that may name pictures, the likeliest first."""
    usual = [name for name in texts if normalize_name(name) in FILE_COLUMNS]
    usual.sort(key=lambda name: FILE_COLUMNS.index(normalize_name(name)))
    with_ending = [name for name, values in texts.items() if are_picture_names(values).any()]
    both = [name for name in usual if name in with_ending]
    others = [name for name, values in texts.items() if not is_numeric(values)]
    first = list(texts)[:1]
    return list(dict.fromkeys([*both, *with_ending, *usual, *others, *first]))


def find_usual(names: Collection[str], usual: Sequence[str]) -> str | None:
    """Return the column with a usual name, or None. Earlier usual names are preferred."""
    for usual_name in usual:
        for name in names:
            if normalize_name(name) == usual_name:
                return name
    return None


def names_sets(name: str) -> bool:
    """Return whether a column has sets or folds, by its name."""
    return not split_words(name).isdisjoint(SET_WORDS | SPLIT_WORDS)


def find_subsets(texts: Texts) -> dict[str, Any]:
    """Return the keys `train` and `test` of a layout, if a column has the subsets, or {}.

    Its values are words such as `train`, or are 0 and 1 in a column such as `is_test`.
    """
    for name, values in texts.items():
        distinct = sorted({value.strip() for value in values.unique()})
        if not 2 <= len(distinct) <= MAX_SETS:
            continue
        if are_flags(distinct) and normalize_name(name) in ("test", "istest"):
            return write_where(name, train=distinct[:1], test=distinct[1:])
        train = [
            value
            for value in distinct
            if find_subset(value) == "train" or value.lower() == UNASSIGNED
        ]
        test = [value for value in distinct if find_subset(value) == "test"]
        if train and test and len(train) + len(test) == len(distinct):
            return write_where(name, train, test)
    return {}


def are_flags(values: list[str]) -> bool:
    """Return whether the sorted values of a column stand for no and yes."""
    return [text.lower() for text in values] in (["0", "1"], ["false", "true"])


def find_subsets_by_paths(name: str, paths: pd.Series) -> dict[str, Any]:
    """Return the keys `train` and `test`, if the paths in a column have the subsets, or {}."""
    for expression in (FIRST_WORD, FIRST_FOLDER):
        found = paths.str.strip().str.extract(expression, expand=False)
        starts = sorted(found.unique())
        test = [f"{text}*" for text in starts if find_subset(text) == "test"]
        train = [f"{text}*" for text in starts if find_subset(text) != "test"]
        if train and test and are_subset_names(starts):
            return write_where(name, train, test)
    return {}


def write_where(column: str, train: list[str], test: list[str]) -> dict[str, Any]:
    """Return the keys `train` and `test` for rows that have some values in a column."""
    return {
        "train": {"where": {column: unlist(train)}},
        "test": {"where": {column: unlist(test)}},
    }


def depends_on(values: pd.Series, others: pd.Series) -> bool:
    """Return whether `others` determine `values`: equal others have equal values."""
    return bool(values.groupby(others.to_numpy()).nunique().max() == 1)


def is_one_to_one(values: pd.Series, others: pd.Series) -> bool:
    """Return whether equal values stand beside equal values, in both directions."""
    return depends_on(values, others) and depends_on(others, values)


def may_have_groups(name: str, values: pd.Series) -> bool:
    """Return whether a column may have groups, by its name and the number of its values."""
    is_class = normalize_name(name) in CLASS_COLUMNS  # such as `class_id`
    is_named_so = ID_COLUMN.search(name) or GROUP_COLUMN.search(name)
    if is_class or not is_named_so:
        return False
    return 3 <= values.str.strip().nunique() <= MAX_GROUPS * len(values)


def find_classes(texts: Texts, *, have_pictures: bool, have_header: bool) -> list[list[str]]:
    """Return each possible value of the key `class` of a layout, as a list of columns.

    Such a list has one column with the classes, or one column per class.

    Args:
        texts: the columns that may have the classes.
        have_pictures: whether other columns have the pictures. Otherwise, some of these columns
            may be pixels.
        have_header: whether the columns have names.

    Raises:
        LayoutError: the columns are several labels of an image, or quantities.
    """
    named = find_named_classes(list(texts))
    others = {name: each for name, each in texts.items() if may_have_classes(name, each)}
    if named or not others:
        return named
    if have_pictures:
        return find_classes_of_pictures(others)
    return find_classes_of_pixels(others, have_header=have_header)


def may_have_classes(name: str, values: pd.Series) -> bool:
    """Return whether a column may have classes. Columns of ids, groups and sets may not."""
    are_ids = normalize_name(name) in ID_COLUMNS and values.is_unique
    says_otherwise = split_words(name) & NO_CLASS_WORDS or WEIGHT.fullmatch(name.lower())
    return not are_ids and not says_otherwise


def find_named_classes(names: Sequence[str]) -> list[list[str]]:
    """Return the columns with a usual name of classes, or otherwise with such a last word."""
    usual = [[name] for name in names if normalize_name(name) in CLASS_COLUMNS]
    return usual or [
        [name] for name in names if CLASS_WORD.search(name) or CLASS_END.search(name)
    ]


def find_classes_of_pictures(texts: Texts) -> list[list[str]]:
    """Return the columns that may have the classes in a table of pictures, by their values.

    Raises:
        LayoutError: the columns are several labels of an image, or quantities.
    """
    if len(texts) == 1 or are_one_hot(texts):
        return [list(texts)]
    one_class.check_columns(dict(texts))
    repeated = [[name] for name, values in texts.items() if has_repeated_values(values)]
    flags = {name: each for name, each in texts.items() if to_flags(each).isin([0, 1]).all()}
    if len(flags) > 1 and are_one_hot(flags):
        return [list(flags), *(names for names in repeated if names[0] not in flags)]
    return repeated


def find_classes_of_pixels(texts: Texts, *, have_header: bool) -> list[list[str]]:
    """Return the columns that may have the classes in a table of pixels, by their values."""
    names = list(texts)
    # pandas has renamed equal names, such as 0 and 0, to 0 and 0.1.
    have_no_words = all(re.fullmatch("[0-9.]*", name) for name in names)
    if have_no_words or not have_header:
        candidates = dict.fromkeys([names[0], names[-1]])
        return [[name] for name in candidates if may_be_class(texts[name])]
    if not all(is_numeric(values) for values in texts.values()):
        return [[name] for name, values in texts.items() if has_repeated_values(values)]
    # Pixels have names that differ only in their numbers. The column of the classes does not.
    names_without_numbers = {name: DIGITS.sub("", name) for name in names}
    counts = Counter(names_without_numbers.values())
    others = [name for name in names if counts[names_without_numbers[name]] == 1]
    return [[name] for name in others if may_be_class(texts[name])]


def are_one_hot(texts: Texts) -> bool:
    """Return whether nearly all rows have a single 1. Other rows are reported later."""
    numbers = pd.DataFrame(dict(texts)).apply(to_flags)
    are_flags = numbers.isin([0, 1]).all(axis=1)
    is_right = are_flags & (numbers.sum(axis=1) == 1)
    return bool(is_right.mean() > 0.9)


def find_one_hot_end(table: pd.DataFrame) -> list[str]:
    """Return the last columns of a table of pixels if they are one per class, otherwise [].

    The other columns must be as many as a square image has pixels.
    """
    names = [str(name) for name in table]
    for n_classes in range(2, min(MAX_ONE_HOT, len(names) - MIN_NUMBERED) + 1):
        n_pixels = len(names) - n_classes
        if math.isqrt(n_pixels) ** 2 == n_pixels:
            last = {name: table[name].astype(str) for name in names[n_pixels:]}
            if are_one_hot(last):
                return list(last)
    return []


def has_repeated_values(values: pd.Series) -> bool:
    """Return whether there are at least two different values, each in two rows on average."""
    n_distinct = values.str.strip().nunique()
    return bool(2 <= n_distinct <= len(values) / 2)


def may_be_class(values: pd.Series) -> bool:
    """Return whether the values of a column without a name may be classes, and not pixels."""
    counts = values.value_counts()
    if not 2 <= len(counts) <= len(values) / MIN_PER_CLASS:
        return False
    return bool(counts.iloc[0] < MAX_SHARE_OF_CLASS * len(values))
