"""Write a layout as it stands in params.yaml."""

import posixpath
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from image_layouts.layout.pattern import escape
from image_layouts.schema import as_list

# A word, a number, or another character.
WORD_OR_SIGN = re.compile(r"[^\W\d_]+|\d+|.", re.DOTALL)


def unlist(values: Sequence[Any]) -> Any:
    """Return the only value of a list, or the list if it has several, as people write YAML."""
    return values if len(values) > 1 else values[0]


def add_unused(layout: Any, items: Sequence[Any]) -> Any:
    """Return a layout with more items of the key `unused`, such as patterns of pictures."""
    keys = layout if isinstance(layout, dict) else {"files": layout}
    return keys | {"unused": [*as_list(keys.get("unused") or []), *items]}


def write_subsets(
    train: Sequence[dict[str, Any]], test: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    """Return the layout of the parts of both subsets.

    Keys that are the same in all parts are written once. So is `unused`, which is a key of the
    layout and not of a part.
    """
    parts = [*train, *test]
    layout: dict[str, Any] = {}
    if len(parts) > 1:
        layout = {
            key: value
            for key, value in parts[0].items()
            if all(part.get(key) == value for part in parts)
        }
    written_once = {*layout, "unused"}
    for subset, parts_of_subset in {"train": train, "test": test}.items():
        own = [
            {key: value for key, value in part.items() if key not in written_once}
            for part in parts_of_subset
        ]
        if own:
            layout[subset] = unlist(own)
    unused: list[Any] = []
    for part in parts:
        unused += [item for item in part.get("unused", []) if item not in unused]
    if unused:
        layout["unused"] = unused
    return layout


def generalize(paths: Iterable[str], write: Callable[[str], str] = escape) -> str:
    """Return a pattern for paths of the same depth, with * where names differ.

    The key `file` of a layout needs `str` as `write`, because it has no special characters.
    """
    levels = zip(*(path.split("/") for path in paths), strict=True)
    return "/".join(generalize_names(names, "*", write) for names in levels)


def generalize_names(
    names: Sequence[str], wildcard: str, write: Callable[[str], str] = str
) -> str:
    """Return a pattern for names, with a wildcard for the words and numbers that differ.

    The words with which all names begin and end are kept, as in `train-*.parquet`.
    """
    if len(set(names)) == 1:
        return write(names[0])
    words_of_names = [WORD_OR_SIGN.findall(name) for name in names]
    start = posixpath.commonprefix(words_of_names)  # also finds that of lists
    rests = [words[len(start) :] for words in words_of_names]
    end = posixpath.commonprefix([rest[::-1] for rest in rests])[::-1]
    return write("".join(start)) + wildcard + write("".join(end))
