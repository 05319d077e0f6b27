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
def writable(path: Path) -> Iterator[None]:
    """Make the folder of `path` for what is written in the block; new folders that stay empty are removed again.

    Raises:
        PipelineError: the disk is full, read-only or broken; `path` is named, which the system does not always do.
    """
    new = [folder for folder in path.parents if not folder.exists()]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise PipelineError(f"{path} cannot be written: {reason}") from None
    finally:
        for folder in new:
            with suppress(OSError):
                folder.rmdir()


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`, renamed to it when the block succeeds and deleted when it fails.

    The name is always the same one, so what a killed run left behind is overwritten by the next.
    """
    temporary = path.with_name(f".{path.name}.part")
    with writable(path):
        try:
            yield temporary
            temporary.replace(path)
        finally:
            delete(temporary)


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Yield a temporary folder as `atomic_write` yields a file; a single file in it becomes `path` itself."""
    with atomic_write(path) as temporary:
        delete(temporary)
        temporary.mkdir()
        yield temporary
        first, *others = temporary.iterdir()
        if not others:
            alone = first.replace(path.with_name(f".{path.name}.alone.part"))
            temporary.rmdir()
            alone.replace(temporary)
        if others or path.is_dir():  # a folder replaces nothing but an empty one
            delete(path)


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
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(map(rounded, rows))
    write_text(path, text.getvalue())


def rounded(values: Any) -> Any:
    """Round every figure in nested dictionaries and sequences to `DECIMALS`."""
    if isinstance(values, Mapping):
        return {key: rounded(value) for key, value in values.items()}
    if isinstance(values, list | tuple):
        return [rounded(value) for value in values]
    return round(float(values), DECIMALS) if isinstance(values, float) else values
