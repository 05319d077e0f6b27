"""Find out what the columns of a table may mean."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from digits.data.intake import one_class
from digits.data.layout.read_table import to_flags
from digits.data.layout.usual import (
    CLASS_COLUMNS,
    FILE_COLUMNS,
    GROUP_COLUMNS,
    ID_COLUMNS,
    PANDAS_INDEX,
    simplify,
)
from digits.imaging import pictures
from digits.proposing.table_format import is_numeric
from digits.proposing.words import SET_WORDS, find_role, split_words

Texts = Mapping[str, pd.Series]  # the columns of a table as text

# The end of the name of a column of classes, as in `Finding Labels`.
CLASS_NAME = re.compile(r"(?i:(?:[\s_-]|^)(labels?|class|category|target))$|[a-z]Label$")

MIN_PER_CLASS = 4
FLAGS = {"0", "1", "true", "false"}
TEST_COLUMNS = {"test", "istest"}
MAX_SETS = 5
PEOPLE = {"user", "writer", "patient", "subject", "person", "participant"}
SET_NAMES = {*SET_WORDS, "partition", "split", "set"}  # of columns that are no classes


def find_usual(names: Sequence[str], usual: Sequence[str]) -> str | None:
    """Return the column that has one of some usual names, or None."""
    found = [name for name in names if simplify(name) in usual]
    return min(found, key=lambda name: usual.index(simplify(name)), default=None)


def find_group(names: Sequence[str]) -> str | None:
    """Return the column of the groups, by its name, or None."""
    return find_usual(names, GROUP_COLUMNS)


def find_id(names: Sequence[str]) -> str | None:
    """Return the column with the names of the images, by its name, or None."""
    return find_usual(names, ID_COLUMNS)


def order_by_file(texts: Texts) -> list[str]:
    """Return the columns that may name pictures, the likeliest first."""
    with_ending = [
        name
        for name, values in texts.items()
        if values.str.strip().str.lower().str.endswith(pictures.SUFFIXES).any()
    ]
    usual = [name for name in texts if simplify(name) in FILE_COLUMNS]
    usual.sort(key=lambda name: FILE_COLUMNS.index(simplify(name)))
    others = [name for name, values in texts.items() if not is_numeric(values)]
    return list(dict.fromkeys([*with_ending, *usual, *others, *list(texts)[:1]]))


def is_meaningless(name: str, values: pd.Series) -> bool:
    """Return whether a column is the index that pandas writes, or is blank."""
    return simplify(name) in PANDAS_INDEX or bool((values.str.strip() == "").all())


def is_packed(values: pd.Series) -> bool:
    """Return whether a column has all pixels of an image, separated by spaces."""
    return bool(values.head(50).str.fullmatch(r"\s*(\d+\s+){3,}\d+\s*").all())


def find_sets(texts: Texts) -> dict[str, Any]:
    """Return which rows are in which set, as the parts of a layout.

    A column says so if its values are words such as `train`, or 0 and 1 in `is_test`. The
    result is {} without such a column.
    """
    for name, values in texts.items():
        distinct = sorted(set(values.str.strip()))
        if not 2 <= len(distinct) <= MAX_SETS:
            continue
        is_flag = FLAGS.issuperset(map(str.lower, distinct)) and simplify(name) in TEST_COLUMNS
        if is_flag and len(distinct) == 2:
            no, yes = distinct
            return {"train": {"where": {name: no}}, "test": {"where": {name: yes}}}
        if all(split_words(value) & SET_WORDS for value in distinct):
            by_role = {
                role: [value for value in distinct if find_role(value) == role]
                for role in ("train", "test")
            }
            if all(by_role.values()):
                return {
                    role: {"where": {name: found if len(found) > 1 else found[0]}}
                    for role, found in by_role.items()
                }
    return {}


def find_classes(texts: Texts, *, have_pictures: bool, have_header: bool) -> list[list[str]]:
    """Return the columns that may have the classes. Several in a list: one for each class.

    Args:
        texts: the columns that mean nothing else.
        have_pictures: whether other columns have the pictures, so that these have no pixels.
        have_header: whether the columns have names.

    Raises:
        UserError: the columns are several labels of an image, or quantities.
    """
    named = find_named_classes(list(texts))
    if named:
        return named
    no_classes = SET_NAMES | PEOPLE
    texts = {name: each for name, each in texts.items() if not split_words(name) & no_classes}
    if not texts:
        return []
    are_numbers = not any(re.search("[^0-9.]", name) for name in texts)
    if not have_pictures and (not have_header or are_numbers):
        names = list(texts)
        ends = [names[0], names[-1]] if len(names) > 1 else names
        return [[name] for name in ends if may_be_class(texts[name])]
    if have_pictures:
        if len(texts) > 1 and have_single_one(texts):
            return [list(texts)]
        if len(texts) == 1:
            return [list(texts)]
        one_class.check_columns(dict(texts))
    if not have_pictures and all(is_numeric(values) for values in texts.values()):
        return [[name] for name in find_odd_names(list(texts)) if may_be_class(texts[name])]
    return [
        [name]
        for name, values in texts.items()
        if (have_pictures or not is_numeric(values))
        and 2 <= values.str.strip().nunique() <= len(values) / 2
    ]


def find_odd_names(names: Sequence[str]) -> list[str]:
    """Return the columns whose names are not numbered as those of pixels are."""
    stems = {name: re.sub(r"\d+", "", name) for name in names}
    counts = Counter(stems.values())
    return [name for name in names if counts[stems[name]] == 1 < len(names)]


def find_named_classes(names: Sequence[str]) -> list[list[str]]:
    """Return the columns that have a usual name of classes, or one that ends so."""
    usual = [[name] for name in names if simplify(name) in CLASS_COLUMNS]
    return usual or [[name] for name in names if CLASS_NAME.search(name)]


def have_single_one(texts: Texts) -> bool:
    """Return whether columns have a single 1 in nearly all rows. The others may be mistakes."""
    numbers = pd.DataFrame(dict(texts)).apply(to_flags)
    is_right = numbers.isin([0, 1]).all(axis=1) & (numbers.sum(axis=1) == 1)
    return bool(is_right.mean() > 0.9)


def may_be_class(values: pd.Series) -> bool:
    """Return whether the values of a column without a name may be classes, and not pixels."""
    shares = values.value_counts(normalize=True)
    return 2 <= len(shares) <= len(values) / MIN_PER_CLASS and shares.iloc[0] < 0.9
