"""What the columns of a table may say: classes, sets, or more."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from image_layouts.checking import one_class
from image_layouts.errors import LayoutError, shorten
from image_layouts.layout.column_names import CLASS_COLUMNS, normalize_name
from image_layouts.layout.read_table import to_flags
from image_layouts.proposing.sets import find_set, list_words
from image_layouts.proposing.writing import unlist

Texts = Mapping[str, pd.Series]

USUAL_CLASSES = [*CLASS_COLUMNS, "species", "breed", "diagnosis", "emotion", "y"]
MAX_SETS = 5
MIN_PER_CLASS = 2  # rows, on average
MIN_SINGLE = 0.9  # of the rows with a single 1 in columns of classes


def find_usual(names: Mapping[str, Any], usual: Sequence[str]) -> str | None:
    """Return the column with the first usual name that is there, or None."""
    by_name = {normalize_name(name): name for name in reversed(list(names))}
    return next((by_name[name] for name in usual if name in by_name), None)


def find_classes(texts: Texts, chosen: Mapping[str, str]) -> list[tuple[list[str], bool]]:
    """Return each possible value of the key `class`, and whether nothing else can be meant.

    Raises:
        LayoutError: no column may have classes.
    """
    if "class" in chosen:
        return [([chosen["class"]], True)]
    usual = [each for each in texts if normalize_name(each) in USUAL_CLASSES]
    if usual:
        first = texts[usual[0]]
        are_one = all(is_one_to_one(texts[each], first) for each in usual[1:])
        return [([usual[0]], True)] if are_one else [([each], False) for each in usual]
    texts = {each: values for each, values in texts.items() if not may_say_sets(each, values)}
    flags = {
        each: to_flags(values)
        for each, values in texts.items()
        if values.nunique() > 1 and to_flags(values).isin([0, 1]).all()
    }
    if len(flags) > 1 and (pd.DataFrame(flags).sum(axis=1) == 1).mean() > MIN_SINGLE:
        return [(list(flags), len(flags) == len(texts))]
    if len(texts) > 1:
        one_class.check_columns(dict(texts))
    repeated = [each for each, values in texts.items() if may_be_classes(values)]
    if not repeated:
        for name, values in texts.items():
            one_class.check_classes(name, values)
        raise LayoutError("no column looks like classes of images")
    is_only = len(repeated) == 1 and not may_be_quantity(texts[repeated[0]])
    return [([each], is_only) for each in repeated]


def may_be_quantity(values: pd.Series) -> bool:
    """Return whether values are numbers that do not number classes from 0 or 1, as ages."""
    numbers = pd.to_numeric(values, errors="coerce")
    are_numbered = set(numbers - numbers.min()) == set(range(values.nunique()))
    return bool(numbers.notna().all()) and not (are_numbered and numbers.min() in (0, 1))


def may_be_classes(values: pd.Series) -> bool:
    """Return whether a column has several values, and each in several rows on average."""
    return 2 <= values.str.strip().nunique() <= len(values) / MIN_PER_CLASS


def depends_on(values: pd.Series, others: pd.Series) -> bool:
    """Return whether equal others have equal values."""
    return bool(values.groupby(others.to_numpy()).nunique().max() == 1)


def is_one_to_one(values: pd.Series, others: pd.Series) -> bool:
    """Return whether equal values stand beside equal values."""
    return depends_on(values, others) and depends_on(others, values)


def find_sets(texts: Texts) -> tuple[dict[str, Any], str]:
    """Return the keys `train` and `test` if a column says the sets, and why that is not sure.

    It is sure if each value is a word for a set.
    """
    for name, values in texts.items():
        distinct = sorted({value.strip() for value in values.unique()})
        if not 2 <= len(distinct) <= MAX_SETS:
            continue
        is_flag = [value.lower() for value in distinct] in (["0", "1"], ["false", "true"])
        if is_flag and normalize_name(name) in ("istest", "test"):
            return write_where(name, distinct[:1], distinct[1:]), ""
        if is_flag and normalize_name(name) in ("istrain", "train"):
            return write_where(name, distinct[1:], distinct[:1]), ""
        sets = split_sets(name, distinct)
        if sets[0]:
            return sets
    return {}, ""


def find_sets_of_paths(values: pd.Series) -> tuple[dict[str, Any], str]:
    """Return the same for a column of paths, if their first folders are sets."""
    starts = values.str.strip().str.extract(r"^((?:\./)?[^/\\]*/)")[0]
    if starts.isna().any():
        return {}, ""
    return split_sets(str(values.name), sorted(set(starts)), "*")


def split_sets(column: str, values: Sequence[str], end: str = "") -> tuple[dict[str, Any], str]:
    """Return the keys `train` and `test` if a value says the test set, and why it is not sure.

    `end` is `*` if the values only begin so.
    """
    test = [value for value in values if find_set(value) == "test"]
    train = [value for value in values if value not in test]
    if not test or not train or len(values) > MAX_SETS:
        return {}, ""
    others = [value for value in values if not find_set(value)]
    doubt = f"{shorten(others)} may be no training set" if others else ""
    return write_where(
        column, [f"{each}{end}" for each in train], [f"{each}{end}" for each in test]
    ), doubt


def write_where(column: str, train: list[str], test: list[str]) -> dict[str, Any]:
    """Return the keys `train` and `test` for rows that have some values in a column."""
    sets = {"train": train, "test": test}
    return {name: {"where": {column: unlist(values)}} for name, values in sets.items()}


def may_say_more(values: pd.Series, classes: pd.Series) -> bool:
    """Return whether an unused column may say groups, and not only facts of the class."""
    texts = values.str.strip()
    if texts.nunique() in (1, len(texts)):
        return False
    if len(values) == len(classes) and depends_on(texts, classes):
        return False
    return not texts.str.fullmatch(r"-?\d*\.\d*[1-9]\d*").any()


def may_say_sets(name: str, values: pd.Series) -> bool:
    """Return whether a column may say the sets, by its name or one of its few values."""
    distinct = {value.strip() for value in values.unique()}
    if not 2 <= len(distinct) <= MAX_SETS:
        return False
    words = {"split", "set", "subset", "partition", "test", "valid", "val"}
    return bool(list_words(name) & words) or any(find_set(each) == "test" for each in distinct)
