"""Measure the pipeline on more and more rows, and write the tables of docs/scale/large.md.

The part `scale` runs the stages of docs/scale/large/ on 70 000, 700 000 and 8 100 000 rows, each in a process, and
beside them a bare copy of the same tables by pyarrow: twenty minutes and 15 GB of disk, in TMPDIR. `steps` tells more
steps from more digits: the same models go through MNIST's own training images as often as it takes for as many steps.
Keep the machine quiet meanwhile. Where MNIST's servers cannot be reached, set DATA_MIRROR.
"""

import json
import math
import shutil
from collections import defaultdict
from pathlib import Path

from bench import measuring

import yaml

PAGE = Path("docs", "scale", "large.md")
LARGE = Path("docs", "scale", "large")
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


def images() -> int:
    """Return how many images MNIST has."""
    return int(measuring.parameters(LARGE)["datasets"]["mnist"]["images"])


def prepare(folder: Path, rows: int, passes: int = 1) -> Path:
    """Return docs/scale/large/ of a new copy of the project, for so many rows and passes over them."""
    large = measuring.cold(folder / "project") / LARGE
    enlarged = yaml.safe_load((large / "enlarged.yaml").read_text(encoding="utf-8"))
    enlarged["mnist"]["to"] = rows
    (large / "enlarged.yaml").write_text(yaml.safe_dump(enlarged), encoding="utf-8")
    values = measuring.parameters(large)
    for block in values["experiments"].values():
        block["hyperparameters"]["max_iter"] = passes
    measuring.write_parameters(large, values)
    return large


def error(large: Path, experiment: str) -> float:
    """Return an experiment's error on the test part."""
    return 1 - float(json.loads((large / "metrics" / f"{experiment}.json").read_text())["accuracy"])


def measure(folder: Path, rows: int) -> dict[str, dict[str, float]]:
    """Run every stage, and a bare copy of the table that `split` reads; return what each table has of them."""
    large = prepare(folder, rows)
    result: defaultdict[str, dict[str, float]] = defaultdict(dict)
    for kind, command, outs in measuring.stages(large):
        name = command.split()[-1]
        measuring.log(f"{rows} rows: {command}")
        runs = {f"{kind}@{name}": measuring.run(large, *command.split())}
        if kind == "split":
            runs["bare copy of raw"] = measuring.python(large, "-c", COPY, "data/raw/mnist.parquet")
        files = [file for out in outs for file in (large / out, *(large / out).rglob("*")) if file.is_file()]
        result[DISK][f"{kind}@{name}"] = sum(file.stat().st_size for file in files) / 1e6
        if kind == "evaluate":
            result[ERROR][name] = error(large, name)
        for label, run in runs.items():
            result[MEMORY][label] = run.memory
            result[TIME][label] = 1e6 * run.seconds / rows
    shutil.rmtree(folder)
    return result


def scale(folder: Path, quick: bool) -> list[str]:
    """Measure every stage on each number of rows."""
    rows = [images(), 2 * images()] if quick else ROWS
    measured = [measure(folder / str(count), count) for count in rows]
    headers = [f"{count:,}" for count in rows]
    lines: list[str] = []
    for what, form in FORMATS.items():
        has_ratio = what in {MEMORY, TIME}
        table = []
        for label in measured[0][what]:
            values = [each[what][label] for each in measured]
            ratio = [f"{values[-1] / values[0]:.2f} ×"] * has_ratio
            table.append([f"`{label}`", *(format(value, form) for value in values), *ratio])
        lines += [*measuring.table([what, *headers, *[f"{headers[-1]} ÷ {headers[0]}"] * has_ratio], table), ""]
    return lines[:-1]


def steps(folder: Path, quick: bool) -> list[str]:
    """Fit each experiment in as many passes over MNIST's own images as have the steps of each number of rows."""
    passes = [1, 2] if quick else [math.ceil((rows - TEST) / (ROWS[0] - TEST)) for rows in ROWS]
    errors = []
    for count in passes:
        large = prepare(folder / str(count), images(), count)
        measuring.dvc(large, "repro", "--glob", "evaluate@*")
        errors.append({name: error(large, name) for name in measuring.parameters(large)["experiments"]})
    lines = [[f"`{name}`", *(f"{each[name]:.2%}" for each in errors)] for name in errors[0]]
    return measuring.table([ERROR, *(f"{count} pass{'es' if count > 1 else ''}" for count in passes)], lines)


if __name__ == "__main__":
    measuring.main(__doc__, PAGE, {"scale": scale, "steps": steps})
