"""Files that are there or named as missing, and that are written whole or not at all."""

import csv
import io
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from digits.common.cli import PipelineError


def expect(path: Path, stage: str = "") -> None:
    """Check that an output of the pipeline is there.

    Raises:
        PipelineError: it is not; what makes it is named, the `stage` where it is known.
    """
    if not path.exists():
        command = f"dvc repro {stage}".rstrip()
        raise PipelineError(f"{path} is not here; `{command}` makes it, `dvc pull` fetches it")


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Make the folder of `path` for what is written in the block; if nothing is, new folders go again.

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
def whole(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`, renamed to `path` when the block ends well and deleted when it fails.

    The name is always the same one, so what a killed run left behind is overwritten by the next.

    Raises:
        PipelineError: as `writing` does.
    """
    temporary = path.with_name(f".{path.name}.part")
    with writing(path):
        try:
            yield temporary
            temporary.replace(path)
        finally:
            delete(temporary)


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Give a temporary folder as `whole` gives a file; if one file alone is in it at the end, that one becomes `path`.

    Raises:
        PipelineError: as `whole` does.
    """
    with whole(path) as temporary:
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
    with whole(path) as temporary:
        temporary.write_bytes(text.encode())


def write_json(path: Path, values: Mapping[str, object]) -> None:
    """Write `values` with sorted keys, indented, so that Git shows a change as a line."""
    write_text(path, json.dumps(values, indent=2, sort_keys=True, allow_nan=False) + "\n")


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a comma-separated table with a header line."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    write_text(path, text.getvalue())
