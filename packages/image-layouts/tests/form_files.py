"""Write the files of a form that a YAML file describes. Each picture is another digit."""

import fnmatch
import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import pandas as pd
import scipy.io

from image_layouts.files import is_picture_file
from tests.helpers import tiny
from tests.helpers.digit_files import LABELS, PIXELS, write_picture
from tests.helpers.hugging_face import write_pictures

BRACES = re.compile(r"\{([^{}]*(?:,|\.\.)[^{}]*)\}")
RANGE = re.compile(r"(\w+)\.\.(\w+)")


def expand(text: str) -> Iterator[str]:
    """Yield the names for which `{a,b}` and `{1..12}` stand, as in a shell, and `{h}` a hash."""
    match = BRACES.search(text)
    if match is None:
        yield text.replace("{h}", sha256(text.encode()).hexdigest()[:12])
        return
    for option in match[1].split(","):
        for value in list_range(option):
            yield from expand(text[: match.start()] + value + text[match.end() :])


def list_range(option: str) -> list[str]:
    """Return the numbers or letters from the first to the last one, or the text itself."""
    match = RANGE.fullmatch(option)
    if match is None:
        return [option]
    if match[1].isdecimal():
        return [str(number) for number in range(int(match[1]), int(match[2]) + 1)]
    return [chr(code) for code in range(ord(match[1]), ord(match[2]) + 1)]


def write_form(root: Path, form: dict[str, Any]) -> None:
    """Write all files of a form."""
    pictures = [name for text in form.get("files", []) for name in expand(text)]
    texts = dict.fromkeys(pictures, "") | form.get("texts", {})
    for name, text in texts.items():
        for each in expand(name):
            make_folder(root / each).write_text(text, encoding="utf-8")
            if not text and is_picture_file(root / each):
                write_picture(root / each, PIXELS[crc32(each.encode()) % len(PIXELS)])
    for name, table in form.get("tables", {}).items():
        write_table(make_folder(root / name), dict(table), sorted(pictures))
    for name, n_rows in form.get("parquet", {}).items():
        write_pictures(make_folder(root / name), slice(0, n_rows), LABELS[:n_rows])
    write_arrays(root, form.get("arrays", {}))


def make_folder(path: Path) -> Path:
    """Create the folder of a file, and return the path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def write_table(path: Path, table: dict[str, Any], pictures: list[str]) -> None:
    """Write a table of `rows` rows, whose first one has the number `from`.

    A column is a text in which `{n}` is the number of the row, `@` and a pattern of pictures
    whose stems are taken, or their paths with `@@`, or a list that is repeated. `3 x a` in a list
    is a three times. `pixels` stands for so many columns, which are called as `pixel` says.
    """
    n_rows, first = table.pop("rows"), table.pop("from", 1)
    options = {key: table.pop(key) for key in ("sep", "header", "encoding") if key in table}
    pixel = table.pop("pixel", "pixel{n}")
    columns: dict[str, Any] = {}
    for name, value in table.items():
        if name == "pixels":
            flat = PIXELS[:n_rows].reshape(n_rows, -1)[:, :value]
            for number in range(value):
                y, x = divmod(number, 8)
                columns[pixel.format(n=number + 1, y=y, x=x, y1=y + 1, x1=x + 1)] = flat[
                    :, number
                ]
        elif isinstance(value, list):
            columns[name] = np.resize(np.array(list(repeat(value)), dtype=object), n_rows)
        elif value.startswith("@"):
            found = fnmatch.filter(pictures, value.lstrip("@"))
            columns[name] = [each if "@@" in value else Path(each).stem for each in found]
        else:
            columns[name] = [value.format(n=n) for n in range(first, first + n_rows)]
    pd.DataFrame(columns).to_csv(path, index=False, **options)


def repeat(values: list[Any]) -> Iterator[Any]:
    """Yield values, with `3 x a` as a three times."""
    for value in values:
        match = re.fullmatch(r"(\d+) x (.*)", str(value))
        yield from [match[2]] * int(match[1]) if match else [value]


def write_arrays(root: Path, arrays: dict[str, str]) -> None:
    """Write arrays of images or labels of a shape, such as `images 60 8 8`, or `labels 60`."""
    by_file: dict[str, dict[str, Any]] = {}
    expanded = [(name, text) for names, text in arrays.items() for name in expand(names)]
    for name, text in expanded:
        kind, *numbers = text.split()
        shape = tuple(map(int, numbers))
        source = PIXELS if kind == "images" else LABELS % 3
        file, key = name.rsplit("/", 1) if re.search(r"\.(npz|mat)/", name) else (name, "")
        by_file.setdefault(file, {})[key] = np.resize(source, shape).astype(np.uint8)
    for file, values in by_file.items():
        path = make_folder(root / file)
        if file.endswith(".npz"):
            np.savez(path, **values)
        elif file.endswith(".mat"):
            scipy.io.savemat(path, values)
        elif file.endswith(".npy"):
            np.save(path, values[""])
        else:
            path.write_bytes(tiny.idx_bytes(values[""]))
