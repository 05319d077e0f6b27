"""Write files atomically, and report missing ones."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from digits.settings.errors import UserError

# What to do if a file is damaged.
REMEDY = (
    "delete it, then run `dvc repro`; if it comes back damaged, check the cache "
    "(docs/troubleshooting.md)"
)


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`, and rename the file to `path` at the end.

    If the block fails, or the process is killed, no file at `path` is half written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def check_exists(path: Path) -> None:
    """Check that a file exists.

    Raises:
        UserError: it doesn't. The message names the command that makes it.
    """
    if not path.exists():
        raise UserError(
            f"{path} was not found; `dvc repro` makes it, `dvc pull` fetches what was shared"
        )
