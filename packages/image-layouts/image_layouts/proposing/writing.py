"""Write layouts, as they stand in params.yaml, and what they say of somebody's files."""

import json
import posixpath
import re
import shlex
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pandas as pd
import yaml

from image_layouts.errors import shorten
from image_layouts.layout.pattern import escape
from image_layouts.layout.read_files import natural_key
from image_layouts.layout.reading import Reading
from image_layouts.schema import as_list

# A word, a number, or another character.
WORD_OR_SIGN = re.compile(r"[^\W\d_]+|\d+|.", re.DOTALL)
# Text that needs no quotation marks in YAML, except words with a meaning, such as `yes`.
PLAIN = re.compile(r"[A-Za-z_][\w./ -]*")


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
    """Return the layout of the parts of both subsets, which are at least two.

    Keys that are the same in all parts are written once. So is `unused`, which is a key of the
    layout and not of a part.
    """
    parts = [*train, *test]
    layout: dict[str, Any] = {
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


def write(layout: Any) -> str:
    """Return a layout in one line of YAML, without single quotes.

    `yaml.safe_dump` is not used, because it writes single quotes. A shell needs single quotes
    around the whole layout.
    """
    if isinstance(layout, dict):
        items = [f"{write(key)}: {write(value)}" for key, value in layout.items()]
        return f"{{{', '.join(items)}}}"
    if isinstance(layout, list):
        return f"[{', '.join(map(write, layout))}]"
    if not isinstance(layout, str):
        return json.dumps(layout, default=str)
    is_plain = PLAIN.fullmatch(layout) and yaml.safe_load(layout) == layout
    return layout if is_plain else json.dumps(layout, ensure_ascii=False)


def write_option(layout: Any) -> str:
    """Return the option that chooses a layout, for `digits start` and for a shell."""
    text = layout if isinstance(layout, str) else write(layout)
    return f"--layout {shlex.quote(text)}"


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


def ask_for_classes(rows: pd.DataFrame) -> str:
    """Return the question whether the classes are the ones that are meant."""
    names = sorted(rows["class"].unique(), key=natural_key)
    return f"do you want to tell these apart: {shorten(names)}?"


def describe_image(rows: pd.DataFrame, row: pd.Series) -> str:
    """Return what an image is, such as `Berlin/sick/0.jpg → class sick, group Berlin`."""
    name = row["file"] if "file" in rows else f"image {row['id']}"
    texts = [f"class {row['class']}"]
    if "group" in rows:
        texts.append(f"group {row['group']}")
    if rows["test"].any():
        texts.append("test set" if row["test"] else "training set")
    return f"{name} → {', '.join(texts)}"


def describe_unused(reading: Reading) -> list[str]:
    """Return lines about the pictures, files, columns and arrays that a layout does not use."""
    lines = []
    pictures = [*reading.unused_pictures, *reading.unmatched]
    if pictures:
        lines.append(f"pictures: {len(pictures)}, first {pictures[0]}")
    if reading.unused_files:
        endings = Counter(posixpath.splitext(name)[1].lower() for name in reading.unused_files)
        counts = [f"{n} {ending or 'bare'}" for ending, n in endings.most_common()]
        lines.append(f"other files: {shorten(counts)}, first {reading.unused_files[0]}")
    columns = [name for name in reading.unused_columns if not name.startswith("unnamed: ")]
    if columns:
        lines.append(f"the columns {shorten(columns)}")
    lines += [f"columns of other types: {names}" for names in reading.dropped_columns]
    if reading.unused_arrays:
        lines.append(f"the arrays {shorten(reading.unused_arrays)}")
    if reading.n_unused_rows:
        lines.append(f"{reading.n_unused_rows} rows of tables, which are blank or unused")
    return [f"not used: {line}" for line in lines]
