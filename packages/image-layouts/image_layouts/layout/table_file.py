"""A file with a table: CSV, parquet or Arrow."""

import codecs
import gzip
import io
import posixpath
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from image_layouts.errors import LayoutError, shorten
from image_layouts.layout import columnar_file
from image_layouts.layout.columnar_file import ColumnarFile, is_columnar
from image_layouts.layout.hugging_face import is_binary

MAX_TEXT_COLUMNS = 100  # a CSV file with more columns is not read as a whole
N_SAMPLE_ROWS = 200
N_BYTES = 100_000  # the number of bytes from which the encoding and the separator are guessed

# Files with these endings are tables.
TABLE_ENDINGS = (".csv", ".tsv", *columnar_file.ENDINGS)
# Files with these endings may be tables.
LIST_ENDINGS = (".txt", ".lst", ".data", ".amat", ".train", ".test", ".tra", ".tes")

# The separators of the key `separator` with a name, as regular expressions. `last blank` splits
# `a path/1.jpg cat` before `cat`, because a path may have blanks itself.
SEPARATORS = {"blanks": r"\s+", "last blank": r"[\s,]+(?=[^\s,]+\s*$)"}
TOO_MANY_VALUES = re.compile(r"Expected (\d+) fields in line (\d+), saw (\d+)")  # says pandas


def find_ending(name: str) -> str:
    """Return the suffix of a file in lower case, without `.gz`: `.csv` for `A.CSV.gz`."""
    return posixpath.splitext(name.lower().removesuffix(".gz"))[1]


def read_bytes(path: Path, n_bytes: int = -1) -> bytes:
    """Return the first `n_bytes` bytes of a file, or all. It may be compressed by gzip."""
    open_file = gzip.open if path.suffix.lower() == ".gz" else open
    with open_file(path, "rb") as opened:
        return opened.read(n_bytes)


def read_start(path: Path) -> bytes:
    """Return the first lines of a file, or its first bytes if they are long."""
    start = read_bytes(path, N_BYTES)
    is_whole_file = len(start) < N_BYTES
    if is_whole_file:
        return start
    lines, newline, _ = start.rpartition(b"\n")
    return lines + newline if newline else start


class TableFile:
    """A CSV, parquet or Arrow file.

    The columns of pixels and pictures are read in blocks. All other columns must fit into
    memory.

    Attributes:
        path: the file.
        columnar: the opened file, or None for a CSV file.
        start: the first lines of a CSV file.
        cached_columns: the columns that have been read as strings so far.
    """

    def __init__(self, path: Path, separator: str, encoding: str, *, header: bool) -> None:
        """Open a file.

        Args:
            path: the file.
            separator: the key `separator` of a layout.
            encoding: the key `encoding`.
            header: the key `header`. These three keys only matter for a CSV file.

        Raises:
            LayoutError: the file cannot be read.
        """
        self.path = path
        self.csv_options: dict[str, Any] = {
            "keep_default_na": False,  # a class may be called NA
            "sep": SEPARATORS.get(separator, separator),
            "encoding": encoding,
            "header": 0 if header else None,
        }
        if separator == "last blank":
            self.csv_options["engine"] = "python"  # the only engine with lookahead
        self.cached_columns = pd.DataFrame()
        self.start = ""
        with self.report_unreadable():
            self.columnar = ColumnarFile(path) if is_columnar(path) else None
            if self.columnar is None:
                if path.suffix.lower() == ".gz" and is_columnar(path.with_suffix("")):
                    raise LayoutError("it is compressed; unpack it by gunzip")
                # The start may end in the middle of a character.
                decoder = codecs.getincrementaldecoder(encoding)()
                self.start = decoder.decode(read_start(path))

    @property
    def schema(self) -> Any:
        """The schema of a parquet or Arrow file, or None for a CSV file."""
        return None if self.columnar is None else self.columnar.schema

    @property
    def dropped(self) -> str:
        """The columns that are left out, with their types: `tags (list<item: string>)`."""
        dropped = {} if self.columnar is None else self.columnar.dropped
        return shorten([f"{name} ({column_type})" for name, column_type in dropped.items()])

    @cached_property
    def names(self) -> list[str]:
        """The names of the columns, or their numbers from 1 if the file has no header.

        Raises:
            LayoutError: two columns have the same name, or the file cannot be read.
        """
        with self.report_unreadable():
            names = self.read_header() if self.columnar is None else self.schema.names
            if not names:
                raise LayoutError(
                    f"no column has texts, numbers, or images that can be read: {self.dropped}"
                )
            repeated = [name for name, number in Counter(names).items() if number > 1]
            if repeated:
                raise LayoutError(f"two columns have the name {repeated[0]!r}")
            return names

    def read_header(self) -> list[str]:
        """Return the names of the columns of a CSV file."""
        first_line = self.read_first_row(self.csv_options | {"header": None})
        if first_line.empty:
            raise LayoutError("it is empty")
        if self.csv_options["header"] is None:
            return [str(number + 1) for number in range(first_line.shape[1])]
        first_row = self.read_first_row(self.csv_options)
        # If a row has more values than the header, pandas makes the first column the index.
        has_numbered_rows = isinstance(first_row.index, pd.RangeIndex)
        if len(first_row) and not has_numbered_rows:
            raise LayoutError(
                f"its first line has {first_line.shape[1]} values, but the next one has more; "
                "add a name, or delete the commas at the ends of lines"
            )
        names = [str(name).strip() for name in first_line.iloc[0]]
        others_are_blank = not any(names[1:])
        if len(names) > 1 and others_are_blank:
            raise LayoutError("its first line has one value; if it is a title, delete it")
        # pandas writes the index as a column without a name.
        return [name or f"unnamed: {number}" for number, name in enumerate(names)]

    def read_first_row(self, options: dict[str, Any]) -> pd.DataFrame:
        """Return the first row of a CSV file as strings."""
        has_two_lines = self.start.count("\n") > 1
        source = io.StringIO(self.start) if has_two_lines else self.path
        return pd.read_csv(source, **options, dtype=str, nrows=1)

    @cached_property
    def sample(self) -> pd.DataFrame:
        """The first rows. pandas has converted columns of numbers."""
        no_rows = pd.DataFrame(columns=self.names)
        return next(self.read_blocks(self.names, N_SAMPLE_ROWS), no_rows)

    def check_names(self, names: Sequence[str]) -> None:
        """Check that there are columns.

        Raises:
            LayoutError: one is missing.
        """
        for name in names:
            if name not in self.names:
                dropped = f"; not read: {self.dropped}" if self.dropped else ""
                raise LayoutError(
                    f"there is no column {name!r}, but {shorten(self.names)}{dropped}"
                )

    def is_nested(self, name: str) -> bool:
        """Return whether a column has lists or structures of values."""
        return self.schema is not None and pa.types.is_nested(self.schema.field(name).type)

    def read_texts(self, names: Sequence[str], *, whole: bool = False) -> pd.DataFrame:
        """Return columns as strings. A missing value is "".

        Args:
            names: the columns.
            whole: whether to read all columns of a CSV file at the first call, unless there are
                many. Then no later call reads the file again, and a row with too many values is
                an error.

        Raises:
            LayoutError: a column is missing, or the file cannot be read.
        """
        self.check_names(names)
        is_csv = self.columnar is None
        read = self.read_csv if is_csv else self.read_columns
        read_all = whole and is_csv and len(self.names) <= MAX_TEXT_COLUMNS
        cached = self.cached_columns
        is_first_call = cached.columns.empty
        new = self.names if read_all and is_first_call else list(names)
        new = [name for name in new if name not in cached]
        with self.report_unreadable():
            if is_first_call:
                self.cached_columns = read(new)
            elif new:
                self.cached_columns = pd.concat([cached, read(new)], axis=1)
        return self.cached_columns[list(names)]

    def read_csv(self, names: Sequence[str]) -> pd.DataFrame:
        """Return columns of a CSV file as strings, in the order of the file."""
        positions = sorted(self.names.index(name) for name in names)
        # pandas reports a row with too many values only without `usecols`.
        usecols = positions if len(positions) < len(self.names) else None
        frame = pd.read_csv(self.path, **self.csv_options, usecols=usecols, dtype=str)
        if self.csv_options["sep"] == SEPARATORS["blanks"]:
            is_short = (frame == "").any(axis=1)
            if is_short.any():
                raise LayoutError(
                    f"row {is_short.argmax() + 1} has fewer values than others; put quotation "
                    "marks around values with blanks"
                )
        return frame.set_axis([self.names[i] for i in positions], axis=1).fillna("")

    def read_columns(self, names: Sequence[str]) -> pd.DataFrame:
        """Return columns of a parquet or Arrow file as strings."""
        assert self.columnar is not None
        for name in names:
            if self.is_nested(name):
                raise LayoutError(f"the column {name} has lists or structures of values")
            if is_binary(self.schema.field(name).type):
                raise LayoutError(f"the column {name} has pictures, not texts")
        # pandas' type `string` keeps missing values, so that `fillna` finds them.
        return self.columnar.read(names).astype("string").fillna("").astype(str)

    def read_blocks(self, names: Sequence[str], n_rows: int) -> Iterator[pd.DataFrame]:
        """Yield columns, `n_rows` rows at a time. pandas has converted columns of numbers.

        Raises:
            LayoutError: the file cannot be read.
        """
        with self.report_unreadable():
            if self.columnar is not None:
                yield from self.columnar.read_blocks(names, n_rows)
                return
            positions = [self.names.index(name) for name in names]
            options = {**self.csv_options, "chunksize": n_rows}
            if "engine" not in options:
                options["low_memory"] = False  # a column has one type in all rows of a block
            # Without `usecols`, a row with too many values is an error.
            with pd.read_csv(self.path, **options) as blocks:
                for block in blocks:
                    yield block.iloc[:, positions].set_axis(list(names), axis=1)

    @contextmanager
    def report_unreadable(self) -> Iterator[None]:
        """Turn errors of pandas and Arrow into LayoutErrors, which name the file.

        A damaged parquet file can raise nearly any exception, such as a KeyError.
        """
        try:
            yield
        except LayoutError as error:
            start = f"{self.path.name}: "
            # If two such contexts are nested, the inner one has already named the file.
            raise LayoutError(start + error.message.removeprefix(start)) from None
        except UnicodeDecodeError as error:
            raise LayoutError(
                f"{self.path.name} is not in {error.encoding}; write its encoding, such as "
                "latin-1, into the layout, as the key `encoding`"
            ) from None
        except pd.errors.ParserError as error:
            match = TOO_MANY_VALUES.search(str(error))
            found = (
                f"line {match[2]} has {match[3]} values, expected {match[1]}"
                if match
                else error
            )
            raise LayoutError(
                f"{self.path.name}: {found}; put quotation marks around values with separators"
            ) from None
        except (MemoryError, OSError, ValueError) as error:
            raise LayoutError(f"{self.path.name}: {error}") from None
        except Exception as error:
            raise LayoutError(f"{self.path.name}: the file is damaged ({error!r})") from error
