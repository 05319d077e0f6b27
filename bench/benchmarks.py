"""Measure how fast the pipeline is, and how accurate compared with the tutorials.

Prints the tables of docs/benchmarks.md and packages/dvc-parallel/README.md. All of them take
two and a half hours; give a name to measure only one. The speed is that of the last commit.
Other programs on the machine would distort the times. If the servers of MNIST cannot be
reached, set DATA_MIRROR to an absolute path.
"""

import json
import sys
from pathlib import Path

from bench import against_tutorials, measuring, seeds

HEADER = ["all stages", "time", "CPU time"]

# A stage in front of stages that have a parameter each.
PIPELINE = """\
stages:
  prepare:
    cmd: echo > table.txt
    outs: [table.txt]
  part:
    matrix: {{number: {numbers}}}
    cmd: grep -w n${{item.number}} params.yaml > parts/${{item.number}}
    deps: [table.txt]
    params: ["values.n${{item.number}}"]
    outs: ["parts/${{item.number}}"]
"""


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


def measure_nothing_to_do(folder: Path, quick: bool) -> list[str]:
    """Measure the processor seconds of pipelines that have run, and return a table."""
    commands = {"`dvc repro`": ["dvc", "repro"], "`dvc-parallel`": ["dvc-parallel"]}
    rows = []
    for n_stages in [5] if quick else [50, 200, 1000]:
        project = folder / str(n_stages)
        (project / "parts").mkdir(parents=True)
        (project / "dvc.yaml").write_text(PIPELINE.format(numbers=list(range(n_stages))))
        values = {"values": {f"n{number}": number for number in range(n_stages)}}
        (project / "params.yaml").write_text(json.dumps(values, indent=1))
        for command in [["git", "init"], ["dvc", "init"], ["dvc-parallel", "--jobs", "2"]]:
            measuring.run(project, *command)
        runs = [measuring.run(project, *command) for command in commands.values()]
        rows.append([str(n_stages), *(f"{run.cpu_seconds:.1f}" for run in runs)])
    return measuring.format_table(["stages", *commands], rows)


BENCHMARKS = {
    "tutorials": against_tutorials.compare_times,
    "seeds": seeds.compare_accuracies,
    "plain": measure_overhead,
    "stages": measure_nothing_to_do,
}

if __name__ == "__main__":
    measuring.main(__doc__, BENCHMARKS)
