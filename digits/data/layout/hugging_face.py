"""What a parquet file says of its columns, as Hugging Face writes it."""

import json
from typing import Any

import pyarrow as pa


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
