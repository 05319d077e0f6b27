"""Measure how fast the pipeline is, and how accurate compared with the tutorials.

Prints the tables of docs/benchmarks.md. All of them take two and a half hours; give a
name to measure only one. The speed is that of the last commit. Other programs on the machine
would distort the times. If the servers of MNIST cannot be reached, set DATA_MIRROR to an
absolute path.
"""

import sys
from pathlib import Path

from bench import against_tutorials, measuring, seeds

HEADER = ["time", "s", "÷ one process", "MiB"]


def measure_overhead(folder: Path, quick: bool) -> list[str]:
    """Measure what DVC and the processes add to the time of the stages, and return a table."""
    pattern = "small-*" if quick else "*"
    ways = {
        "one process": [sys.executable, "-m", "bench.plain", pattern],
        "`dvc repro`": ["dvc", "repro", "--glob", f"evaluate@{pattern}"],
        "`digits repro --jobs 2`": ["digits", "repro", "--jobs", "2", pattern],
    }
    runs = {}
    for name, command in ways.items():
        project = measuring.clone_project(folder / str(len(runs)))
        runs[name] = measuring.run(project, *command)

    rows = []
    for name, run in runs.items():
        ratio = run.seconds / runs["one process"].seconds
        rows.append([name, f"{run.seconds:.1f}", f"{ratio:.2f}", f"{run.memory:.0f}"])
    return measuring.format_table(HEADER, rows)


BENCHMARKS = {
    "tutorials": against_tutorials.compare_times,
    "seeds": seeds.compare_accuracies,
    "plain": measure_overhead,
}

if __name__ == "__main__":
    measuring.main(__doc__, BENCHMARKS)
