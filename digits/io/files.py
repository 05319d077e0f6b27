"""Files: required to exist, and written atomically."""

import csv
import io
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from digits.support.errors import PipelineError

DECIMALS = 6  # of every figure in a file of results: the last bits, which may differ between machines, do not show


def require(path: Path, stage: str = "") -> None:
    """Require that an output is there; if not, a PipelineError names the command that makes it, and the stage."""
    if not path.exists():
        command = f"dvc repro {stage}".rstrip()
        raise PipelineError(f"{path} is not here; `{command}` makes it, `dvc pull` fetches it")


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`, renamed to it when the block succeeds and deleted when it fails.

    The block may make a folder there; a file that is alone in it becomes `path` itself. Where the disk is full or
    read-only, a PipelineError names `path`.
    """
    temporary = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        delete(temporary)  # what a killed run left
        yield temporary
        parts = list(temporary.iterdir()) if temporary.is_dir() else [temporary]
        result = parts[0] if len(parts) == 1 else temporary
        if result.is_dir() or path.is_dir():  # a rename replaces no folder, and no file by a folder
            delete(path)
        result.replace(path)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise PipelineError(f"{path} cannot be written: {reason}") from None
    finally:
        delete(temporary)


def delete(path: Path) -> None:
    """Delete a file, or a folder with all that is in it, if it is there and can be."""
    with suppress(OSError):
        path.unlink()
    shutil.rmtree(path, ignore_errors=True)


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8 with Unix line ends, the same bytes on every system."""
    with atomic_write(path) as temporary:
        temporary.write_bytes(text.encode())


def write_json(path: Path, values: Mapping[str, object]) -> None:
    """Write values with sorted keys and rounded figures, indented, so that Git shows a change as a line."""
    write_text(path, json.dumps(rounded(values), indent=2, sort_keys=True, allow_nan=False) + "\n")


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a comma-separated table with a header line and rounded figures."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([header, *map(rounded, rows)])
    write_text(path, text.getvalue())


def rounded(values: Any) -> Any:
    """Round every figure in nested dictionaries and sequences to `DECIMALS`."""
    if isinstance(values, Mapping):
        return {key: rounded(value) for key, value in values.items()}
    if isinstance(values, list | tuple):
        return [rounded(value) for value in values]
    return round(float(values), DECIMALS) if isinstance(values, float) else values
