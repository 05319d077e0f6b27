"""Measure the pipeline on more and more rows, and write the tables of docs/scale/large.md.

The part `scale` runs the stages of large/ on 70 000, 700 000 and 8 100 000 rows, each in a process of its own, and
beside them a bare copy of the same tables by pyarrow: twenty minutes and 15 GB of disk, in TMPDIR. `steps` tells more
steps from more digits: the same models go through MNIST's own training images as often as it takes for as many steps.
Keep the machine quiet meanwhile. Where MNIST's servers cannot be reached, set DATA_MIRROR.
"""

import json
import math
import shutil
from pathlib import Path

from bench import measuring
from bench.dag import stages

PAGE = Path("docs", "scale", "large.md")
ROWS = [70_000, 700_000, 8_100_000]
TEST = 10_000
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
MEMORY, TIME, DISK, ERROR = FORMATS = {
    "peak memory, MiB": ".0f",
    "microseconds a row": ".1f",
    "on disk, MB": ".1f",
    "error on MNIST's 10 000 test images": ".2%",
}


def prepare(folder: Path, rows: int, passes: int = 1) -> Path:
    """Return the folder large/ of a new copy of the project, for so many rows and passes over them."""
    large = measuring.cold(folder / "project") / "large"
    values = measuring.parameters(large)
    values["datasets"]["mnist"]["enlarged"]["to"] = rows
    for block in values["experiments"].values():
        block["hyperparameters"]["max_iter"] = passes
    measuring.write_parameters(large, values)
    return large


def error(large: Path, experiment: str) -> float:
    """Return an experiment's error on the test part."""
    return 1 - float(json.loads((large / "metrics" / f"{experiment}.json").read_text())["accuracy"])


def size(path: Path) -> float:
    """Return how much disk a table, a folder of a table's parts or a model takes, in MB."""
    return sum(file.stat().st_size for file in [path, *path.rglob("*")] if file.is_file()) / 1e6


def measure(folder: Path, rows: int) -> dict[str, dict[str, float]]:
    """Run every stage, and a bare copy of the table that `split` reads; return what each table has of them."""
    large = prepare(folder, rows)
    result: dict[str, dict[str, float]] = {what: {} for what in FORMATS}
    for stage in stages(large):
        label = f"{stage.kind}@{stage.name}"
        measuring.log(f"{rows} rows: {stage.command}")
        runs = {label: measuring.run(large, *stage.command.split())}
        outputs = [large / path for path in stage.outputs if path.startswith(("data/", "models/"))]
        result[DISK][label] = sum(map(size, outputs))
        if stage.kind == "evaluate":
            result[ERROR][stage.name] = error(large, stage.name)
        if stage.kind == "split":
            runs["bare copy of raw"] = measuring.python(large, "-c", COPY, "data/raw/mnist.parquet")
        result[MEMORY] |= {name: run.memory for name, run in runs.items()}
        result[TIME] |= {name: 1e6 * run.seconds / rows for name, run in runs.items()}
    shutil.rmtree(folder)
    return result


def scale(folder: Path, quick: bool) -> list[str]:
    """Measure every stage on each number of rows."""
    images = measuring.parameters(Path("large"))["datasets"]["mnist"]["images"]
    rows = [images, 2 * images] if quick else ROWS
    measured = [measure(folder / str(count), count) for count in rows]
    headers = [f"{count:,}" for count in rows]
    lines: list[str] = []
    for what, form in FORMATS.items():
        has_ratio = what in {MEMORY, TIME}
        table = []
        for label in measured[0][what]:
            values = [each[what][label] for each in measured]
            ratio = [f"{values[-1] / values[0]:.2f} ×"] if has_ratio else []
            table.append([f"`{label}`", *(format(value, form) for value in values), *ratio])
        header = [what, *headers, *([f"{headers[-1]} ÷ {headers[0]}"] if has_ratio else [])]
        lines += [*measuring.table(header, table), ""]
    return lines[:-1]


def steps(folder: Path, quick: bool) -> list[str]:
    """Fit each experiment in as many passes over MNIST's own images as have the steps of each number of rows."""
    images = measuring.parameters(Path("large"))["datasets"]["mnist"]["images"]
    passes = [1, 2] if quick else [math.ceil((rows - TEST) / (images - TEST)) for rows in ROWS]
    errors = []
    for count in passes:
        large = prepare(folder / str(count), images, count)
        measuring.dvc(large, "repro", "--glob", "evaluate@*")
        errors.append({name: error(large, name) for name in measuring.parameters(large)["experiments"]})
    lines = [[f"`{name}`", *(f"{each[name]:.2%}" for each in errors)] for name in errors[0]]
    return measuring.table([ERROR, *(f"{count} pass{'es' if count > 1 else ''}" for count in passes)], lines)


if __name__ == "__main__":
    measuring.main(__doc__, PAGE, {"scale": scale, "steps": steps})
