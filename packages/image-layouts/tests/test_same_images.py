"""The same images are read in the same way, whatever system or program has written the files."""

import csv
import gzip
import io
import random
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from digits.imaging import pictures
from image_layouts.layout.place import Place
from image_layouts.proposing.choose import ChoiceError, choose
from image_layouts.proposing.folders import enter_folders
from test_transcripts import FORMS

pytestmark = pytest.mark.variant

Rows = list[list[str]]


def list_texts(root: Path, *suffixes: str) -> Iterator[tuple[Path, str]]:
    """Yield the files with some suffixes that are in UTF-8, and their texts."""
    for path in sorted(root.rglob("*")):
        if path.suffix in suffixes:
            try:
                yield path, path.read_bytes().decode("utf-8-sig")
            except UnicodeDecodeError:
                continue


def rewrite_tables(root: Path, change: Callable[[Rows], Rows], **options: Any) -> None:
    """Write each CSV file again whose rows are equally long, by options of `csv.writer`."""
    for path, text in list_texts(root, ".csv"):
        rows = list(csv.reader(io.StringIO(text, newline="")))
        lengths = {len(row) for row in rows}
        if len(lengths) == 1 and lengths != {1}:
            with path.open("w", encoding="utf-8", newline="") as file:
                csv.writer(file, **options).writerows(change(rows))


def rewrite_paths(root: Path, change: Callable[[str], str], **options: Any) -> None:
    """Write the paths of pictures in CSV files in another way."""

    def change_rows(rows: Rows) -> Rows:
        return [[change(cell) if is_path(cell) else cell for cell in row] for row in rows]

    rewrite_tables(root, change_rows, **options)


def is_path(cell: str) -> bool:
    """Return whether a cell is the path of a picture, and has no blanks."""
    return cell.lower().endswith(pictures.SUFFIXES) and " " not in cell


def as_windows_writes(root: Path) -> None:
    """Add files of the system, byte order marks, CRLF at the ends of lines, and backslashes."""
    rewrite_paths(root, lambda path: path.replace("/", "\\"))
    for path, text in list_texts(root, ".csv", ".txt"):
        lines = text.replace("\r\n", "\n").replace("\n", "\r\n")
        path.write_bytes(b"\xef\xbb\xbf" + lines.encode())
    for folder in [root, *(path for path in sorted(root.rglob("*")) if path.is_dir())]:
        (folder / "Thumbs.db").write_bytes(b"\0")
        (folder / "desktop.ini").write_text("[.ShellClassInfo]\n")


def as_excel_writes(root: Path) -> None:
    """Put semicolons between the cells, blanks around their texts, and blank rows at the end."""

    def change(rows: Rows) -> Rows:
        blank = [""] * len(rows[0])
        return [*([f" {cell}  " for cell in row] for row in rows), blank, blank]

    rewrite_tables(root, change, delimiter=";", quoting=csv.QUOTE_ALL)


def as_pandas_writes(root: Path) -> None:
    """Add an index to the rows, in a random order, and pack the tables."""

    def change(rows: Rows) -> Rows:
        header, *others = rows
        numbered = [[str(number), *row] for number, row in enumerate(others)]
        return [["", *header], *random.Random(0).sample(numbered, len(numbered))]

    rewrite_tables(root, change)
    for path, text in list_texts(root, ".csv"):
        path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(text.encode(), mtime=0))
        path.unlink()


def as_unix_writes(root: Path) -> None:
    """Write `./` before paths and tabs between cells, and move all into a folder with signs."""
    rewrite_paths(root, lambda path: path if path[0] in "./" else f"./{path}", delimiter="\t")
    inner = root / "set #2 [b]"
    paths = list(root.iterdir())
    inner.mkdir()
    for path in paths:
        path.rename(inner / path.name)
    for name in ("README.md", "LICENSE", ".hidden.png", ".DS_Store"):
        (root / name).write_text("x")


def as_a_mac_writes(root: Path) -> None:
    """Call the class zero `zéro`, and write the names of files in Unicode's form NFD."""
    for path, text in list_texts(root, ".csv", ".txt", ".json"):
        path.write_bytes(text.replace("zero", "zéro").encode())
    for path in sorted(root.rglob("*"), reverse=True):  # the inner ones first
        name = unicodedata.normalize("NFD", path.name.replace("zero", "zéro"))
        path.rename(path.with_name(name))


CHANGES = {
    "Windows": as_windows_writes,
    "Excel": as_excel_writes,
    "pandas": as_pandas_writes,
    "Unix": as_unix_writes,
    "a Mac": as_a_mac_writes,
}
NO_HEADER = "the index of pandas would be the class of a table without a header"
LONG_CELLS = "a cell of Excel is too short for a picture"
# The forms that mean something else when they are written so, and why.
DIFFERENT = {
    ("pandas", "a CSV file without a header"): NO_HEADER,
    ("pandas", "letters without a header"): NO_HEADER,
    ("pandas", "letters of Kaggle"): NO_HEADER,
    ("Unix", "an archive that was unpacked twice"): "a copy in so many folders is asked about",
    ("Unix", "paths that begin above the table, as of CheXpert"): "they have another start",
    ("Excel", "pictures in base64 after ''"): LONG_CELLS,
    ("Excel", "pictures in base64 after 'data:image/png;base64,'"): LONG_CELLS,
    ("Excel", "pictures in base64 after 'data:image/jpeg;base64,'"): LONG_CELLS,
}


def find_meaning(root: Path) -> Any:
    """Return class, set and group of all images, or the number of possible layouts."""
    try:
        choice = choose(Place(enter_folders(root)))
    except ChoiceError as error:
        return sum(line.startswith("  digits start ") for line in error.lines)
    columns = choice.rows.reindex(columns=["class", "test", "group"], fill_value="")
    names = columns["class"].str.replace("é", "e")
    return sorted(zip(names, columns["test"], columns["group"], strict=True))


def read_files(root: Path) -> dict[Path, bytes]:
    """Return the contents of all files, by their paths in a folder."""
    return {
        path.relative_to(root): path.read_bytes() for path in root.rglob("*") if path.is_file()
    }


def write_form(name: str, place: Path) -> Path:
    """Write images in a form, and return their folder."""
    folder = place / "own"
    folder.mkdir(parents=True)
    FORMS[name](folder)
    return folder


@pytest.mark.parametrize("name", FORMS)
def test_images_mean_the_same_on_another_system_and_from_another_program(
    name: str, tmp_path: Path
) -> None:
    folder = write_form(name, tmp_path / "as it is")
    before = read_files(folder)
    meaning = find_meaning(folder)
    for kind, change in CHANGES.items():
        folder = write_form(name, tmp_path / kind)
        change(folder)
        is_changed = read_files(folder) != before
        if is_changed and (kind, name) not in DIFFERENT:
            assert find_meaning(folder) == meaning, kind
