"""What the columns of a table may say: classes, sets, or more."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from image_layouts.checking import one_class
from image_layouts.errors import LayoutError, shorten
from image_layouts.layout.column_names import CLASS_COLUMNS, normalize_name
from image_layouts.layout.read_table import to_flags
from image_layouts.proposing.sets import SET_WORDS, find_set, list_words
from image_layouts.proposing.writing import unlist

Texts = Mapping[str, pd.Series]
# The keys `train` and `test`, or none, and why they are not certain, or "".
Sets = tuple[dict[str, Any], str]

USUAL_CLASSES = [*CLASS_COLUMNS, "species", "breed", "diagnosis", "dx", "emotion", "choice"]
USUAL_CLASSES += ["y"]
FRACTION = re.compile(r"-?\d*[.,]\d*[1-9]\d*")
MAX_SETS = 5
N_FIRST = 100  # the number of values that are looked at first
MIN_PER_CLASS = 2  # rows, on average
MIN_SINGLE = 0.9  # the share of rows in which exactly one of the flags is 1


def find_usual(names: Mapping[str, Any], usual: Sequence[str]) -> str | None:
    """Return the first column with the first usual name that is there, or None."""
    found = [name for each in usual for name in names if normalize_name(name) == each]
    return found[0] if found else None


def find_classes(texts: Texts, chosen: Mapping[str, str]) -> list[tuple[list[str], bool]]:
    """Return each possible value of the key `class`, and whether no other can be meant.

    Raises:
        LayoutError: no column may have classes.
    """
    if "class" in chosen:
        return [([chosen["class"]], True)]
    usual = [each for each in texts if normalize_name(each) in USUAL_CLASSES]
    if usual:
        first = texts[usual[0]]
        others = [texts[each] for each in usual[1:]]
        if all(depends_on(each, first) and depends_on(first, each) for each in others):
            return [([usual[0]], True)]
        return [([each], False) for each in usual]
    texts = {each: values for each, values in texts.items() if not may_say_sets(each, values)}
    flags = find_flags(texts)
    if len(flags) > 1 and (pd.DataFrame(flags).sum(axis=1) == 1).mean() > MIN_SINGLE:
        return [(list(flags), len(flags) == len(texts))]
    if len(texts) > 1:
        one_class.check_columns(dict(texts))
    repeated = [each for each, values in texts.items() if may_be_classes(values)]
    if not repeated:
        for name, values in texts.items():
            one_class.check_classes(name, values)
        raise LayoutError("no column looks like classes of images")
    is_certain = len(repeated) == 1 and not may_be_quantity(texts[repeated[0]])
    return [([each], is_certain) for each in repeated]


def find_flags(texts: Texts) -> dict[str, pd.Series]:
    """Return the columns in which each value is 0 or 1, as numbers."""
    flags = {}
    for name, values in texts.items():
        numbers = to_flags(values)
        if values.nunique() > 1 and numbers.isin([0, 1]).all():
            flags[name] = numbers
    return flags


def may_be_quantity(values: pd.Series) -> bool:
    """Return whether values are numbers, as ages are, but not 0, 1, 2 … or 1, 2, 3 …."""
    numbers = pd.to_numeric(values, errors="coerce")
    if numbers.isna().any():
        return False
    first = numbers.min()
    are_numbered = set(numbers - first) == set(range(values.nunique()))
    return not (are_numbered and first in (0, 1))


def may_be_classes(values: pd.Series) -> bool:
    """Return whether a column has several values, and each in several rows on average."""
    return 2 <= values.str.strip().nunique() <= len(values) / MIN_PER_CLASS


def depends_on(values: pd.Series, others: pd.Series) -> bool:
    """Return whether each of the others has only one value beside it."""
    return bool(values.groupby(others.to_numpy()).nunique().max() == 1)


def find_sets(texts: Texts) -> Sets:
    """Return the sets that a column says, certain if each value is a word for a set."""
    for name, values in texts.items():
        distinct = list_few(values)
        is_flag = [value.lower() for value in distinct] in (["0", "1"], ["false", "true"])
        if is_flag and normalize_name(name) in ("istest", "test", "testing"):
            return select_rows(name, train=distinct[:1], test=distinct[1:]), ""
        if is_flag and normalize_name(name) in ("istrain", "train", "training"):
            return select_rows(name, train=distinct[1:], test=distinct[:1]), ""
        keys, doubt = split_sets(name, distinct)
        if keys:
            return keys, doubt
    return {}, ""


def find_sets_of_paths(values: pd.Series) -> Sets:
    """Return the sets that the first folders of paths say, such as `train/` and `./train/`."""
    starts = values.str.strip().str.extract(r"^((?:\./)?[^/\\]*/)")[0]
    if starts.isna().any():
        return {}, ""
    return split_sets(str(values.name), list_few(starts), "*")


def split_sets(column: str, values: Sequence[str], end: str = "") -> Sets:
    """Return the sets that the values of a column say, if one is a word for a test set.

    The `end` of beginnings of values is `*`.
    """
    test = [value for value in values if find_set(value) == "test"]
    train = [value for value in values if value not in test]
    if not test or not train:
        return {}, ""
    others = [value or "a blank" for value in values if not find_set(value)]
    doubt = f"do rows with {shorten(others)} belong to the training set?" if others else ""
    keys = select_rows(
        column,
        train=[f"{value}{end}" for value in train],
        test=[f"{value}{end}" for value in test],
    )
    return keys, doubt


def select_rows(column: str, *, train: list[str], test: list[str]) -> dict[str, Any]:
    """Return the keys `train` and `test` for the rows that have some values in a column."""
    return {
        "train": {"where": {column: unlist(train)}},
        "test": {"where": {column: unlist(test)}},
    }


def may_say_more(name: str, values: pd.Series, classes: pd.Series) -> bool:
    """Return whether an unused column may say groups or flags, and not only facts of the class.

    A fold of cross-validation has many groups, and an index begins anew in each table.
    """
    texts = values.str.strip()
    if is_index(name, values) or list_words(name) & {"fold", "folds", "kfold"}:
        return False
    if texts.nunique() in (1, len(texts)):  # constant, or different for each image
        return False
    if len(values) == len(classes) and depends_on(texts, classes):
        return False
    return not texts.str.fullmatch(FRACTION).any()


def is_index(name: str, values: pd.Series) -> bool:
    """Return whether a column is the index that pandas writes: numbers without a name."""
    has_no_name = name.startswith(("unnamed: ", "Unnamed: ", "__index_level"))
    return has_no_name and bool(values.str.fullmatch(r"\s*\d+\s*").all())


def may_say_sets(name: str, values: pd.Series) -> bool:
    """Return whether a column may say the sets, by its name or one of its few values."""
    distinct = list_few(values)
    words = {"split", "set", "subset", "partition"} | SET_WORDS
    says_sets = list_words(name) & words or any(find_set(each) == "test" for each in distinct)
    return bool(distinct and says_sets)


def list_few(values: pd.Series) -> list[str]:
    """Return the different values of a column if there are 2 to `MAX_SETS`, or none."""
    for part in (values.head(N_FIRST), values):  # there may be millions of names
        distinct = sorted({value.strip() for value in part.unique()})
        if len(distinct) > MAX_SETS:
            return []
    return distinct if len(distinct) > 1 else []
