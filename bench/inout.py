"""Read and write once more the tables and models that the stages read and write; print the seconds as JSON.

Takes a project that has run.
"""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.peers.dag import stages
from digits.io import parquet
from digits.io.tables import IMAGES, LABELS, OUT_OF_FOLD
from digits.learning import models
from digits.support import cli

import pyarrow.parquet as pq

SCRATCH = Path("scratch")


def read(kind: str, path: Path) -> None:
    """Read a file as that kind of stage does."""
    if path.parts[0] == "models":
        models.load(path)
    elif path.parts[1] == "split" and kind != "binarize":
        parquet.read_pixels(path)
    else:
        contract = {"labels": LABELS, "crossval": OUT_OF_FOLD}.get(path.parts[1], IMAGES)
        parquet.read(path, contract, ["row", "class"] if kind == "binarize" else None)


def seconds(function: Callable[..., Any], *arguments: object) -> float:
    """Return how long a call takes."""
    begin = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - begin


def main() -> None:
    """Read, write, and print."""
    cli.parser(__doc__, "").parse_args()
    outputs = [Path(path) for stage in stages() for path in stage.outputs]
    reading = sum(seconds(read, stage.kind, Path(path)) for stage in stages() for path in stage.inputs)
    writing = sum(seconds(parquet.write, SCRATCH, pq.read_table(path)) for path in outputs if path.suffix == ".parquet")
    writing += sum(seconds(models.save, SCRATCH, models.load(path)) for path in outputs if path.suffix == ".joblib")
    SCRATCH.unlink()
    print(json.dumps({"read": reading, "write": writing}))


if __name__ == "__main__":
    cli.run(main)
