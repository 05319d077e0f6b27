"""The columns that an image may have besides its class, from a table to its prediction.

The key of a layout, the column of the tables of images and that of the tables of predictions
have the name that a column has here. docs/extending.md shows how to add one.

No stage depends on this module: a new column changes no output before `params.yaml` uses it.
"""

from typing import NamedTuple


class Column(NamedTuple):
    """How the values of a column are stored.

    Attributes:
        checksum: the key of `sha256` in params.yaml that has the checksum of the values.
        dtype: NumPy's type of the stored values.
        has_names: whether the values are names. They are numbered in the order of their first
            images, and the list of the names is in the `attrs` of the table.
    """

    checksum: str
    dtype: str
    has_names: bool = False


COLUMNS = {
    # Images of the same writer, patient or day, for example.
    "group": Column("groups", "uint32", has_names=True),
}


def names_key(column: str) -> str:
    """Return the key of the `attrs` of a table that has the names of a column."""
    return f"{column}_names"
