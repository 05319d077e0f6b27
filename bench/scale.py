"""Measure the pipeline on more and more rows, and write the tables of docs/scale/large.md.

Runs the stages of docs/scale/large/ on 70 000, 700 000 and 8 100 000 rows, each in a process of its own: forty
minutes and 15 GB of disk, in TMPDIR. Keep the machine quiet meanwhile. Where MNIST's servers cannot be reached, set
DATA_MIRROR.
"""

import json
import shutil
from collections import defaultdict
from pathlib import Path

from bench import measuring

import yaml

PAGE = Path("docs", "scale", "large.md")
LARGE = Path("docs", "scale", "large")
ROWS = [70_000, 700_000, 8_100_000]
MEMORY, TIME, ERROR = FORMATS = {
    "peak memory, MiB": ".0f",
    "microseconds a row": ".1f",
    "error on MNIST's 10 000 test images": ".2%",
}


def measure(folder: Path, rows: int) -> dict[str, dict[str, float]]:
    """Run every stage on so many rows, in a new copy of the project; return what each table has of them."""
    large = measuring.cold(folder) / LARGE
    enlarged = yaml.safe_load((large / "enlarged.yaml").read_text(encoding="utf-8"))
    enlarged["mnist"]["to"] = rows
    (large / "enlarged.yaml").write_text(yaml.safe_dump(enlarged), encoding="utf-8")
    result: defaultdict[str, dict[str, float]] = defaultdict(dict)
    for kind, command in measuring.stages(large):
        measuring.log(f"{rows} rows: {command}")
        run = measuring.run(large, *command.split())
        stage = f"{kind}@{(name := command.split()[-1])}"
        result[MEMORY][stage], result[TIME][stage] = run.memory, 1e6 * run.seconds / rows
        if kind == "evaluate":
            result[ERROR][name] = 1 - json.loads((large / "metrics" / f"{name}.json").read_text())["accuracy"]
    shutil.rmtree(folder)
    return result


def scale(folder: Path, quick: bool) -> list[str]:
    """Measure every stage on each number of rows."""
    images = measuring.parameters(LARGE)["datasets"]["mnist"]["images"]
    rows = [images, 2 * images] if quick else ROWS
    measured = [measure(folder / str(count) / "project", count) for count in rows]
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


if __name__ == "__main__":
    measuring.main(__doc__, PAGE, {"scale": scale})
