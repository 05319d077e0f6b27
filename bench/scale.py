"""Measure the pipeline on more and more rows, and write the tables of docs/large.md.

Runs the stages of large/ on 70 000, 700 000 and 8 100 000 rows, each in a process of its own, and beside them a bare
copy of the same tables by pyarrow. Takes about twenty minutes and 15 GB of disk; keep the machine quiet meanwhile.
Where MNIST's servers cannot be reached, set DATA_MIRROR.
"""

import json
import shutil
import tempfile
from pathlib import Path

from bench import measuring
from bench.peers.dag import stages
from digits.support import cli

PAGE = Path("docs", "large.md")
ROWS = [70_000, 700_000, 8_100_000]
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


FORMATS = {
    "peak memory, MiB": ".0f",
    "microseconds a row": ".1f",
    "on disk, MB": ".1f",
    "error on MNIST's 10 000 test images": ".2%",
}
MEMORY, TIME, DISK, ERROR = FORMATS


def size(path: Path) -> float:
    """Return how much disk a table, a folder of a table's parts or a model takes, in MB."""
    return sum(file.stat().st_size for file in [path, *path.rglob("*")] if file.is_file()) / 1e6


def measure(folder: Path, rows: int) -> dict[str, dict[str, float]]:
    """Run every stage, and a bare copy of the table that `split` reads; return what each table has of them."""
    project = measuring.cold(folder)
    measuring.python(project, "-m", "tools.large", str(rows))
    large = project / "large"
    result: dict[str, dict[str, float]] = {what: {} for what in FORMATS}
    for stage in stages(large):
        measuring.log(f"{rows} rows: {stage.command}")
        runs = {f"{stage.kind}@{stage.name}": measuring.run(large, *stage.command.split())}
        outputs = [large / path for path in stage.outputs if path.startswith(("data/", "models/"))]
        result[DISK] |= {label: sum(map(size, outputs)) for label in runs}
        if stage.kind == "evaluate":
            metrics = json.loads((large / "metrics" / f"{stage.name}.json").read_text())
            result[ERROR][stage.name] = 1 - metrics["accuracy"]
        if stage.kind == "split":
            measuring.log(f"{rows} rows: bare copy")
            runs["bare copy of raw"] = measuring.python(large, "-c", COPY, *stage.inputs)
            (large / "copy.parquet").unlink()
        result[MEMORY] |= {label: run.memory for label, run in runs.items()}
        result[TIME] |= {label: 1e6 * run.seconds / rows for label, run in runs.items()}
    shutil.rmtree(folder)
    return result


def main() -> None:
    """Measure, print, write."""
    parser = cli.parser(__doc__, "70000 140000")
    parser.add_argument("rows", nargs="*", type=int, metavar="ROWS", help="other numbers; write no page")
    counts = sorted(parser.parse_args().rows)
    with tempfile.TemporaryDirectory(dir=Path().resolve().parent) as folder:
        measured = {rows: measure(Path(folder, str(rows)), rows) for rows in counts or ROWS}
    headers = [f"{rows:,}" for rows in measured]
    lines = []
    for what, form in FORMATS.items():
        by_label = {label: [each[what][label] for each in measured.values()] for label in measured[min(measured)][what]}
        rows = [[f"`{label}`", *(format(value, form) for value in values)] for label, values in by_label.items()]
        header = [what, *headers]
        if what in {MEMORY, TIME}:
            header.append(f"{headers[-1]} ÷ {headers[0]}")
            for row, values in zip(rows, by_label.values(), strict=True):
                row.append(f"{values[-1] / values[0]:.2f} ×")
        lines += [*measuring.table(header, rows), ""]
    measuring.publish(PAGE, "scale", [*lines, measuring.machine()], write=not counts)


if __name__ == "__main__":
    cli.run(main)
