"""Write files atomically."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from digits.messages.errors import UserError


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`, and rename the file to `path` at the end.

    If the block fails, or the process is killed, no file at `path` is half written. Two
    processes or threads may write the same file. The last one to end wins. Only write inside
    the block: every OSError in it is reported as a failure to write `path`.

    Raises:
        UserError: the file cannot be written, for example because the disk is full.
    """
    writer = f"{os.getpid()}-{threading.get_ident()}"
    temporary = path.with_name(f".{path.name}.{writer}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield temporary
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error}") from error
