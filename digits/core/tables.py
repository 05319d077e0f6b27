"""Read and write tables as parquet files, which `pandas.read_parquet` can read, too.

docs/pipeline.md describes the columns of all tables. Values that all rows of a table share are
in its `attrs`, a dictionary that pandas stores in the file. Parquet's checksums are verified,
so a damaged file raises an error.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

from digits.core.files import atomic_write
from digits.messages.errors import DAMAGED_FILE_HINT, UserError, check_exists

# What pandas and PyArrow raise for a damaged file.
DAMAGE_ERRORS = (OSError, ValueError, KeyError, TypeError, NotImplementedError)


def read(path: Path, columns: list[str] | None = None) -> pd.DataFrame:
    """Read a table, or only some of its columns.

    Raises:
        UserError: the file is missing or damaged.
    """
    check_exists(path)
    with explain_damage(path):
        return pd.read_parquet(path, columns=columns, page_checksum_verification=True)


def write(path: Path, table: pd.DataFrame) -> None:
    """Write a table, and create its folder. The same rows give the same bytes."""
    with atomic_write(path) as temporary:
        table.to_parquet(temporary, compression="zstd", index=False, write_page_checksum=True)


@contextmanager
def explain_damage(path: Path) -> Iterator[None]:
    """Turn the error of a damaged file into a UserError that says what to do."""
    try:
        yield
    except DAMAGE_ERRORS as error:
        # The operating system's errors have an errno, and PyArrow's have none.
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise UserError(f"{path} cannot be read ({error}); {DAMAGED_FILE_HINT}") from None
