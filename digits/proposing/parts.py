"""Write the parts of a layout as they stand in params.yaml."""

from collections.abc import Iterable, Mapping
from typing import Any


def write_sets(parts: Mapping[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """Return the layout of a training set and a test set.

    Args:
        parts: the parts of each set, by its name. What all parts have is written once.
    """
    common = find_common(part for same in parts.values() for part in same)
    own = {
        role: [{key: part[key] for key in part if key not in common} for part in same]
        for role, same in parts.items()
        if same
    }
    return common | {role: same if len(same) > 1 else same[0] for role, same in own.items()}


def find_common(parts: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Return the keys and values that all parts have."""
    first, *others = parts
    return {
        key: value
        for key, value in first.items()
        if others and all(key in other and other[key] == value for other in others)
    }
