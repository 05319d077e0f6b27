"""Blocks of values with a schema, and what is wrong with one in a line."""

from pathlib import Path
from typing import Any, TypeVar

from digits.support.errors import ParameterError, require_choice, shorten, show

from pydantic import BaseModel, ConfigDict, ValidationError


class Section(BaseModel):
    """A block of named values. Unknown keys and values of another type are errors."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


Block = TypeVar("Block", bound=Section)


def validate(schema: type[Block], values: Any, file: Path, *where: str) -> Block:
    """Return the values at `where` in a file as their schema has them; a ParameterError names the first mistake."""
    try:
        return schema.model_validate(values)
    except ValidationError as invalid:
        error = invalid.errors()[0]
    *block, key = path = [f"{file}: {'.'.join(where)}", *(shorten(str(part), 100) for part in error["loc"])]
    found = show(error["input"])
    match error["type"]:
        case "extra_forbidden" if len(block) == 1:
            require_choice(block[0], key, schema.model_fields)
        case "extra_forbidden":
            raise ParameterError(f"{'.'.join(block)}: there is no {key!r}")
        case "missing":
            raise ParameterError(f"{'.'.join(path)} is missing")
        case "model_type":
            raise ParameterError(f"{'.'.join(path)}: must be a block of keys and values, not {found}")
    message = error["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
    raise ParameterError(f"{'.'.join(path)}: {message}" + (f", not {found}" if error["loc"] else ""))
