"""Read and write once more what the stages read and write, and hash what DVC hashes; print the seconds as JSON.

Takes a project that has run. `read` and `write` are of parquet and models, as many times as the stages do it; `hash`
is the MD5 of every output. Run from the project: python -m bench.inout
"""

import hashlib
import json
import shlex
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench import measuring
from digits.common import cli, tables
from digits.learning import models

seconds: defaultdict[str, float] = defaultdict(float)


def timed(what: str, do: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    """Call, and count the seconds."""
    begin = time.perf_counter()
    done = do(*arguments, **named)
    seconds[what] += time.perf_counter() - begin
    return done


def replay(kind: str, paths: list[Path]) -> None:
    """Read a stage's parquet files and its model as the stage does."""
    match kind, paths:
        case "split", [_, images, *_]:
            timed("read", tables.read, images)
        case "binarize", [train, test, _]:
            for part in (train, test):
                timed("read", tables.read, part, ["row", "class"])
        case "train", [_, images, labels, *_]:
            timed("read", tables.read_labels, images, labels / "train.parquet")
            timed("read", tables.read_pixels, images)
        case "evaluate", [model, train, test, labels, crossval, *_]:
            timed("read", models.load, model)
            timed("read", tables.read_labels, test, labels / "test.parquet")
            timed("read", tables.read_pixels, test)
            timed("read", tables.read_labels, train, labels / "train.parquet")
            timed("read", lambda: next(tables.pixels(train)))
            timed("read", tables.read, crossval)


def main() -> None:
    """Read, write, hash, and print."""
    cli.parser(__doc__, "-m bench.inout").parse_args()
    for name, command in measuring.stages(Path()).items():
        replay(measuring.kind(name), [Path(word) for word in shlex.split(command)[2:]])
    with tempfile.TemporaryDirectory() as folder:
        for path in sorted(Path("data").rglob("*.parquet")):
            timed("write", tables.write, Path(folder, "table"), tables.read(path))
        for path in sorted(Path("models").glob("*.joblib")):
            timed("write", models.save, Path(folder, "model"), models.load(path))
    made = [path for name in ("data", "models", "metrics", "plots") for path in Path(name).rglob("*") if path.is_file()]
    for path in [*made, Path("report.html")]:
        timed("hash", lambda path=path: hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest())
    print(json.dumps(seconds))


if __name__ == "__main__":
    cli.run(main)
