"""Measure the pipeline on more and more rows, and write the tables of docs/large.md.

Runs the stages of large/ on 70 000, 700 000 and 8 100 000 rows, each in a process of its own, and beside them a bare
copy of the same tables by pyarrow. Takes about twenty minutes and 15 GB of disk; keep the machine quiet meanwhile.
Where MNIST's servers cannot be reached, set DATA_MIRROR. Run from the repository: python -m bench.scale [ROWS ...]
"""

import hashlib
import json
import shlex
import shutil
import tempfile
from pathlib import Path
from typing import NamedTuple

import yaml

from bench import measuring
from digits.common import cli

PAGE = Path("docs", "large.md")
ROWS = [70_000, 700_000, 8_100_000]
COMMANDS = """
import json
from dvc.repo import Repo
commands = {stage.addressing: stage.cmd for stage in Repo().index.stages}
print(json.dumps({stage: command for stage, command in commands.items() if stage != "report"}))
"""
COPY = """
import sys
from pathlib import Path
import pyarrow.parquet as pq
place = Path(sys.argv[1])
for source in sorted(place.iterdir()) if place.is_dir() else [place]:
    file = pq.ParquetFile(source)
    with pq.ParquetWriter("copy.parquet", file.schema_arrow, compression="zstd") as writer:
        for group in range(file.num_row_groups):
            writer.write_table(file.read_row_group(group))
"""


class Stage(NamedTuple):
    """What a stage took: seconds, the peak memory in MiB, and the size of what it has made in MB."""

    seconds: float
    memory: float
    size: float


def size(paths: list[Path]) -> float:
    """Return how much disk files and folders take, in MB."""
    files = [file for path in paths for file in ([path] if path.is_file() else path.rglob("*")) if file.is_file()]
    return sum(file.stat().st_size for file in files) / 1e6


def record(large: Path, name: str) -> None:
    """Write what `evaluate` looks up in dvc.lock: the digest of the model."""
    path = Path("models", f"{name}.joblib")
    digest = hashlib.md5((large / path).read_bytes(), usedforsecurity=False).hexdigest()
    lock = {"stages": {f"train@{name}": {"outs": [{"path": path.as_posix(), "md5": digest}]}}}
    (large / "dvc.lock").write_text(yaml.safe_dump(lock))


def measure(folder: Path, rows: int) -> tuple[dict[str, Stage], dict[str, float]]:
    """Run every stage, and a bare copy of the table that `split` reads; return also the error of each experiment."""
    project = measuring.cold(folder)
    measuring.python(project, "-m", "tools.large", str(rows))
    large = project / "large"
    stages, errors = {}, {}
    for stage, command in json.loads(measuring.python(large, "-c", COMMANDS).output).items():
        kind, _, name = stage.partition("@")
        if kind == "evaluate":
            record(large, name)
        measuring.say(f"{rows} rows: {stage}")
        run = measuring.python(large, *shlex.split(command)[1:])
        made = {
            "fetch": ["data/raw"],
            "split": ["data/split"],
            "binarize": ["data/labels"],
            "train": [f"models/{name}.joblib", f"data/crossval/{name}.parquet"],
            "evaluate": [f"data/predictions/{name}.parquet"],
        }[kind]
        label = stage if kind in {"train", "evaluate"} else kind
        stages[label] = Stage(run.seconds, run.memory, size([large / path for path in made]))
        if kind == "evaluate":
            errors[name] = json.loads((large / "metrics" / f"{name}.json").read_text())["test"]["error_rate"]
        if kind == "split":
            measuring.say(f"{rows} rows: bare copy")
            run = measuring.python(large, "-c", COPY, "data/raw/mnist.parquet")
            stages["bare copy of raw"] = Stage(run.seconds, run.memory, 0)
            (large / "copy.parquet").unlink()
    shutil.rmtree(folder)
    return stages, errors


def main() -> None:
    """Measure, print, write."""
    parser = cli.parser(__doc__, "-m bench.scale", "-m bench.scale 70000 140000")
    parser.add_argument("rows", nargs="*", type=int, metavar="ROWS", help="other numbers; write no page")
    counts = sorted(parser.parse_args().rows)
    with tempfile.TemporaryDirectory(dir=Path().resolve().parent) as folder:
        measured = {rows: measure(Path(folder, str(rows)), rows) for rows in counts or ROWS}
    headers = [f"{rows:,}" for rows in measured]
    first, last = min(measured), max(measured)
    stages = list(measured[first][0])

    def table(what: str, value: str, form: str, growth: bool) -> list[str]:
        lines = []
        for stage in stages:
            values = [getattr(measured[rows][0][stage], value) for rows in measured]
            if value == "seconds":
                values = [1e6 * seconds / rows for seconds, rows in zip(values, measured, strict=True)]
            if any(values):
                ratio = [f"{values[-1] / values[0]:.2f} ×"] if growth else []
                lines.append([f"`{stage}`", *(format(each, form) for each in values), *ratio])
        return measuring.table([what, *headers, *([f"{last:,} ÷ {first:,}"] if growth else [])], lines)

    lines = [
        *table("peak memory, MiB", "memory", ".0f", growth=True),
        "",
        *table("microseconds a row", "seconds", ".1f", growth=True),
        "",
        *table("on disk, MB", "size", ".1f", growth=False),
        "",
        *measuring.table(
            ["error on MNIST's 10 000 test images", *headers],
            [[f"`{name}`", *(f"{measured[rows][1][name]:.2%}" for rows in measured)] for name in measured[first][1]],
        ),
        "",
        measuring.machine(),
    ]
    print("\n".join(lines))
    if not counts:
        measuring.put(PAGE, "scale", lines)


if __name__ == "__main__":
    cli.run(main)
