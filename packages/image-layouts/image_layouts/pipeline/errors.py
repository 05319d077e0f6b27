"""What the core raises becomes what `digits` prints in one line."""

from collections.abc import Iterator
from contextlib import contextmanager

from digits.messages.errors import UserError
from image_layouts.errors import LayoutError


@contextmanager
def as_user_errors() -> Iterator[None]:
    """Turn a LayoutError into a UserError."""
    try:
        yield
    except LayoutError as error:
        raise UserError(error.message) from None
