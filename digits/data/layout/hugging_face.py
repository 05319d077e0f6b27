"""What the schema of a parquet file says of its columns, as Hugging Face writes it."""

import json
from typing import Any

import pyarrow as pa


def find_encoded_column(schema: Any) -> str | None:
    """Return the column that has the pictures themselves, or None. A CSV file has no schema."""
    for field in schema or []:
        if holds_bytes(field.type):
            return str(field.name)
    return None


def holds_bytes(column_type: Any) -> bool:
    """Return whether a column has bytes, or structures with a field `bytes`."""
    if pa.types.is_struct(column_type):
        return any(
            field.name == "bytes" and holds_bytes(field.type) for field in column_type.fields
        )
    return bool(pa.types.is_binary(column_type) or pa.types.is_large_binary(column_type))


def find_class_names(schema: Any, column: str) -> list[str] | None:
    """Return the names of the classes whose numbers are in a column, or None."""
    if schema is None or schema.metadata is None:
        return None
    content = json.loads(schema.metadata.get(b"huggingface", "{}"))
    try:
        names = content["info"]["features"][column]["names"]
    except (LookupError, TypeError):  # it says nothing about this column
        return None
    return [str(name) for name in names or []]
