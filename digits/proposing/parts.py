"""Write a layout as it stands in params.yaml."""

import posixpath
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from digits.data.layout.pattern import quote


def unlist(values: Sequence[Any]) -> Any:
    """Return a list, or its only value, as people write it in YAML."""
    return values if len(values) > 1 else values[0]


def add_unused(layout: Any, patterns: Sequence[str]) -> Any:
    """Return a layout with more patterns of unused pictures."""
    if not patterns:
        return layout
    keys = layout if isinstance(layout, dict) else {"files": layout}
    return keys | {"unused": [*keys.get("unused", []), *patterns]}


def write_sets(parts: Mapping[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """Return the layout of a training set and a test set.

    Args:
        parts: the parts of each set, by its name. What all parts have is written once.
    """
    every = [part for same in parts.values() for part in same]
    first = every[0]
    common = {
        key: value
        for key, value in first.items()
        if len(every) > 1 and all(part.get(key) == value for part in every)
    }
    own = {
        role: [{key: part[key] for key in part if key not in common} for part in same]
        for role, same in parts.items()
        if same
    }
    return common | {role: unlist(same) for role, same in own.items()}


def generalize(paths: Iterable[str], write: Callable[[str], str] = quote) -> str:
    """Return a pattern for paths of the same depth, with * where names differ.

    What all names at a level begin and end with is kept, as in `train-*.parquet`.

    Args:
        paths: the paths.
        write: how a part of a name is written. In the key `file`, # means itself.
    """
    levels = zip(*(path.split("/") for path in paths), strict=True)
    return "/".join(generalize_names(names, write) for names in levels)


def generalize_names(names: Sequence[str], write: Callable[[str], str]) -> str:
    """Return a pattern for names, with * for what differs."""
    start = posixpath.commonprefix(names)
    if len(set(names)) == 1:
        return write(start)
    ends = [name[len(start) :][::-1] for name in names]
    end = posixpath.commonprefix(ends)[::-1]
    return f"{write(start)}*{write(end)}"
