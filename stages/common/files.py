"""Files that are there or named as missing, and that are written whole or not at all."""

from common.cli import PipelineError

import csv
import io
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path


def expect(path: Path, stage: str = "") -> None:
    """Check that an output of the pipeline is there.

    Raises:
        PipelineError: it is not; what makes it is named, the `stage` where it is known.
    """
    if not path.exists():
        raise PipelineError(f"{path} is not here; `{f'dvc repro {stage}'.strip()}` makes it, `dvc pull` fetches it")


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`, renamed to `path` when the block ends well and deleted when it fails.

    The name is always the same one, so what a killed run left behind is overwritten by the next.

    Raises:
        PipelineError: the disk is full, read-only or broken; the file is named, which the system does not always do.
    """
    temporary = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        temporary.replace(path)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise PipelineError(f"{path} cannot be written: {reason}") from None
    finally:
        with suppress(OSError):
            temporary.unlink()


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
