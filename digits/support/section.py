"""Blocks of values with a schema, and what is wrong with one in a line."""

from pathlib import Path
from typing import Any, TypeVar, get_args

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
    path = f"{file}: {'.'.join([*where, *(shorten(str(part), 100) for part in error['loc'])])}"
    match error["type"]:
        case "extra_forbidden":
            owner: Any = schema
            for part in error["loc"][:-1]:  # down to the block that holds the unknown key
                annotation = owner.model_fields[str(part)].annotation
                owner = next(kind for kind in get_args(annotation) or [annotation] if hasattr(kind, "model_fields"))
            require_choice(path.rpartition(".")[0], error["loc"][-1], owner.model_fields)
        case "missing":
            raise ParameterError(f"{path} is missing")
        case "model_type":
            raise ParameterError(f"{path}: must be a block of keys and values, not {show(error['input'])}")
    message = error["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
    raise ParameterError(f"{path}: {message}, not {show(error['input'])}")
