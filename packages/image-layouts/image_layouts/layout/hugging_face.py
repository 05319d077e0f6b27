"""The schema of a file from Hugging Face: columns of images, and names of classes."""

import json
from typing import Any

import pyarrow as pa


def find_image_columns(schema: Any) -> dict[str, str]:
    """Return the columns that have images, each with its key in a layout.

    The key is `picture` for encoded pictures, and `pixels` for lists of numbers.
    """
    keys = {}
    for field in schema:
        if holds_bytes(field.type):
            keys[str(field.name)] = "picture"
        elif holds_numbers(field.type):
            keys[str(field.name)] = "pixels"
    return keys


def holds_bytes(column_type: Any) -> bool:
    """Return whether a column has bytes, or structures with a field `bytes`."""
    if pa.types.is_struct(column_type):
        return any(
            field.name == "bytes" and holds_bytes(field.type) for field in column_type.fields
        )
    return is_binary(column_type)


def is_binary(column_type: Any) -> bool:
    """Return whether a column has bytes."""
    types = pa.types
    kinds = (types.is_binary, types.is_large_binary, types.is_fixed_size_binary)
    return any(is_kind(column_type) for is_kind in kinds)


def holds_numbers(column_type: Any) -> bool:
    """Return whether a column has lists of numbers, or lists of such lists."""
    is_list = pa.types.is_list(column_type) or pa.types.is_large_list(column_type)
    if not is_list and not pa.types.is_fixed_size_list(column_type):
        return False
    inner = column_type.value_type
    return holds_numbers(inner) or pa.types.is_integer(inner) or pa.types.is_floating(inner)


def find_class_names(schema: Any, column: str) -> list[str] | None:
    """Return the names of the classes whose numbers are in a column, or None."""
    if schema is None or schema.metadata is None:
        return None
    metadata = json.loads(schema.metadata.get(b"huggingface", "{}"))
    try:
        names = metadata["info"]["features"][column]["names"]
    except (LookupError, TypeError):  # the metadata does not describe this column
        return None
    return [str(name) for name in names] if names else None
