"""Read and write tables as parquet files, which `pandas.read_parquet` can read, too.

docs/pipeline.md describes the columns of all tables. Values that all rows of a table share are
in its `attrs`, a dictionary that pandas stores in the file. Parquet's checksums are verified,
so a damaged file raises an error.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pyarrow as pa

from digits.core.files import atomic_write
from digits.messages.errors import DAMAGED_FILE_HINT, UserError, check_exists


def read(path: Path, columns: list[str] | None = None) -> pd.DataFrame:
    """Read a table, or only some of its columns.

    Raises:
        UserError: the file is missing or damaged.
    """
    check_exists(path)
    with explain_damage(path):
        return read_parquet(path, columns)


def read_parquet(
    source: Path | io.BytesIO | pa.NativeFile, columns: list[str] | None = None
) -> pd.DataFrame:
    """Read a table from a parquet file or its content, and verify the checksums.

    Raises:
        OSError, ValueError: the file is damaged, or is not a parquet file.
    """
    return pd.read_parquet(source, columns=columns, page_checksum_verification=True)


def write(path: Path, table: pd.DataFrame) -> None:
    """Write a table, and create its folder. The same rows give the same bytes."""
    with atomic_write(path) as temporary:
        table.to_parquet(temporary, compression="zstd", index=False, write_page_checksum=True)


@contextmanager
def explain_damage(path: Path) -> Iterator[None]:
    """Turn the error of a damaged file into a UserError that says what to do."""
    try:
        yield
    # pandas and PyArrow raise any of these errors for a damaged file.
    except (OSError, ValueError, KeyError, TypeError, NotImplementedError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # by the operating system; PyArrow's errors have no errno
        raise UserError(f"{path} cannot be read ({error}); {DAMAGED_FILE_HINT}") from None
