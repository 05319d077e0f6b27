"""Show what a layout says of somebody's files."""

import json
import posixpath
import re
import shlex
from collections import Counter
from typing import Any

import pandas as pd
import yaml

from image_layouts.errors import shorten
from image_layouts.layout.read_files import natural_key
from image_layouts.layout.reading import LayoutReading

# Text that needs no quotation marks in YAML, except words with a meaning, such as `yes`.
PLAIN = re.compile(r"[A-Za-z_][\w./ -]*")


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


def describe_image(rows: pd.DataFrame, row: pd.Series) -> str:
    """Return what an image is, such as `Berlin/sick/0.jpg → class sick, group Berlin`."""
    name = row["file"] if "file" in rows else f"image {row['id']}"
    texts = [f"class {row['class']}"]
    if "group" in rows:
        texts.append(f"group {row['group']}")
    if rows["test"].any():
        texts.append("test set" if row["test"] else "training set")
    return f"{name} → {', '.join(texts)}"


def describe_unused(reading: LayoutReading) -> list[str]:
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
