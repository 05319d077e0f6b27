"""Images in tables with one row per image: a CSV or parquet file, or a folder with several.

These columns have a meaning. Upper and lower case, and blanks around a name, do not matter.

- `class`, `label` or a similar name: what the image shows, as a number or a name. Instead,
  there may be one column per class, of which one is 1 in each row, and all others are 0.
- `group`, `writer`, `patient` or `subject`: the group, if there is one of these columns.
- `split`, `subset` or `usage`: `train` or `test`. Without such a column, the images of a file
  with the word `test` in its name or folder are the test set that came with the images.
- A column with the names of pictures in the folder of the table, such as `file`. A name may be
  without its folder, and without its ending.
- A column of a parquet file that has the pictures themselves, as Hugging Face stores them.
- If there are no pictures, all other columns of numbers are the pixels, row by row from the top
  left, as whole numbers. They may also be in a single column, separated by spaces.

A file without classes is left out if another one has some.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from digits.core import tables
from digits.core.tables import Pixels
from digits.data.images import to_names
from digits.data.intake import one_class, subsets
from digits.data.intake.collection import BATCH_SIZE, Collection, read_collection, shorten
from digits.data.intake.columns import (
    CLASS_COLUMNS,
    MissingColumnError,
    PictureFinder,
    Sample,
    find_columns,
    simplify,
    to_text,
)
from digits.data.sources import check_place, folder
from digits.imaging import pictures
from digits.settings.errors import UserError
from digits.settings.params import DatasetParams

READS_PICTURES = True  # if a column has pictures, or their names

SUFFIXES = (".csv", ".tsv", ".parquet")

# A line of a text file such as train.txt, with the path of a picture and its class.
LIST_LINE = re.compile(r".+\.(\w+)[\s,]+[^\s,]+\s*")
LIST_SEPARATOR = r"[\s,]+(?=[^\s,]+\s*$)"  # the last one, because a path may have blanks

N_SAMPLE_ROWS = 50

# The arguments of `pandas.read_csv`.
CSV_OPTIONS: dict[str, Any] = {
    "keep_default_na": False,  # a class may be called NA
    "encoding": "utf-8-sig",  # with or without a byte order mark
}


def read(place: str, dataset: DatasetParams) -> tuple[Pixels, pd.DataFrame]:
    """Return the images of tables, whose pixels may exceed the memory.

    Args:
        place: the file, or a folder with files.
        dataset: the entry of params.yaml.

    Raises:
        UserError: a file was not found, or is not such a table.
    """
    return read_collection(open_place(Path(place), dataset.columns), dataset)


def open_place(path: Path, chosen: Mapping[Any, str] | None = None) -> Collection:
    """Return the images of a file, or of all files in a folder, the test set last.

    Args:
        path: the file or the folder.
        chosen: the columns that the user has chosen as `class` or `group`.

    Raises:
        UserError: a file was not found, is not such a table, differs from the others, or has
            features instead of pixels.
    """
    check_place(path)
    root = path if path.is_dir() else path.parent
    files, notes = list_tables(path)
    finder = PictureFinder(root)
    all_tables = []
    for file in files:
        try:
            all_tables.append(Table(file, root, finder, chosen or {}))
        except MissingColumnError as error:
            if file == files[-1] and not all_tables:
                raise
            notes.append(f"left out: {error.message}")
    labelled = [table for table in all_tables if "class" in table.rows]
    chosen_tables = labelled or all_tables
    for table in chosen_tables:
        table.check_pixels()
    check_same_kind(chosen_tables)
    for table in all_tables:
        if table not in chosen_tables:
            notes.append(
                f"left out: {table.path}, which has no classes; `digits predict {table.path}` "
                "classifies its images"
            )
    chosen_tables.sort(key=lambda table: table.rows["test"].all())
    left_out = {name: None for table in chosen_tables for name in table.columns.left_out}
    if left_out:
        notes.append(f"left out: the columns {shorten(list(left_out))}")
    if len(chosen_tables) > 1:
        counts = [f"{len(table.rows)} from {table.path}" for table in chosen_tables]
        notes.append(f"images: {shorten(counts)}")

    rows = pd.concat([table.rows for table in chosen_tables], ignore_index=True)
    if chosen_tables[0].columns.has_pictures:
        one_class.check_not_listed_twice(rows)
        return Collection(
            rows,
            pictures=lambda: (each for table in chosen_tables for each in table.pictures()),
            notes=notes,
        )
    return Collection(
        rows,
        blocks=lambda: (block for table in chosen_tables for block in table.blocks()),
        shape=chosen_tables[0].shape,
        notes=notes,
    )


def list_tables(path: Path) -> tuple[list[Path], list[str]]:
    """Return the files of tables, sorted by their names, and sentences about those left out.

    Raises:
        UserError: there are none.
    """
    if not path.is_dir():
        return [path], []
    files = sorted(
        file for file in folder.iterate_files(path, may_be_empty=True) if is_table_file(file)
    )
    submissions = [file for file in files if "submission" in subsets.split_words(file.stem)]
    others = [file for file in files if file not in submissions]
    if not others:
        raise UserError(f"{path} has no file that ends in {', '.join(SUFFIXES)}")
    notes = [f"left out: {file}, an example of a submission" for file in submissions]
    return others, notes


def is_table_file(file: Path) -> bool:
    """Return whether a file is a table, or a list of pictures with their classes."""
    return file.suffix.lower() in SUFFIXES or is_list(file)


def is_list(file: Path) -> bool:
    """Return whether a file has lines with a picture and its class, and no header."""
    if file.suffix.lower() not in {".txt", ".csv", ".tsv"} or not file.is_file():
        return False
    with file.open(encoding="utf-8", errors="replace") as opened:
        match = LIST_LINE.fullmatch(opened.readline())
    return match is not None and f".{match[1]}".lower() in pictures.SUFFIXES


class Table:
    """A file with images.

    Attributes:
        path: the file.
        columns: its columns by what they mean.
        rows: as `Collection` describes it.
        shape: the shape of the images if the table has their pixels, otherwise [].
    """

    def __init__(
        self, path: Path, root: Path, finder: PictureFinder, chosen: Mapping[Any, str]
    ) -> None:
        """Read all columns but those of the pixels. They must fit into memory.

        Args:
            path: the file.
            root: the folder of all tables.
            finder: finds the pictures that the table names.
            chosen: as `open_place` describes it.

        Raises:
            UserError: the file cannot be read, or is not a table of images.
        """
        self.path = path
        self.root = root
        self.finder = finder
        with report_unreadable(path):
            with damage_as_value_error():
                self.schema = pq.read_schema(path) if self.is_parquet else None
                self.csv_options = {} if self.is_parquet else find_csv_options(path)
                self.sample = self.read_sample()
            if all(column.empty for column in self.sample.values()):
                raise UserError("it has no rows")
            if not self.is_parquet:
                check_header(path, list(self.sample), self.csv_options["sep"])
            encoded = find_encoded_column(self.schema)
            self.columns = find_columns(self.sample, encoded, finder, path.parent, chosen)
            self.rows = self.make_rows()
        self.shape = [] if self.columns.has_pictures else self.guess_shape()

    @property
    def is_parquet(self) -> bool:
        """Whether it is a parquet file."""
        return self.path.suffix.lower() == ".parquet"

    def read_sample(self) -> Sample:
        """Return the first values of each column. Those of a CSV file stay text.

        Raises:
            UserError: a row has more values than the header has names, or two columns have the
                same name.
        """
        if self.is_parquet:
            with pq.ParquetFile(self.path) as file:
                empty = file.schema_arrow.empty_table()
                first_rows = next(file.iter_batches(N_SAMPLE_ROWS), empty).to_pandas()
        else:
            first_rows = pd.read_csv(
                self.path, nrows=N_SAMPLE_ROWS, dtype=str, **self.csv_options
            )
            if not isinstance(first_rows.index, pd.RangeIndex):  # pandas took it for the rest
                raise UserError(
                    f"its first line has {first_rows.shape[1]} names of columns, but the next "
                    "one has more values; add a name, or delete the commas at the ends of lines"
                )
        names = first_rows.columns
        if not names.is_unique:  # pandas renames those of a CSV file
            raise UserError(f"two columns have the name {names[names.duplicated()][0]!r}")
        return {str(name): first_rows[name] for name in names}

    def make_rows(self) -> pd.DataFrame:
        """Return the rows, as `Collection` describes them.

        Raises:
            UserError: a value is missing, or pictures are.
        """
        columns = self.columns
        with damage_as_value_error():
            texts = self.read_texts()
        rows = pd.DataFrame({"id": [str(number + 1) for number in range(len(texts))]})
        named_by = columns.id or columns.file
        if named_by:
            rows["id"] = texts[named_by].astype(str)
        if columns.file:
            files = self.find_files(to_text(texts[columns.file]))
            rows["file"] = [path.relative_to(self.root).as_posix() for path in files]
        if columns.encoded:
            rows["file"] = f"{self.path.stem}/" + rows["id"]
        if columns.split:
            rows["test"] = to_text(texts[columns.split]).map(subsets.names_test_set)
        else:
            parts = self.path.relative_to(self.root).with_suffix("").parts
            rows["test"] = any(subsets.names_test_set(part) for part in parts)
        if columns.group:
            rows["group"] = to_names(texts[columns.group])
        if columns.classes:
            classes = self.make_classes(texts)
            if classes is not None:
                rows["class"] = classes
        return rows

    def read_texts(self) -> pd.DataFrame:
        """Return all columns that have neither pictures nor pixels."""
        names = self.columns.texts
        if self.is_parquet:
            if not names:  # of a file that has only pictures
                return pd.DataFrame(index=range(pq.read_metadata(self.path).num_rows))
            return pd.read_parquet(self.path, columns=names)
        used = names or [next(iter(self.sample))]
        return pd.read_csv(self.path, usecols=used, dtype=str, **self.csv_options)

    def make_classes(self, texts: pd.DataFrame) -> Any:
        """Return the class of each image as text, or None if no image has a class.

        Raises:
            UserError: an image has no class, or several.
        """
        if len(self.columns.classes) > 1:  # one column per class
            one_hot = texts[self.columns.classes].astype(float)
            one_class.check_one_hot(one_hot)
            names = [name.strip() for name in self.columns.classes]
            return pd.Series(one_hot.to_numpy().argmax(axis=1)).map(dict(enumerate(names)))
        [column] = self.columns.classes
        one_class.check_classes(column.strip(), texts[column])
        classes = to_names(texts[column].rename(column.strip()))
        class_names = find_class_names(self.schema, column)
        if not class_names:
            return classes
        names_by_number = {str(number): name for number, name in enumerate(class_names)}
        without_name = classes[~classes.isin(names_by_number)]
        if len(without_name) == len(classes):  # Hugging Face writes -1 into such test sets
            return None
        if len(without_name):
            raise UserError(
                f"{len(without_name)} images have the {column} {without_name.iloc[0]}, which "
                "stands for no class; delete these rows"
            )
        return classes.map(names_by_number)

    def find_files(self, names: pd.Series) -> list[Path]:
        """Return the pictures that the table names.

        Raises:
            UserError: some are missing, or several pictures have the same name.
        """
        found = [self.finder.find(name, self.path.parent) for name in names]
        missing = [name for name, path in zip(names, found, strict=True) if path is None]
        if missing:
            listed = shorten([name or "a blank" for name in missing])
            raise UserError(
                f"{len(missing)} of {len(names)} pictures are missing in {self.root}, or have "
                f"names that several pictures have: {listed}; add them, delete their rows, or "
                "write their folders, too"
            )
        return [path for path in found if path is not None]

    def guess_shape(self) -> list[int]:
        """Return the shape of the images. If they are not square, it has only one number."""
        n_values = len(self.columns.pixels)
        if self.columns.packed:
            n_values = len(self.sample[self.columns.packed].iloc[0].split())
        for channels in [1, 3]:
            side = math.isqrt(n_values // channels)
            if side * side * channels == n_values:
                return [side, side] if channels == 1 else [side, side, 3]
        return [n_values]

    def check_pixels(self) -> None:
        """Check that the columns of pixels, if any, have pixels.

        Raises:
            UserError: they have features.
        """
        pixels = {name: self.sample[name] for name in self.columns.pixels}
        if pixels:
            with report_unreadable(self.path):
                one_class.check_pixels(pixels)

    def pictures(self) -> Iterator[Path | bytes]:
        """Yield the pictures: their paths, or what the files contain.

        Raises:
            UserError: the file cannot be read.
        """
        encoded = self.columns.encoded
        if encoded is None:
            yield from (self.root / file for file in self.rows["file"])
            return
        with (
            report_unreadable(self.path),
            damage_as_value_error(),
            pq.ParquetFile(self.path, memory_map=True) as file,
        ):
            for batch in file.iter_batches(BATCH_SIZE, columns=[encoded]):
                for value in batch.column(0).to_pylist():
                    content = value["bytes"] if isinstance(value, dict) else value
                    yield content or b""

    def blocks(self) -> Iterator[Any]:
        """Yield the pixels in blocks of rows, shape (n_rows, n_values).

        Raises:
            UserError: the file cannot be read, or has values that are not pixels.
        """
        n_rows = tables.rows_per_block(tables.BATCH_BYTES, math.prod(self.shape))
        with report_unreadable(self.path):
            for rows in self.read_blocks(n_rows):
                if self.columns.packed:
                    texts = rows[self.columns.packed]
                    yield np.array(" ".join(texts).split(), float).reshape(len(texts), -1)
                else:
                    yield to_pixels(rows[self.columns.pixels], self.path)

    def read_blocks(self, n_rows: int) -> Iterator[pd.DataFrame]:
        """Yield `n_rows` rows of the file at a time.

        Raises:
            ValueError: the file is damaged.
        """
        if self.is_parquet:
            names = [self.columns.packed] if self.columns.packed else self.columns.pixels
            with damage_as_value_error(), pq.ParquetFile(self.path, memory_map=True) as file:
                for batch in file.iter_batches(n_rows, columns=names):
                    yield batch.to_pandas()
        else:
            # Without `low_memory`, a column has one type in all rows of a block. `usecols` is
            # omitted because a row with too many values would then be no error.
            yield from pd.read_csv(
                self.path, chunksize=n_rows, low_memory=False, **self.csv_options
            )


@contextmanager
def report_unreadable(path: Path) -> Iterator[None]:
    """Name the file in all errors, and turn those of pandas and Arrow into UserErrors."""
    try:
        yield
    except UserError as error:
        raise type(error)(f"{path.name}: {error.message}") from None
    except UnicodeDecodeError as error:
        raise UserError(
            f"{path.name} is not in UTF-8 ({error}); if it is in Latin-1, run: "
            f"iconv -f latin1 -t utf-8 '{path}' > utf8.csv && mv utf8.csv '{path}'"
        ) from None
    except (OSError, ValueError) as error:
        raise UserError(f"{path.name}: {error}") from None


@contextmanager
def damage_as_value_error() -> Iterator[None]:
    """Turn any error of pandas and Arrow into a ValueError.

    A damaged parquet file can make them raise nearly any exception, such as a KeyError.
    The caller names the file.
    """
    try:
        yield
    except (UserError, OSError, ValueError):
        raise
    except Exception as error:
        raise ValueError(f"the file is damaged ({error!r})") from error


def check_same_kind(chosen: Sequence[Table]) -> None:
    """Check that all tables have pictures or pixels of the same shape, and groups or none.

    Raises:
        UserError: they don't.
    """
    first = chosen[0]
    for table in chosen:
        has_pictures = table.columns.has_pictures
        if has_pictures != first.columns.has_pictures or table.shape != first.shape:
            raise UserError(
                f"{table.path.name} and {first.path.name} have different kinds of images; move "
                "one of them elsewhere"
            )
        if ("group" in table.rows) != ("group" in first.rows):
            raise UserError(
                f"only one of {table.path.name} and {first.path.name} has a column of groups; "
                "add it to the other one, or delete it"
            )


def find_encoded_column(schema: Any) -> str | None:
    """Return the column of a parquet file that has the pictures themselves, or None."""
    for field in schema or []:
        types = [field.type]
        if pa.types.is_struct(field.type):
            types = [child.type for child in field.type.fields if child.name == "bytes"]
        if any(pa.types.is_binary(each) or pa.types.is_large_binary(each) for each in types):
            return str(field.name)
    return None


def find_class_names(schema: Any, column: str) -> list[str] | None:
    """Return the names of the classes that Hugging Face stores in a parquet file, or None."""
    metadata = (schema.metadata or {}) if schema else {}
    try:
        content = json.loads(metadata.get(b"huggingface", "{}"))
        names = content["info"]["features"][column]["names"]
    except (LookupError, TypeError):  # it says nothing about this column
        return None
    except RecursionError:
        raise ValueError("its key `huggingface` has too many levels") from None
    if not (isinstance(names, list) and all(isinstance(name, str) for name in names)):
        raise ValueError(f"its key `huggingface` has no names of classes, but {names!r:.80}")
    return names


def find_csv_options(path: Path) -> dict[str, Any]:
    """Return the arguments with which `pandas.read_csv` reads a file."""
    if is_list(path):
        names = ["file", "class"]
        return CSV_OPTIONS | {"sep": LIST_SEPARATOR, "names": names, "engine": "python"}
    with path.open(encoding="utf-8-sig") as file:
        header = file.readline()
    return CSV_OPTIONS | {"sep": max([",", ";", "\t"], key=header.count)}  # a comma if none


def check_header(path: Path, names: Sequence[str], separator: str) -> None:
    """Check that the first line of a CSV file has the names of columns.

    Args:
        path: the file.
        names: the values in its first line.
        separator: what separates them.

    Raises:
        UserError: it has values.
    """
    has_class = any(simplify(name) in CLASS_COLUMNS for name in names)
    has_file = any(name.strip().lower().endswith(pictures.SUFFIXES) for name in names)
    are_numbers = all(re.fullmatch(r"\s*-?[\d.]+\s*", name) for name in names)
    first = names[0].strip()
    is_numbered = first in {"0", "1"} and names[-1] == str(int(first) + len(names) - 1)
    if has_class or not (has_file or (are_numbers and not is_numbered)):
        return
    pixels = f"$(seq -s '{separator}' {len(names) - 1})"
    header = separator.join(["file", "class"] if has_file else ["class", pixels])
    order = "files and classes" if has_file else "classes, then pixels"
    last = "" if has_file else "; if the classes are last, write `class` last in this header"
    raise UserError(
        f"its first line has values, not the names of columns; if these are {order}, run: "
        f"{{ echo \"{header}\"; cat '{path}'; }} > table && mv table '{path}'{last}"
    )


def to_pixels(columns: pd.DataFrame, path: Path) -> Any:
    """Return the values of columns of pixels.

    Args:
        columns: the columns.
        path: their file.

    Raises:
        UserError: they are not numbers, or fractions from 0 to 1.
    """
    not_numeric = list(columns.select_dtypes(exclude=["number", "bool"]))
    if not_numeric:
        raise UserError(f"the column {not_numeric[0]} has values that are not numbers")
    values = columns.to_numpy()
    is_share = values.dtype.kind == "f" and 0 <= values.min() <= values.max() <= 1
    if is_share and (values % 1).any():
        kind = "parquet" if path.suffix == ".parquet" else "csv"
        raise UserError(
            "its pixels are fractions from 0 to 1, expected whole numbers from 0 to 255; run: "
            f"python -c \"import pandas as pd; t = pd.read_{kind}('{path}'); c = "
            "t.columns[t.dtypes == float]; t[c] = (t[c] * 255).round().astype(int); "
            f"t.to_{kind}('{path}', index=False)\""
        )
    return values
