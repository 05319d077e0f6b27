"""Measure what `dvc repro` and `dvc-parallel` cost in pipelines where nothing is to be done.

Each pipeline has a stage in front, and N stages with a parameter of their own. Prints processor
seconds, because times depend on what else the machine does. `python benchmark.py N…` measures
pipelines of other sizes.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

DVC = [sys.executable, "-m", "dvc", "repro", "--quiet"]
RUNNER = [sys.executable, "-m", "dvc_parallel"]
SIZES = [50, 200, 1000]

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


def make(folder: Path, n_stages: int) -> None:
    """Make a project with a pipeline of some stages, and run them."""
    (folder / "parts").mkdir(parents=True)
    numbers = list(range(n_stages))
    (folder / "dvc.yaml").write_text(PIPELINE.format(numbers=numbers))
    lines = [f"  n{number}: {number}\n" for number in numbers]
    (folder / "params.yaml").write_text(f"values:\n{''.join(lines)}")
    subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)
    subprocess.run([sys.executable, "-m", "dvc", "init", "--quiet"], cwd=folder, check=True)
    measure(folder, [*RUNNER, "--jobs", "2"])


def measure(folder: Path, command: list[str]) -> float:
    """Run a command in a project, and return its processor seconds."""
    before = os.times()
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    after = os.times()
    user_seconds = after.children_user - before.children_user
    return user_seconds + after.children_system - before.children_system


def main() -> None:
    """Print a row of a Markdown table for each size."""
    with tempfile.TemporaryDirectory() as name:
        os.environ["DVC_SITE_CACHE_DIR"] = str(Path(name, "site"))
        os.environ["DVC_NO_ANALYTICS"] = "1"
        print("| stages | nothing to do: `dvc repro` | `dvc-parallel` |\n|---:|---:|---:|")
        for n_stages in map(int, sys.argv[1:] or SIZES):
            folder = Path(name, str(n_stages))
            make(folder, n_stages)
            seconds = [measure(folder, command) for command in [DVC, RUNNER]]
            print(f"| {n_stages} | {seconds[0]:.1f} | {seconds[1]:.1f} |", flush=True)


if __name__ == "__main__":
    main()
