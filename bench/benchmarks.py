"""Measure how fast the pipeline is, and how accurate compared with the tutorials.

Prints the tables of docs/benchmarks.md. All of them take two and a half hours; give a
name to measure only one. The speed is that of the last commit. Other programs on the machine
would distort the times. If the servers of MNIST cannot be reached, set DATA_MIRROR to an
absolute path.
"""

import sys
from pathlib import Path

from bench import against_tutorials, measuring, seeds

HEADER = ["all stages", "time", "CPU time"]


def measure_overhead(folder: Path, quick: bool) -> list[str]:
    """Measure what DVC and the processes add to the time of the stages, and return a table.

    The times are relative to those of a single process, because they depend on the machine.
    """
    pattern = "small-*" if quick else "*"
    ways = {
        "single process": [sys.executable, "-m", "bench.plain", pattern],
        "`dvc repro`": ["dvc", "repro", "--glob", f"evaluate@{pattern}"],
        "`digits repro --jobs 2`": ["digits", "repro", "--jobs", "2", pattern],
    }
    runs = {}
    for number, (name, command) in enumerate(ways.items()):
        project = measuring.clone_project(folder / str(number))
        runs[name] = measuring.run(project, *command)

    single = runs["single process"]
    rows = []
    for name, run in runs.items():
        time = run.seconds / single.seconds
        cpu_time = run.cpu_seconds / single.cpu_seconds
        rows.append([name, f"{time:.2f}", f"{cpu_time:.2f}"])
    return measuring.format_table(HEADER, rows)


BENCHMARKS = {
    "tutorials": against_tutorials.compare_times,
    "seeds": seeds.compare_accuracies,
    "plain": measure_overhead,
}

if __name__ == "__main__":
    measuring.main(__doc__, BENCHMARKS)
