"""What this project is not for, as its errors and `digits start` say it."""

from collections.abc import Collection, Iterable

NO_QUANTITIES = (
    "this project does not estimate quantities; to classify images by ranges, write names such "
    "as 20-29 into the column"
)
NO_SEVERAL_LABELS = (
    "this project gives each image one class, and not several labels; choose one, or use a "
    "library for multi-label classification"
)
NO_FEATURES = (
    "this project reads images, and no tables of features; with such a table, use scikit-learn "
    "itself"
)

# From so many classes on that are numbers, they may be a quantity.
MIN_QUANTITIES = 8

# What may stand between several labels.
SEPARATORS = "|,;"


def list_doubts(class_names: Collection[object]) -> list[str]:
    """Return a line for each reason why the classes may not be classes.

    They may be a quantity, such as an age, if they are at least MIN_QUANTITIES whole numbers,
    with one of them above 9, and if these are neither 0, 1, 2 and so on, nor 1, 2, 3 and so on.
    They may be several labels if the name of a class consists of the names of others.
    """
    names = [str(name) for name in class_names]
    doubts = []
    if may_be_quantity(names):
        numbers = sorted(map(int, names))
        doubts.append(
            f"Each number from {numbers[0]} to {numbers[-1]} is a class of its own. If it is a "
            f"quantity, such as an age: {NO_QUANTITIES}"
        )
    combined = find_combined(names)
    if combined is not None:
        doubts.append(f"{combined!r} is a class of its own: {NO_SEVERAL_LABELS}")
    return doubts


def may_be_quantity(names: Collection[str]) -> bool:
    """Return whether the names of classes may be a quantity, as `list_doubts` says."""
    if len(names) < MIN_QUANTITIES or not all(name.isdecimal() for name in names):
        return False
    numbers = {int(name) for name in names}
    from_0, from_1 = set(range(len(names))), set(range(1, len(names) + 1))
    return numbers not in (from_0, from_1) and max(numbers) > 9


def find_combined(names: Iterable[str]) -> str | None:
    """Return the first class whose name consists of the names of other classes, or None."""
    alone = set(names)
    for name in sorted(alone):
        for separator in SEPARATORS:
            parts = [part.strip() for part in name.split(separator)]
            if len(parts) > 1 and alone.issuperset(parts):
                return name
    return None
